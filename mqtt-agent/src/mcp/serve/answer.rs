//! Answering a call: the response on the wire, and what happens if the broker does not accept it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::asked::Asked;
use super::chunks::Sent;
use super::shared::Shared;
use crate::handler::reply::Answered;
use crate::handler::run::Outcome;
use crate::json;
use crate::link::{self, Link, PublishError, Published, SizeLimit};
use crate::log_rate::limited;
use crate::serve::{Admitted, ReplyTo};
use crate::shown::shown;
use crate::spawn;
use crate::wire::{ErrorBody, ErrorKind, Identifier, Response, codes};

/// How often an answer is sent again when nobody received it: the caller may be about to reconnect.
const RETRIES: u32 = 5;

/// The wait before the first of them; it doubles.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The payload of a response. Content goes out where the caller reads it (`MCP-21`).
pub(super) fn encode(call: &Asked, outcome: Outcome, started: Instant) -> Bytes {
    let (outcome, content) = match outcome {
        Ok(Answered { value, content, .. }) => (Ok(value), content),
        Err(error) => (Err(error), None),
    };
    let content = content.filter(|_| call.content);
    response(Response { content: raw(content), ..Response::new(call.call_id.clone(), outcome) }, started)
}

/// The payload of a response to a result that went before it in chunks (`MCP-22`).
pub(super) fn encode_sent(call: &Asked, sent: &Sent, started: Instant) -> Bytes {
    let Sent { chunks, content } = sent;
    let (chunks, content) = (raw(Some(chunks)), raw(content.as_ref()));
    let null = Ok(RawValue::NULL.to_owned());
    response(Response { chunks, content, ..Response::new(call.call_id.clone(), null) }, started)
}

fn raw(value: Option<impl Serialize>) -> Option<Box<RawValue>> {
    // Texts, numbers and bytes: nothing here that JSON cannot hold.
    json::to_raw(&value?).ok()
}

fn response(response: Response, started: Instant) -> Bytes {
    let elapsed_ms = Some(started.elapsed().as_millis() as u64);
    Response { elapsed_ms, ..response }.to_bytes().into()
}

/// The payload of a refusal.
pub(super) fn refusal(call_id: &Identifier, error: ErrorBody, started: Instant) -> Bytes {
    response(Response::refused(call_id.clone(), error), started)
}

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply_to: ReplyTo,
    pub(super) call_id: Identifier,
    pub(super) payload: Bytes,
    /// Until when somebody waits for it.
    pub(super) deadline: Instant,
}

impl Answer {
    /// Sends it. Nobody waits for the broker's word: most answers are received. The call is in hand until then.
    pub(super) fn send(self, shared: &Arc<Shared>, mut place: Admitted) {
        place.is_settled();
        let message = self.reply_to.message_until(self.payload.clone(), self.deadline);
        let link = &shared.link;
        let tasks = &shared.tasks;
        let shared = Arc::clone(shared);
        let told = move |outcome| match outcome {
            Ok(Published { no_subscribers: false }) => drop(place),
            // The connection is closed.
            Err(error @ (PublishError::Closed | PublishError::Interrupted)) => {
                crate::log::debug!(topic = %shown(self.reply_to.topic()), %error, "failed to send an answer");
            }
            outcome => {
                let tasks = shared.tasks.clone();
                spawn::tracked(&tasks, async move { self.unheard(&shared, outcome, place).await });
            }
        };
        match link.try_room() {
            Ok(room) => link.enqueue_telling(room, message, told),
            Err(PublishError::QueueFull) => {
                let link = link.clone();
                spawn::tracked(tasks, async move {
                    match link.room().await {
                        Ok(room) => link.enqueue_telling(room, message, told),
                        Err(error) => told(Err(error)),
                    }
                });
            }
            Err(error) => told(Err(error)),
        }
    }

    /// The broker did not take it, or nobody received it: sends it again for a while, by no more than a few tasks at once and
    /// without keeping the call's place. Nobody can hold the agent up by not listening.
    async fn unheard(self, shared: &Shared, outcome: link::Outcome, place: Admitted) {
        let Self { reply_to, call_id, payload, deadline } = self;
        let received = match outcome {
            Ok(Published { no_subscribers }) => !no_subscribers,
            // What fits is sent in its place.
            Err(PublishError::TooLarge { .. }) => {
                send(&reply_to, &shared.link, &call_id, payload.clone(), deadline).await
            }
            Err(error) => {
                limited!(warn, "failed to send an answer", topic = %shown(reply_to.topic()), %error);
                true
            }
        };
        drop(place);
        if !received && let Ok(_retrier) = shared.retriers.try_acquire() {
            send_again(&reply_to, &shared.link, &call_id, payload, deadline).await;
        }
    }
}

/// Publishes a response; false when the broker says that nobody received it. An answer that is too large is replaced by
/// an error that says so.
async fn send(
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
                    limited!(warn, "failed to send an answer", topic = %shown(reply_to.topic()), %error);
                    return true;
                }
            },
            Err(error) => {
                limited!(warn, "failed to send an answer", topic = %shown(reply_to.topic()), %error);
                return true;
            }
        }
    }
}

/// Publishes a response that nobody received a few times more: a caller that lost its session subscribes again.
async fn send_again(
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
    let error = ErrorBody::new(ErrorKind::ToolError, message).with_code(codes::TOO_LARGE);
    Response::refused(call_id.clone(), error).to_bytes().into()
}
