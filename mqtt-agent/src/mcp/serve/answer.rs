//! Answering a call: the response on the wire, and what is done when the broker does not take it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::deadline;
use crate::handler::run::Outcome;
use crate::link::{Link, Message, PublishError, Published, SizeLimit};
use crate::wire::{ErrorBody, ErrorKind, Identifier, Response, TraceContext};

/// How often an answer is sent again when nobody received it: the caller may be about to reconnect.
const RETRIES: u32 = 5;

/// The wait before the first of them; it doubles.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Where and how one call is answered.
#[derive(Debug)]
pub(super) struct ReplyTo {
    pub(super) topic: String,
    /// Echoed byte for byte (`MCP-6`).
    pub(super) correlation_data: Option<Bytes>,
    pub(super) trace: Option<TraceContext>,
    /// The largest message that the caller says it takes (`SUB-14`).
    pub(super) limit: Option<u64>,
}

/// The payload of a response.
pub(super) fn encode(call_id: &Identifier, outcome: Outcome, started: Instant) -> Bytes {
    let elapsed_ms = Some(started.elapsed().as_millis() as u64);
    Response { call_id: call_id.clone(), outcome, elapsed_ms }.to_bytes().into()
}

impl ReplyTo {
    pub(super) fn message(&self, payload: Bytes, deadline: Instant) -> Message {
        let left = deadline.saturating_duration_since(Instant::now());
        // An answer is kept a little longer than its caller says it waits: clocks and queues differ.
        let message = Message::json(self.topic.as_str(), payload).with_expiry(left + Duration::from_secs(5));
        let message = match &self.correlation_data {
            Some(correlation) => message.with_correlation(correlation.clone()),
            None => message,
        };
        message.with_trace(self.trace.as_ref()).for_receiver(self.limit)
    }

    /// Publishes a response; false when the broker says that nobody received it. An answer that is too large is
    /// replaced by an error that says so.
    pub(super) async fn send(
        &self,
        link: &Link,
        call_id: &Identifier,
        payload: Bytes,
        deadline: Instant,
    ) -> bool {
        let mut payload = payload;
        loop {
            match link.publish(self.message(payload.clone(), deadline)).await {
                Ok(Published { no_subscribers }) => return !no_subscribers,
                Err(error @ PublishError::TooLarge { .. }) => match too_large(call_id, &error) {
                    smaller if smaller.len() < payload.len() => payload = smaller,
                    _ => {
                        tracing::warn!(topic = self.topic, %error, "failed to send an answer");
                        return true;
                    }
                },
                Err(error) => {
                    tracing::warn!(topic = self.topic, %error, "failed to send an answer");
                    return true;
                }
            }
        }
    }

    /// Publishes a response that nobody received a few times more: a caller that lost its session subscribes again.
    pub(super) async fn send_again(
        &self,
        link: &Link,
        call_id: &Identifier,
        payload: Bytes,
        deadline: Instant,
    ) {
        let mut wait = RETRY_AFTER;
        for _ in 0..RETRIES {
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
            if self.send(link, call_id, payload.clone(), deadline).await {
                return;
            }
        }
    }

    /// Publishes without waiting, from where nothing may wait.
    pub(super) fn send_now(&self, link: &Link, payload: Bytes) {
        let deadline = deadline::within(Duration::from_secs(30));
        if let Err(error) = link.try_enqueue(self.message(payload, deadline)) {
            tracing::warn!(topic = self.topic, %error, "failed to send an answer");
        }
    }
}

fn too_large(call_id: &Identifier, error: &PublishError) -> Bytes {
    let message = match error {
        PublishError::TooLarge { size, limit, of } => {
            let whose = match of {
                SizeLimit::Receiver => "this caller accepts (`max_packet_size`)",
                SizeLimit::Broker => "the broker accepts",
                SizeLimit::Connection => "the server sends (its `max_packet_size`)",
            };
            format!(
                "the result takes {size} bytes and {limit} is the most that {whose}; ask for less, or raise that"
            )
        }
        error => format!("the result is too large to be sent: {error}"),
    };
    let error = ErrorBody::new(ErrorKind::ToolError, message).with_code("too_large");
    Response { call_id: call_id.clone(), outcome: Err(error), elapsed_ms: None }.to_bytes().into()
}
