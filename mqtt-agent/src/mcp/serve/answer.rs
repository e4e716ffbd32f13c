//! Answering a call: the response on the wire, and what is done when the broker does not take it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::handler::run::Outcome;
use crate::link::{Link, PublishError, Published, SizeLimit};
use crate::serve::ReplyTo;
use crate::wire::{ErrorBody, ErrorKind, Identifier, Response};

/// How often an answer is sent again when nobody received it: the caller may be about to reconnect.
const RETRIES: u32 = 5;

/// The wait before the first of them; it doubles.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The payload of a response.
pub(super) fn encode(call_id: &Identifier, outcome: Outcome, started: Instant) -> Bytes {
    let elapsed_ms = Some(started.elapsed().as_millis() as u64);
    Response { call_id: call_id.clone(), outcome, elapsed_ms }.to_bytes().into()
}

/// Publishes a response; false when the broker says that nobody received it. An answer that is too large is replaced by
/// an error that says so.
pub(super) async fn send(
    reply_to: &ReplyTo,
    link: &Link,
    call_id: &Identifier,
    payload: Bytes,
    deadline: Instant,
) -> bool {
    let mut payload = payload;
    loop {
        match link.publish(reply_to.message_until(payload.clone(), deadline)).await {
            Ok(Published { no_subscribers }) => return !no_subscribers,
            Err(error @ PublishError::TooLarge { .. }) => match too_large(call_id, &error) {
                smaller if smaller.len() < payload.len() => payload = smaller,
                _ => {
                    tracing::warn!(topic = reply_to.topic(), %error, "failed to send an answer");
                    return true;
                }
            },
            Err(error) => {
                tracing::warn!(topic = reply_to.topic(), %error, "failed to send an answer");
                return true;
            }
        }
    }
}

/// Publishes a response that nobody received a few times more: a caller that lost its session subscribes again.
pub(super) async fn send_again(
    reply_to: &ReplyTo,
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
        if send(reply_to, link, call_id, payload.clone(), deadline).await {
            return;
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
