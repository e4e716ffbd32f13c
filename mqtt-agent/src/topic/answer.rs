//! Answering a request on its Response Topic.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::handler::run::Outcome;
use crate::link::{Link, Message};
use crate::wire::{Identifier, Response, TraceContext, is_topic_text};

/// Where a request's answer goes.
#[derive(Debug)]
pub(super) struct ReplyTo {
    topic: String,
    correlation: Option<Bytes>,
    trace: Option<TraceContext>,
}

impl ReplyTo {
    /// `None` for a topic that nobody may publish to: the broker would end our connection for it.
    pub(super) fn new(topic: &str, correlation: Option<Bytes>, trace: Option<TraceContext>) -> Option<Self> {
        let fits = topic.len() <= usize::from(u16::MAX);
        let safe = !topic.is_empty() && !topic.starts_with('$') && is_topic_text(topic) && fits;
        safe.then(|| Self { topic: topic.to_owned(), correlation, trace })
    }

    /// The value's own JSON, or the error response of the MCP profile with the user property `status: error`.
    fn message(&self, call_id: &Identifier, outcome: Outcome, until: Instant) -> Message {
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_secs(5);
        let message = match outcome {
            Ok(value) => Message::json(self.topic.as_str(), String::from(Box::<str>::from(value))),
            Err(error) => {
                let call_id = call_id.clone();
                let response = Response { call_id, outcome: Err(error), elapsed_ms: None };
                Message::json(self.topic.as_str(), response.to_bytes()).with_user("status", "error")
            }
        };
        let message = match &self.correlation {
            Some(correlation) => message.with_correlation(correlation.clone()),
            None => message,
        };
        message.with_trace(self.trace.as_ref()).with_expiry(left)
    }

    pub(super) async fn send(&self, link: &Link, call_id: &Identifier, outcome: Outcome, until: Instant) {
        if let Err(error) = link.publish(self.message(call_id, outcome, until)).await {
            tracing::warn!(topic = self.topic, %error, "a request was not answered");
        }
    }

    /// From where nothing may wait.
    pub(super) fn send_now(&self, link: &Link, call_id: &Identifier, outcome: Outcome, until: Instant) {
        if let Err(error) = link.try_enqueue(self.message(call_id, outcome, until)) {
            tracing::warn!(topic = self.topic, %error, "a request was not answered");
        }
    }
}
