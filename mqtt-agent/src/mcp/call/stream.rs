//! The partial results of a call while it runs (`MCP-10`).

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::exchange::{CallResult, Exchange};
use super::missed::Missed;
use super::{CallError, read};
use crate::handler::reply::FromToolResult;
use crate::link::{Filter, Inbound, MessageHandler, Subscription};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::spans;
use crate::wire::{Identifier, StreamHead, StreamKind, StreamMessage};

/// The maximum number of unread stream messages; further ones are dropped, and dropped partial results counted.
const BUFFER: usize = 1024;

/// The maximum size of unread stream messages, in bytes.
const BUFFER_BYTES: usize = 16 << 20;

/// A running call: its partial results, then its result.
///
/// It is a [`Stream`] of partial results, of the type that [`partials`](Self::partials) sets. After its end,
/// [`finish`](Self::finish) returns the result or the error. Dropping it cancels the call.
///
/// Partial results arrive in the order in which the server sent them, without duplicates, even if the broker redelivers
/// one, or if the server dies and another process runs the call again. This requires a server that numbers its partial
/// results from 0, as this library does (`MCP-10`).
///
/// ```no_run
/// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::CallError> {
/// # use mqtt_agent::prelude::json;
/// let call = client.call("count", json!({"n": 3})).returning::<u32>();
/// let mut steps = call.stream().await?.partials::<u32>();
/// while let Some(step) = steps.next().await {
///     println!("{step}");
/// }
/// let counted: u32 = steps.finish().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping a stream cancels the call"]
pub struct ToolStream<T = Value, P = Value> {
    exchange: Box<Exchange>,
    partials: mpsc::Receiver<Bytes>,
    buffer: Arc<Mutex<Buffer>>,
    // Given back when the stream ends; its route goes with it.
    _subscription: Subscription,
    outcome: Option<CallResult>,
    done: bool,
    decode: fn(Value) -> serde_json::Result<P>,
    /// A partial result of another type: it ends the stream.
    unfit: Option<serde_json::Error>,
    result: PhantomData<fn() -> T>,
}

/// The unread messages, and the counters.
#[derive(Debug, Default)]
struct Buffer {
    bytes: usize,
    missed: Missed,
}

/// The lock is held only for a moment, never across an await.
fn locked(buffer: &Mutex<Buffer>) -> MutexGuard<'_, Buffer> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles an incoming stream message: stores it if there is room, and counts it otherwise.
fn take(inbound: Inbound, call_id: &Identifier, buffer: &Mutex<Buffer>, sender: &mpsc::Sender<Bytes>) {
    let topic = inbound.topic();
    let StreamHead { seq, kind, .. } = match StreamHead::read(&inbound.payload) {
        Ok(head) if head.call_id == *call_id => head,
        Ok(_) => return,
        Err(error) => return limited!(warn, "dropped a stream message", topic = %shown(topic), %error),
    };
    let size = inbound.payload.len();
    let Buffer { bytes, missed } = &mut *locked(buffer);
    #[allow(
        clippy::disallowed_methods,
        reason = "the user's own buffer: what does not fit is counted as missed"
    )]
    let keep = || {
        let has_room = bytes.saturating_add(size) <= BUFFER_BYTES;
        let kept = has_room && sender.try_send(inbound.payload).is_ok();
        if kept {
            *bytes += size;
        }
        kept
    };
    match kind {
        StreamKind::Partial => missed.partial(seq, keep),
        StreamKind::Done => {
            // Without room for it the answer ends the stream.
            keep();
            missed.done(seq);
        }
        StreamKind::Other(_) => {}
    }
}

impl<T> ToolStream<T> {
    pub(super) async fn open(mut exchange: Box<Exchange>) -> Result<Self, CallError> {
        let span = exchange.begin();
        let opened = Self::opened(exchange).instrument(span.clone()).await;
        spans::ended(&span, opened.as_ref().err().map(CallError::kind));
        opened
    }

    async fn opened(mut exchange: Box<Exchange>) -> Result<Self, CallError> {
        let (sender, partials) = mpsc::channel(BUFFER);
        let buffer = Arc::new(Mutex::new(Buffer::default()));
        let (filled, call_id) = (Arc::clone(&buffer), exchange.call_id().clone());
        let handler = MessageHandler::in_memory(move |inbound| take(inbound, &call_id, &filled, &sender));
        exchange.enter().await?;
        let filter = Filter::new(exchange.stream_topic());
        // Granted before the call leaves, so that the first partial result is not missed.
        let session = Arc::clone(exchange.session());
        let subscription = session.link().subscribe_one(filter, handler);
        let subscription = exchange.bounded(subscription).await??;
        let outcome = exchange.send_and_hear().await?;
        Ok(Self {
            exchange,
            partials,
            buffer,
            _subscription: subscription,
            outcome,
            done: false,
            decode: Ok,
            unfit: None,
            result: PhantomData,
        })
    }
}

impl<T, P> ToolStream<T, P> {
    /// Sets the type of the partial results: any type that is `Deserialize`. A partial result that doesn't fit ends the
    /// stream, and [`finish`](Self::finish) returns [`CallError::UnexpectedPartial`].
    pub fn partials<Q: DeserializeOwned>(self) -> ToolStream<T, Q> {
        let Self { exchange, partials, buffer, _subscription, outcome, done, unfit, result, .. } = self;
        let decode = serde_json::from_value;
        ToolStream { exchange, partials, buffer, _subscription, outcome, done, decode, unfit, result }
    }

    /// Waits for the next partial result; `None` when there are no more: then [`finish`](Self::finish) returns the
    /// result.
    ///
    /// Cancel safe: no partial result is lost.
    pub async fn next(&mut self) -> Option<P> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<P>> {
        while !self.done {
            let payload = if self.outcome.is_some() {
                // The answer is here: what arrived before it is still given, nothing is waited for.
                self.partials.try_recv().ok()
            } else if let Poll::Ready(payload) = self.partials.poll_recv(cx) {
                payload
            } else {
                self.outcome = Some(ready!(self.exchange.poll_response(cx)));
                continue;
            };
            let Some(payload) = payload else {
                // The end is the end: what comes late is not given after it.
                self.done = true;
                break;
            };
            locked(&self.buffer).bytes -= payload.len();
            match StreamMessage::read(&payload) {
                Ok(StreamMessage { kind: StreamKind::Partial, content, .. }) => {
                    match (self.decode)(content) {
                        Ok(partial) => return Poll::Ready(Some(partial)),
                        Err(error) => {
                            self.done = true;
                            self.unfit = Some(error);
                        }
                    }
                }
                Ok(StreamMessage { kind: StreamKind::Done, .. }) => self.done = true,
                Ok(_) => {}
                Err(error) => limited!(warn, "dropped a stream message", %error),
            }
        }
        Poll::Ready(None)
    }

    /// The number of missed partial results: those dropped because more than 1,024 or 16 MiB waited to be read, and
    /// those that the broker dropped. The latter are counted when a later message has arrived, and only for servers
    /// that number their partial results from 0, as this library does.
    #[must_use]
    pub fn missed(&self) -> u64 {
        locked(&self.buffer).missed.count()
    }
}

impl<T: FromToolResult, P> ToolStream<T, P> {
    /// Waits for the result. Unread partial results are dropped.
    ///
    /// # Errors
    ///
    /// Those of the call, and [`CallError::UnexpectedPartial`] when a partial result was of another type: then the call
    /// is cancelled.
    pub async fn finish(mut self) -> Result<T, CallError> {
        if let Some(error) = self.unfit {
            return Err(CallError::UnexpectedPartial(error));
        }
        let outcome = match self.outcome.take() {
            Some(outcome) => outcome,
            None => self.exchange.response().await,
        };
        self.exchange.ended(&outcome);
        match outcome {
            Ok(received) => read(received),
            Err(error) => {
                // At once, and not only after the look-up.
                self.exchange.abandon();
                Err(self.exchange.explain(error).await)
            }
        }
    }
}

impl<T, P> Stream for ToolStream<T, P> {
    type Item = P;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P>> {
        self.get_mut().poll(cx)
    }
}
