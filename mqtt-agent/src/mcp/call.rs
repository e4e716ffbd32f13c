//! Calling a tool: the builder ([`ToolCall`]), a call on the wire ([`exchange`]), its partial results ([`ToolStream`])
//! and its errors ([`CallError`]).

mod asks;
#[cfg_attr(not(feature = "chunks"), allow(dead_code))]
mod assembly;
mod error;
mod exchange;
mod look;
mod missed;
mod retry;
#[cfg_attr(not(feature = "chunks"), allow(dead_code))]
mod save;
mod stream;

pub use assembly::{ChunksError, Saved};
pub use error::CallError;
pub use retry::Retry;
pub use save::SaveTo;
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
use asks::Asks;
use exchange::{CallResult, Exchange};
use retry::retried;

/// A call of a tool that is not sent yet. Awaiting it sends the call and gives the result; [`stream`](Self::stream)
/// also gives partial results.
#[derive(Debug)]
#[must_use = "a call is made when it is awaited or streamed"]
pub struct ToolCall<T = Value> {
    handle: SessionHandle,
    tool: String,
    // The error in a box: a call is moved into its future, and takes the room of what is never there.
    arguments: Result<Box<RawValue>, Box<CallError>>,
    timeout: Option<Duration>,
    retry: Option<Retry>,
    max_result_bytes: Option<u64>,
    result: PhantomData<fn() -> T>,
}

impl<T: FromToolResult> ToolCall<T> {
    pub(crate) fn new(handle: SessionHandle, tool: String, arguments: &impl Serialize) -> Self {
        Self {
            handle,
            tool,
            arguments: object(arguments).map_err(Box::new),
            timeout: None,
            retry: None,
            max_result_bytes: None,
            result: PhantomData,
        }
    }

    /// Sets the type of the result: any type that is `Deserialize`, or [`Content`]. If the result doesn't fit, the error is
    /// [`CallError::UnexpectedResult`].
    pub fn returning<U: FromToolResult>(self) -> ToolCall<U> {
        let Self { handle, tool, arguments, timeout, retry, max_result_bytes, result: _ } = self;
        ToolCall { handle, tool, arguments, timeout, retry, max_result_bytes, result: PhantomData }
    }

    /// Returns the texts, images, audio and bytes of the result (`MCP-21`); the same as `returning::<Content>()`. A
    /// result without content becomes one text: the result itself if it is a string, else its JSON.
    pub fn content(self) -> ToolCall<Content> {
        self.returning()
    }

    /// Limits the wait for the answer. The limit is also sent to the server (`MCP-15`), so that it does not run an
    /// expired call. In a handler the call ends at the handler's deadline if that is sooner.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Accepts a result of up to this many bytes, in chunks if one message cannot hold it (`MCP-22`). The bytes are the
    /// result's JSON, or those of a content block if the result is only that block. For a larger result, the error is
    /// [`CallError::Chunks`] and the call is cancelled. Set a longer [`timeout`](Self::timeout) as well: 100 MB take
    /// longer than the default.
    ///
    /// Without this option, a result must fit into one message (1 MiB unless [`ConnectOptions::max_packet_size`] sets
    /// another limit); a larger one is an error with the code `too_large`. With it, the call waits for one more
    /// subscription before it is sent. A [streamed](Self::stream) call accepts no chunks.
    ///
    /// [`ConnectOptions::max_packet_size`]: crate::ConnectOptions::max_packet_size
    #[cfg(feature = "chunks")]
    pub fn max_result_bytes(mut self, bytes: u64) -> Self {
        self.max_result_bytes = Some(bytes);
        self
    }

    /// Writes the result into a file, in chunks if one message cannot hold it (`MCP-22`). The file has the bytes of a
    /// content block if the result is only that block, else the result's JSON. The limit is 100 MiB unless
    /// [`max_result_bytes`](Self::max_result_bytes) sets another one. In chunks it takes about 2 MiB of
    /// memory; a result in one message is held as a whole.
    ///
    /// The file appears when it is complete; until then it has another name in the same folder, and is removed if the
    /// call fails. It is created before the call is sent, so a folder that is not writable is an error before the tool
    /// runs. An existing file is replaced.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::CallError> {
    /// # use std::time::Duration;
    /// # use mqtt_agent::prelude::json;
    /// let call = client.call("scan", json!({"page": 1})).timeout(Duration::from_secs(120));
    /// let saved = call.save_to("scan.tiff").await?;
    /// println!("{} bytes of {}", saved.bytes, saved.media_type);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "chunks")]
    pub fn save_to(self, path: impl Into<std::path::PathBuf>) -> SaveTo {
        let deadline = self.handle.deadline(self.timeout);
        let Self { handle, tool, arguments, retry, max_result_bytes: limit, .. } = self;
        let arguments = arguments.map_err(|error| *error);
        SaveTo { handle, tool, arguments, deadline, retry, limit, path: path.into() }
    }

    /// Retries the call after errors that may be temporary: the tool was unavailable (no server, or the codes `busy`
    /// and `stopping`), or its error says when to try again. For a tool whose card says `read_only` or `idempotent`,
    /// also if an attempt was not answered within [`Retry::attempt_timeout`], or if the connection was lost before the
    /// broker acknowledged it. The card is looked up after the failed attempt, for up to 10 s. All attempts and waits
    /// together are limited by the call's timeout; the last attempt's error is returned. Each attempt is a separate
    /// call with its own id (`MCP-4`).
    ///
    /// A [streamed](Self::stream) call is not retried.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sends the call, and returns its partial results while it runs.
    ///
    /// # Errors
    ///
    /// Errors of the call before the first partial result, for example if the broker denies it.
    pub async fn stream(self) -> Result<ToolStream<T>, CallError> {
        let deadline = self.handle.deadline(self.timeout);
        let asks = Asks { content: T::CONTENT, chunks: None };
        let exchange =
            Exchange::new(&self.handle, &self.tool, self.arguments.map_err(|error| *error)?, asks, deadline)?;
        ToolStream::open(exchange).await
    }
}

impl<T: FromToolResult + 'static> IntoFuture for ToolCall<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let deadline = self.handle.deadline(self.timeout);
        let Self { handle, tool, arguments, retry, max_result_bytes, .. } = self;
        let arguments = arguments.map_err(|error| *error);
        let asks = Asks { content: T::CONTENT, chunks: max_result_bytes };
        if let Some(retry) = retry {
            let made = again(handle, tool, arguments, asks, deadline, retry);
            return Box::pin(async move { made.await.and_then(read) });
        }
        // Made here and not in the future: a future keeps the room of all that was moved into it, for as long as it runs.
        let exchange = |arguments| Exchange::new(&handle, &tool, arguments, asks, deadline);
        let made = made(arguments.and_then(exchange));
        Box::pin(async move { made.await.and_then(read) })
    }
}

/// The part of the call that does not depend on the type, so it is compiled once.
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
    asks: Asks,
    deadline: Instant,
    retry: Retry,
) -> BoxFuture<'static, CallResult> {
    Box::pin(async move {
        let run = |exchange: Box<Exchange>| -> BoxFuture<'static, CallResult> { Box::pin(exchange.run()) };
        retried(&handle, &tool, arguments?, asks, deadline, retry, run).await
    })
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

/// Serializes the arguments to a JSON object; `()` gives an empty one.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<T, F>(_: impl FnOnce(T) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_that_waits_for_its_answer_is_small() {
        // A user's own future has the room of a `ToolCall`; the others are boxes that the call keeps until its answer is here.
        let sizes = [size_of::<ToolCall>(), size_of::<Exchange>(), size_of_future(Exchange::run)];
        let most = [136, 208, 272];
        assert!(sizes.iter().zip(most).all(|(size, most)| *size <= most), "{sizes:?}, at most {most:?}");
    }
}
