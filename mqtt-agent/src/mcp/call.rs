//! Calling a tool: the builder ([`ToolCall`]), one call on the wire ([`exchange`]), its partial results
//! ([`ToolStream`]) and what it can come to ([`CallError`]).

mod error;
mod exchange;
mod look;
mod missed;
mod retry;
mod stream;

pub use error::CallError;
pub use retry::Retry;
pub use stream::ToolStream;

use std::future::{IntoFuture, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::handler::content::Content;
use crate::handler::reply::{FromToolResult, Received, Unfit};
use crate::json;
use crate::session::SessionHandle;
use exchange::{CallResult, Exchange};
use retry::retried;

/// One call of a tool, not yet made. Await it for the result, or [`stream`](Self::stream) it.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited or streamed"]
pub struct ToolCall<T = Value> {
    handle: SessionHandle,
    tool: String,
    arguments: Result<Box<RawValue>, CallError>,
    timeout: Option<Duration>,
    retry: Option<Retry>,
    result: PhantomData<fn() -> T>,
}

impl<T: FromToolResult> ToolCall<T> {
    pub(crate) fn new(handle: SessionHandle, tool: String, arguments: &impl Serialize) -> Self {
        Self { handle, tool, arguments: object(arguments), timeout: None, retry: None, result: PhantomData }
    }

    /// The type of the result. Any that serde reads, or [`Content`]; [`CallError::UnexpectedResult`] when the result doesn't
    /// fit.
    pub fn returning<U: FromToolResult>(self) -> ToolCall<U> {
        let Self { handle, tool, arguments, timeout, retry, result: _ } = self;
        ToolCall { handle, tool, arguments, timeout, retry, result: PhantomData }
    }

    /// Texts, images, audio and bytes of the result (`MCP-21`): the same as `returning::<Content>()`. A result without them is
    /// one text: what is text already, or its JSON.
    pub fn content(self) -> ToolCall<Content> {
        self.returning()
    }

    /// How long to wait for the answer. Also sent along (`MCP-15`), so that a server does not run what nobody waits
    /// for. Inside a handler the call ends with the handler's own deadline if that is sooner.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the call again where that may help: where nobody could take it (nobody serves the tool now, codes `busy` and
    /// `stopping`), where the tool says when to try again, and, for a tool whose card says `read_only` or `idempotent`, where
    /// an attempt was not answered in [`Retry::attempt_timeout`]. All attempts and waits together take no longer than the
    /// call's timeout; the last error is the call's. Each attempt is a call of its own, with an id of its own (`MCP-4`).
    ///
    /// A call that is [streamed](Self::stream) is made once.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Makes the call, and gives its partial results while it runs.
    ///
    /// # Errors
    ///
    /// Those of the call that show before the first partial result, as when the broker denies it.
    pub async fn stream(self) -> Result<ToolStream<T>, CallError> {
        let deadline = self.handle.deadline(self.timeout);
        let exchange = Exchange::new(&self.handle, &self.tool, self.arguments?, T::CONTENT, deadline)?;
        ToolStream::open(exchange).await
    }
}

impl<T: FromToolResult + 'static> IntoFuture for ToolCall<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let deadline = self.handle.deadline(self.timeout);
        let Self { handle, tool, arguments, retry, .. } = self;
        if let Some(retry) = retry {
            let made = again(handle, tool, arguments, T::CONTENT, deadline, retry);
            return Box::pin(async move { made.await.and_then(read) });
        }
        // Made here and not in the future: a future keeps the room of all that was moved into it, for as long as it runs.
        let exchange = |arguments| Exchange::new(&handle, &tool, arguments, T::CONTENT, deadline);
        let made = made(arguments.and_then(exchange));
        Box::pin(async move { made.await.and_then(read) })
    }
}

/// The call as far as it is the same for all types: compiled once, and not again for each in each user's program.
fn made(exchange: Result<Box<Exchange>, CallError>) -> BoxFuture<'static, CallResult> {
    match exchange {
        Ok(exchange) => Box::pin(exchange.run()),
        Err(error) => Box::pin(ready(Err(error))),
    }
}

/// The same with further attempts.
fn again(
    handle: SessionHandle,
    tool: String,
    arguments: Result<Box<RawValue>, CallError>,
    content: bool,
    deadline: Instant,
    retry: Retry,
) -> BoxFuture<'static, CallResult> {
    Box::pin(async move { retried(handle, tool, arguments?, content, deadline, retry).await })
}

/// A result as the caller's type.
pub(crate) fn read<T: FromToolResult>(received: Received) -> Result<T, CallError> {
    T::from_received(received).map_err(unfit)
}

fn unfit(unfit: Unfit) -> CallError {
    match unfit {
        Unfit::Value(error) => CallError::UnexpectedResult(error),
        Unfit::Content(message) => CallError::InvalidResponse { message },
    }
}

/// Arguments are one JSON object; nothing at all is an empty one.
fn object(arguments: &impl Serialize) -> Result<Box<RawValue>, CallError> {
    let raw = json::to_raw(arguments).map_err(|error| CallError::InvalidArguments {
        message: format!("the arguments cannot be written as JSON: {error}; give a type that can"),
    })?;
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(raw),
        _ if raw.get() == "null" => Ok(RawValue::from_string("{}".to_owned()).unwrap_or(raw)),
        _ => Err(CallError::InvalidArguments {
            message: "arguments are a JSON object; give a struct, a map or `json!({..})`".to_owned(),
        }),
    }
}
