//! Sends a request: the builder for callers of a `#[request]` handler.

use std::fmt::{self, Display};
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use super::outgoing::Outgoing;
use crate::client::Client;
use crate::client::topics::Encoded;
use crate::handler::registry::TopicDef;
use crate::handler::reply::{Apart, Received};
use crate::link::Inbound;
use crate::mcp::{CallError, ask, read};
use crate::remote::{RemoteError, RemoteReply};
use crate::wire::Response;

/// A request that is not sent yet. Generated code wraps it in a type with a setter for each placeholder.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Ask(Outgoing);

impl Ask {
    /// A request with a payload.
    pub fn new(topic: TopicDef, payload: serde_json::Result<Encoded>) -> Self {
        Self(Outgoing::new(topic, Some(payload)))
    }

    /// A request without a payload.
    #[must_use]
    pub fn empty(topic: TopicDef) -> Self {
        Self(Outgoing::new(topic, None))
    }

    /// Sets a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl Display) -> Self {
        self.0.set(name, value);
        self
    }

    /// Limits the wait for the answer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = Some(timeout);
        self
    }

    /// Sends the request when it is awaited.
    pub fn send<R>(self, client: &Client) -> Asking<R> {
        Asking { ask: self, client: client.clone(), reply: PhantomData }
    }

    async fn answer(self, client: &Client) -> Result<Inbound, CallError> {
        let timeout = self.0.timeout;
        let message = self.0.message();
        let message = message.map_err(|error| CallError::InvalidArguments { message: error.to_string() })?;
        ask(client.handle(), message, timeout, "timeout").await
    }
}

/// The error response of a failed handler; a malformed one counts as a failure too.
fn failure(inbound: &Inbound) -> CallError {
    match Response::read(&inbound.payload) {
        Ok(Response { outcome: Err(error), .. }) => error.into(),
        Ok(_) => CallError::InvalidResponse { message: "it says `status: error` and is none".to_owned() },
        Err(error) => CallError::InvalidResponse { message: error.cause().to_string() },
    }
}

/// A request that is sent when it is awaited. If the future is dropped, the answer is ignored.
///
/// `R` is what the handler returns. Awaiting gives `Result<T, RemoteError<E>>` for a `Result<T, E>`.
#[must_use = "a request is sent when it is awaited"]
pub struct Asking<R> {
    ask: Ask,
    client: Client,
    reply: PhantomData<fn() -> R>,
}

impl<R: RemoteReply + 'static> IntoFuture for Asking<R> {
    type Output = Result<R::Value, RemoteError<R::Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { ask, client, reply: _ } = self;
        Box::pin(async move {
            let inbound = ask.answer(&client).await.map_err(RemoteError::from_call)?;
            let failed =
                inbound.properties.user.iter().any(|(key, value)| key == "status" && value == "error");
            if failed {
                return Err(RemoteError::from_call(failure(&inbound)));
            }
            let result = serde_json::from_slice(&inbound.payload).map_err(CallError::UnexpectedResult);
            let answer =
                result.and_then(|result| read(Received { result, content: None, bytes: Apart::default() }));
            answer.map_err(RemoteError::from_call)
        })
    }
}

impl<R> fmt::Debug for Asking<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asking").field(&self.ask).finish()
    }
}
