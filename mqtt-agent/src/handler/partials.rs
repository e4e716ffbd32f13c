//! Partial results of a running call: [`Partials`] for the handler, and the stream topic (`MCP-10`).

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::json;
use crate::link::{Link, Message, PublishError, Receipt};
use crate::shown::{debug_as_display, shown};
use crate::wire::{Identifier, StreamKind, StreamMessage};

/// Sends partial results while the call runs.
///
/// They are sent to the call's stream topic at QoS 1, in order, and before the answer. A caller that does not stream
/// does not receive them. The card of a tool with `Partials` has `supports_streaming`.
///
/// ```
/// # use mqtt_agent::prelude::*;
/// /// Counts to `n`.
/// #[tool]
/// async fn count(n: u32, partials: Partials<u32>) -> Result<u32, String> {
///     for i in 1..=n {
///         partials.send(&i).await.map_err(|error| error.to_string())?;
///     }
///     Ok(n)
/// }
/// ```
#[derive(Debug)]
pub struct Partials<T> {
    stream: Arc<PartialStream>,
    item: PhantomData<fn(&T)>,
}

impl<T> Partials<T> {
    pub(crate) fn new(stream: Arc<PartialStream>) -> Self {
        Self { stream, item: PhantomData }
    }
}

impl<T: Serialize> Partials<T> {
    /// Sends a partial result. Waits while the broker has not acknowledged 32 earlier ones, and during a reconnect.
    ///
    /// # Errors
    ///
    /// When the call was cancelled, when the value is too large for the broker or the caller or cannot be written as
    /// JSON, or when the broker denied an earlier partial result.
    pub async fn send(&self, value: &T) -> Result<(), PartialsError> {
        if self.stream.cancellation.is_cancelled() {
            return Err(PartialsError::Canceled);
        }
        let content = json::to_value(value).map_err(PartialsError::Serialize)?;
        self.stream.send(StreamKind::Partial, content).await
    }
}

/// The error of sending a partial result.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PartialsError {
    /// The caller cancelled the call or the agent stops.
    #[error("the call is not wanted any more; end the handler")]
    Canceled,
    /// The value cannot be written as JSON.
    #[error("the partial result cannot be written as JSON: {0}; give a type that can")]
    Serialize(serde_json::Error),
    /// Publishing failed.
    #[error("publishing a partial result failed: {0}")]
    Publish(PublishError),
}

debug_as_display!(PartialsError);

impl From<PublishError> for PartialsError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

/// The stream topic of one call.
#[derive(Debug)]
pub(crate) struct PartialStream {
    link: Link,
    topic: String,
    call_id: Identifier,
    deadline: Instant,
    cancellation: CancellationToken,
    receiver_limit: Option<u64>,
    seq: AtomicU64,
    // Oldest first. The latest outcome is looked at before the next message, so that a denial ends the stream.
    unacknowledged: Mutex<VecDeque<Receipt>>,
}

/// The maximum number of unacknowledged partial results of a stream; a faster handler waits. More would only delay the
/// agent's other answers.
const UNACKNOWLEDGED: usize = 32;

impl PartialStream {
    pub(crate) fn new(
        link: Link,
        topic: String,
        call_id: Identifier,
        deadline: Instant,
        cancellation: CancellationToken,
        receiver_limit: Option<u64>,
    ) -> Self {
        let (seq, unacknowledged) = (AtomicU64::new(0), Mutex::default());
        Self { link, topic, call_id, deadline, cancellation, receiver_limit, seq, unacknowledged }
    }

    async fn send(&self, kind: StreamKind, content: serde_json::Value) -> Result<(), PartialsError> {
        // Held across the queueing, so that the numbers rise in the order of sending.
        let mut unacknowledged = self.unacknowledged.lock().await;
        loop {
            let is_full = unacknowledged.len() >= UNACKNOWLEDGED;
            let Some(oldest) = unacknowledged.front_mut() else { break };
            let outcome = match oldest.try_outcome() {
                Some(outcome) => outcome,
                // Left where it is should the handler be dropped meanwhile.
                None if is_full => oldest.await,
                None => break,
            };
            unacknowledged.pop_front();
            outcome?;
        }
        let seq = self.seq.fetch_add(1, Ordering::Relaxed);
        let message = StreamMessage { call_id: self.call_id.clone(), seq: Some(seq), kind, content };
        let expiry = self.deadline.saturating_duration_since(Instant::now());
        let message = Message::json(self.topic.as_str(), message.to_bytes()).with_expiry(expiry);
        let message = message.for_receiver(self.receiver_limit);
        unacknowledged.push_back(self.link.enqueue(message).await?);
        Ok(())
    }

    /// Ends the stream, if a partial result was sent.
    pub(crate) async fn done(&self) {
        if self.seq.load(Ordering::Relaxed) == 0 {
            return;
        }
        if let Err(error) = self.send(StreamKind::Done, serde_json::Value::Null).await {
            crate::log::debug!(topic = %shown(&self.topic), %error, "failed to send the end of a stream");
        }
    }
}
