//! One value of each public error that holds another: printed with its sources, it shows each cause once.

use std::collections::BTreeSet;
use std::error::Error;
use std::io;

use mqtt_agent::a2a::{DelegateError, StoreError, TaskUpdateError};
use mqtt_agent::bridge::{BridgeError, PublishServerError, ServerError};
use mqtt_agent::broker::{Broker, BrokerError};
use mqtt_agent::layer::Refusal;
use mqtt_agent::schema::SchemaError;
use mqtt_agent::testing::TestError;
use mqtt_agent::topic::EventError;
use mqtt_agent::wire::{AgentStatus, CallRequest, DecodeError, Identifier, IdentifierError, TaskError};
use mqtt_agent::{
    AddToolError, CallError, ChunksError, ConnectError, DiscoverError, DynamicToolError, PartialsError,
    PublishError, RemoteError, SubscribeError,
};

/// An error under its name, and the text of its cause.
struct Sample {
    name: &'static str,
    error: Box<dyn Error>,
    cause: String,
}

fn sample<C: ToString, E: Error + 'static>(name: &'static str, cause: C, error: impl Fn(C) -> E) -> Sample {
    let text = cause.to_string();
    Sample { name, error: Box::new(error(cause)), cause: text }
}

fn json() -> serde_json::Error {
    serde_json::from_str::<u8>(" x").unwrap_err()
}

fn subscribe() -> SubscribeError {
    SubscribeError::Closed { filter: "a/b".to_owned() }
}

fn store() -> StoreError {
    StoreError::Unavailable { reason: "no disk".to_owned() }
}

fn identifier() -> IdentifierError {
    Identifier::parse("a/b").unwrap_err()
}

fn task() -> TaskError {
    TaskError::new("task_error", "no more red")
}

fn decode() -> DecodeError {
    AgentStatus::read(b"{}").unwrap_err()
}

async fn broker() -> BrokerError {
    let taken = Broker::start().await.unwrap();
    Broker::start_at(taken.address()).await.unwrap_err()
}

async fn samples() -> Vec<Sample> {
    let publish = || PublishError::QueueFull;
    let mut samples = vec![
        sample("AddToolError::Broker", mqtt_agent::Error::Publish(publish()), AddToolError::Broker),
        sample("DynamicToolError::Name", identifier(), DynamicToolError::Name),
        sample("DynamicToolError::Schema", SchemaError::Parameters("no object".to_owned()), |error| {
            DynamicToolError::Schema { name: "add".to_owned(), error }
        }),
        sample("BridgeError::Options", mqtt_agent::Error::Publish(publish()), BridgeError::Options),
        sample("PublishServerError::Agent", mqtt_agent::Error::Publish(publish()), PublishServerError::Agent),
        sample(
            "PublishServerError::Server",
            ServerError::Ended { status: "exit status: 1".to_owned() },
            PublishServerError::Server,
        ),
        sample("Error::Connect", ConnectError::NoRuntime, mqtt_agent::Error::Connect),
        sample("Error::Publish", publish(), mqtt_agent::Error::Publish),
        sample("Error::Signal", io::Error::other("no signals"), mqtt_agent::Error::Signal),
        sample("Error::Store", store(), mqtt_agent::Error::Store),
        sample("Error::Subscribe", subscribe(), mqtt_agent::Error::Subscribe),
        sample("CallError::Chunks", ChunksError::Digest, CallError::Chunks),
        sample("CallError::Publish", publish(), CallError::Publish),
        sample("CallError::Subscribe", subscribe(), CallError::Subscribe),
        sample("CallError::UnexpectedPartial", json(), CallError::UnexpectedPartial),
        sample("CallError::UnexpectedResult", json(), CallError::UnexpectedResult),
        sample("ChunksError::File", io::Error::other("no disk"), ChunksError::File),
        sample("DelegateError::Failed", task(), DelegateError::Failed),
        sample("DelegateError::InvalidAgent", identifier(), DelegateError::InvalidAgent),
        sample("DelegateError::Publish", publish(), DelegateError::Publish),
        sample("DelegateError::Rejected", task(), DelegateError::Rejected),
        sample("DelegateError::Store", store(), DelegateError::Store),
        sample("DelegateError::Subscribe", subscribe(), DelegateError::Subscribe),
        sample("DelegateError::UnexpectedResult", json(), DelegateError::UnexpectedResult),
        sample("DiscoverError::InvalidName", identifier(), DiscoverError::InvalidName),
        sample("DiscoverError::Subscribe", subscribe(), DiscoverError::Subscribe),
        sample("EventError::Publish", publish(), EventError::Publish),
        sample("PartialsError::Publish", publish(), PartialsError::Publish),
        sample("PartialsError::Serialize", json(), PartialsError::Serialize),
        sample("Refusal", "no more red".to_owned(), Refusal::tool_error),
        sample("RemoteError::Call", CallError::Canceled, RemoteError::<String>::Call),
        sample("RemoteError::Tool", "no more red".to_owned(), RemoteError::Tool),
        sample("TaskUpdateError::Store", store(), TaskUpdateError::Store),
        sample("TestError::Agent", mqtt_agent::Error::Publish(publish()), TestError::Agent),
        sample("TestError::Broker", broker().await, TestError::Broker),
    ];
    // They have no public constructor.
    let (call, cause) = (CallRequest::read(b"{}").unwrap_err(), decode().cause().to_string());
    samples.push(Sample { name: "DecodeError", error: Box::new(decode()), cause });
    samples.push(Sample { name: "MalformedCall", cause: call.error.to_string(), error: Box::new(call) });
    samples
}

/// What a report prints, as `anyhow`'s `{:#}` does.
fn printed(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", printed(source)),
        None => error.to_string(),
    }
}

#[tokio::test]
async fn each_cause_is_printed_once() {
    for Sample { name, error, cause } in samples().await {
        let printed = printed(error.as_ref());
        assert_eq!(printed.matches(&cause).count(), 1, "{name}: {cause}\n{printed}");
    }
}

#[tokio::test]
async fn each_error_with_a_cause_is_looked_at() {
    let looked_at: BTreeSet<_> = samples().await.iter().map(|sample| sample.name.to_owned()).collect();
    assert_eq!(looked_at, crate::errors::of(&crate::sources("mqtt-agent")).with_cause);
}
