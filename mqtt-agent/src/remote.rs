//! The calling side of a `#[remote]` trait: one call ([`RemoteCall`]), its partial results ([`RemoteStream`]) and what it
//! can come to ([`RemoteError`]).
//!
//! The wire is that of any other call; nothing here knows it. The serving side is the trait itself, with
//! `#[agent] impl Trait for Type`.

mod arguments;
mod error;

pub use arguments::{RemoteArguments, Sent};
pub use error::{RemoteError, RemoteReply};

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::mcp::{ToolCall, ToolStream};

/// One call of a `#[remote]` trait's method, not yet made. Await it for the result, or [`stream`](Self::stream) it.
///
/// `R` is what the method returns. Awaiting gives `Result<T, RemoteError<E>>` for a `Result<T, E>`. The timeout is the
/// client's, 30 s unless it says otherwise. Dropping the future cancels the call (`MCP-17`).
#[must_use = "a call is made when it is awaited or streamed"]
pub struct RemoteCall<R> {
    call: ToolCall<Value>,
    reply: PhantomData<fn() -> R>,
}

impl<R> RemoteCall<R> {
    /// Used by generated code.
    #[doc(hidden)]
    pub fn new(client: &Client, tool: &'static str, arguments: RemoteArguments) -> Self {
        Self { call: client.call(tool, arguments.0), reply: PhantomData }
    }
}

impl<R: RemoteReply> RemoteCall<R> {
    /// How long to wait for the answer; see [`ToolCall::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }

    /// Makes the call, and gives its partial results while it runs.
    ///
    /// # Errors
    ///
    /// Those of the call that show before the first partial result.
    pub async fn stream(self) -> Result<RemoteStream<R>, RemoteError<R::Error>> {
        let stream = self.call.returning::<R::Value>().stream().await.map_err(RemoteError::from_call)?;
        Ok(RemoteStream { stream })
    }
}

impl<R: RemoteReply + 'static> IntoFuture for RemoteCall<R> {
    type Output = Result<R::Value, RemoteError<R::Error>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let call = self.call.returning::<R::Value>();
        Box::pin(async move { call.await.map_err(RemoteError::from_call) })
    }
}

impl<R> fmt::Debug for RemoteCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemoteCall").field(&self.call).finish()
    }
}

/// A call that runs: its partial results, then its result. Dropping it cancels the call.
#[must_use = "dropping a stream cancels the call"]
pub struct RemoteStream<R: RemoteReply> {
    stream: ToolStream<R::Value>,
}

impl<R: RemoteReply> RemoteStream<R> {
    /// The next partial result; `None` when there are no more: then [`finish`](Self::finish) has the result.
    ///
    /// # Errors
    ///
    /// When a partial result is of another type. The next one can be had all the same.
    pub async fn next<P: DeserializeOwned>(&mut self) -> Option<serde_json::Result<P>> {
        self.stream.next().await.map(serde_json::from_value)
    }

    /// How many partial results were dropped because they were not read in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.stream.missed()
    }

    /// The result. Partial results that were not read are dropped.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn finish(self) -> Result<R::Value, RemoteError<R::Error>> {
        self.stream.finish().await.map_err(RemoteError::from_call)
    }
}

impl<R: RemoteReply> fmt::Debug for RemoteStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStream").finish_non_exhaustive()
    }
}
