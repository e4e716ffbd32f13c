//! The client of a `#[remote]` trait: a call ([`RemoteCall`]), its partial results ([`RemoteStream`]) and its errors
//! ([`RemoteError`]).
//!
//! Calls are ordinary tool calls. The server implements the trait, with `#[agent] impl Trait for Type`.

mod arguments;
mod error;

pub use arguments::{RemoteArguments, Sent};
pub use error::{RemoteError, RemoteReply};

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;
use crate::mcp::{ToolCall, ToolStream};

/// A call of a `#[remote]` trait's method that is not sent yet. Awaiting it sends the call and gives the result;
/// [`stream`](Self::stream) also gives partial results.
///
/// `R` is what the method returns. Awaiting gives `Result<T, RemoteError<E>>` for a `Result<T, E>`. The default timeout
/// is the client's, 30 s by default. Dropping the future cancels the call (`MCP-17`).
#[must_use = "a call is made when it is awaited or streamed"]
pub struct RemoteCall<R> {
    call: ToolCall<Value>,
    reply: PhantomData<fn() -> R>,
}

impl<R> RemoteCall<R> {
    /// For generated code.
    #[doc(hidden)]
    pub fn new(client: &Client, tool: &'static str, arguments: RemoteArguments) -> Self {
        Self { call: client.call(tool, arguments.0), reply: PhantomData }
    }
}

impl<R: RemoteReply> RemoteCall<R> {
    /// Limits the wait for the answer; see [`ToolCall::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.timeout(timeout);
        self
    }

    /// Accepts a result of up to this many bytes, in chunks if one message cannot hold it; see
    /// [`ToolCall::max_result_bytes`].
    #[cfg(feature = "chunks")]
    pub fn max_result_bytes(mut self, bytes: u64) -> Self {
        self.call = self.call.max_result_bytes(bytes);
        self
    }

    /// Sends the call, and returns its partial results while it runs.
    ///
    /// # Errors
    ///
    /// Errors of the call before the first partial result.
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

/// A running call: its partial results, then its result. Dropping it cancels the call.
///
/// It is a [`Stream`] of partial results, of the type that [`partials`](Self::partials) sets, and ends like
/// [`ToolStream`].
#[must_use = "dropping a stream cancels the call"]
pub struct RemoteStream<R: RemoteReply, P = Value> {
    stream: ToolStream<R::Value, P>,
}

impl<R: RemoteReply, P> RemoteStream<R, P> {
    /// Sets the type of the partial results; see [`ToolStream::partials`].
    pub fn partials<Q: DeserializeOwned>(self) -> RemoteStream<R, Q> {
        RemoteStream { stream: self.stream.partials() }
    }

    /// Waits for the next partial result; `None` when there are no more: then [`finish`](Self::finish) returns the
    /// result.
    ///
    /// Cancel safe: no partial result is lost.
    pub async fn next(&mut self) -> Option<P> {
        self.stream.next().await
    }

    /// The number of missed partial results; see [`ToolStream::missed`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.stream.missed()
    }

    /// Waits for the result. Unread partial results are dropped.
    ///
    /// # Errors
    ///
    /// Those of the call, and [`CallError::UnexpectedPartial`](crate::CallError::UnexpectedPartial) when a partial result
    /// was of another type: then the call is cancelled.
    pub async fn finish(self) -> Result<R::Value, RemoteError<R::Error>> {
        self.stream.finish().await.map_err(RemoteError::from_call)
    }
}

impl<R: RemoteReply, P> Stream for RemoteStream<R, P> {
    type Item = P;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P>> {
        Pin::new(&mut self.get_mut().stream).poll_next(cx)
    }
}

impl<R: RemoteReply, P> fmt::Debug for RemoteStream<R, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStream").finish_non_exhaustive()
    }
}
