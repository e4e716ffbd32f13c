//! A message that its receiver wouldn't get fails at its sender (`SUB-14`): receivers say in their cards and calls how much
//! they take.

use std::time::{Duration, Instant};

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, PublishError, SizeLimit};
use support::{on_each_broker, soon};

use crate::tools::*;

/// What those take who take less than others.
const LITTLE: u32 = 100_000;

/// More than that.
const MUCH: u32 = 200_000;

/// Far less than any timeout here.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Gives parts of some size.
#[tool]
async fn parts(bytes: u32, partials: Partials<String>) -> Result<(), String> {
    partials.send(&"x".repeat(bytes as usize)).await.map_err(|error| format!("{error:?}"))
}

/// Gives back a text of some size.
#[skill]
async fn long_text(bytes: u32) -> String {
    "x".repeat(bytes as usize)
}

on_each_broker! {
    async fn sub_14_cards_say_how_much_is_taken(broker) {
        let agent = Agent::new("little").tools(tools![measure]).skills(skills![long_text]);
        let agent = agent.start(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let tool = client.tool("measure").await.unwrap().unwrap();
        let card = client.agent("little").await.unwrap().unwrap();
        assert_eq!((tool.max_message_bytes, card.max_message_bytes), (Some(100_000), Some(100_000)));
        agent.stop().await;
    }

    async fn sub_14_a_call_over_the_servers_limit_fails_at_once(broker) {
        let agent = Agent::new("little").tools(tools![measure]);
        let agent = agent.start(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let began = Instant::now();
        let text = "x".repeat(MUCH as usize);
        let error = client.call("measure", json!({"text": text})).await.unwrap_err();
        let CallError::Publish(PublishError::TooLarge { limit: 99_872, of: SizeLimit::Receiver, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(began.elapsed() < AT_ONCE);
        let text = "x".repeat(LITTLE as usize - 1000);
        assert_eq!(client.call("measure", json!({"text": text})).await.unwrap(), json!(99_000));
        agent.stop().await;
    }

    async fn sub_14_a_message_over_the_senders_own_limit_fails_at_once(broker) {
        let agent = Agent::new("much").tools(tools![measure]);
        let agent = agent.start(ConnectOptions::new(broker.url()).max_packet_size(10 * MUCH)).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let error = client.call("measure", json!({"text": "x".repeat(MUCH as usize)})).await.unwrap_err();
        assert!(
            matches!(error, CallError::Publish(PublishError::TooLarge { of: SizeLimit::Connection, .. })),
            "{error:?}"
        );
        agent.stop().await;
    }

    async fn sub_14_an_answer_over_the_callers_limit_becomes_an_error_answer(broker) {
        let agent = Agent::new("much").tools(tools![repeat]).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let error = soon(client.call("repeat", json!({"bytes": MUCH})).into_future()).await.unwrap_err();
        assert_eq!(error.code(), Some("too_large"), "{error:?}");
        // The server's own limit is held to as well: 1 MiB.
        let client = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(10 * MUCH)).await.unwrap();
        let error = soon(client.call("repeat", json!({"bytes": 6 * MUCH})).into_future()).await.unwrap_err();
        assert_eq!(error.code(), Some("too_large"), "{error:?}");
        agent.stop().await;
    }

    async fn sub_14_a_partial_result_over_the_callers_limit_fails_in_the_handler(broker) {
        let agent = Agent::new("much").tools(tools![parts]).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let mut stream = client.call("parts", json!({"bytes": MUCH})).stream().await.unwrap();
        assert_eq!(soon(stream.next()).await, None);
        let error = soon(stream.finish()).await.unwrap_err().to_string();
        assert!(error.contains("larger than the 99872 bytes that the receiver accepts"), "{error}");
        agent.stop().await;
    }

    async fn sub_14_a_task_and_a_result_over_the_receivers_limit_fail_at_their_sender(broker) {
        let much = Agent::new("much").skills(skills![long_text]).start(&broker.url()).await.unwrap();
        let little = Agent::new("little").skills(skills![long_text]);
        let little = little.start(ConnectOptions::new(broker.url()).max_packet_size(LITTLE)).await.unwrap();
        let large = NewTask::skill("long_text").text("x".repeat(MUCH as usize));
        let error = soon(much.client().request("little", large).into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::TooLarge { limit: 99_872, .. }), "{error:?}");
        let large = NewTask::skill("long_text").data(&json!({"bytes": MUCH}));
        let error = soon(little.client().request("much", large).into_future()).await.unwrap_err();
        assert!(
            matches!(&error, DelegateError::Failed(error) if error.code.as_deref() == Some("too_large")),
            "{error:?}"
        );
        little.stop().await;
        much.stop().await;
    }
}
