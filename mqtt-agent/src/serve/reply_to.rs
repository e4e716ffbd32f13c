//! [`ReplyTo`]: the address and the format of an answer to a call, a request or a task.
//!
//! Each profile decides on which topics it answers: by [`reply_address`](crate::wire::reply_address) for calls, by
//! [`is_safe_result`](crate::wire::Namespace::is_safe_result) for tasks, and by [`ReplyTo::of_request`] for requests on
//! users' own topics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::deadline;
use crate::link::{Link, Message, Properties};
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::{Identifier, TraceContext, is_topic_text};

/// How much longer the broker keeps an answer than its caller says it waits (`MCP-15a`): clocks and queues differ.
const KEPT_LONGER: Duration = Duration::from_secs(60);

/// How long the caller of an answer that is sent at once waits, where it does not say.
const KEPT: Duration = Duration::from_secs(30);

/// Where and how one message is answered.
#[derive(Debug, Clone)]
pub(crate) struct ReplyTo {
    topic: Arc<str>,
    /// Echoed byte for byte (`MCP-6`, `A2A-7`).
    correlation: Option<Correlation>,
    trace: Option<TraceContext>,
    /// The largest message that the receiver says it takes (`SUB-14`).
    limit: Option<u64>,
}

#[derive(Debug, Clone)]
enum Correlation {
    /// A call's id, as a rule.
    Id(Identifier),
    /// Any other.
    Data(Bytes),
}

impl Correlation {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Id(id) => id.as_str().as_bytes(),
            Self::Data(data) => data,
        }
    }
}

impl ReplyTo {
    /// Answers on a topic that was found to be safe.
    pub(crate) fn new(topic: String, correlation: Option<Bytes>, trace: Option<TraceContext>) -> Self {
        let (topic, correlation) = (topic.into(), correlation.map(Correlation::Data));
        Self { topic, correlation, trace, limit: None }
    }

    /// The same, with what a message's properties say.
    pub(crate) fn with(topic: String, properties: &Properties) -> Self {
        let trace = TraceContext::from_user_properties(&properties.user);
        Self::new(topic, properties.correlation_data.clone(), trace)
    }

    /// Answers a message on its Response Topic. `None` for one that nobody may publish to: the broker would end the
    /// connection for it.
    pub(crate) fn of_request(properties: &Properties) -> Option<Self> {
        let topic = properties.response_topic.as_deref()?;
        let fits = topic.len() <= usize::from(u16::MAX);
        let is_safe = !topic.is_empty() && !topic.starts_with('$') && is_topic_text(topic) && fits;
        is_safe.then(|| Self::with(topic.to_owned(), properties))
    }

    /// Holds answers to what the receiver says it takes.
    pub(crate) fn limited(self, limit: Option<u64>) -> Self {
        Self { limit, ..self }
    }

    /// Without the message: a slice of it keeps a whole receive buffer, which an answer that is yet to come is not worth.
    pub(crate) fn detached_by(mut self, call_id: &Identifier) -> Self {
        self.correlation = self.correlation.map(|correlation| match correlation.as_bytes() {
            data if data == call_id.as_str().as_bytes() => Correlation::Id(call_id.clone()),
            data => Correlation::Data(Bytes::copy_from_slice(data)),
        });
        self
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    pub(crate) fn shared_topic(&self) -> Arc<str> {
        Arc::clone(&self.topic)
    }

    pub(crate) fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// An answer, which does not expire.
    pub(crate) fn message(&self, payload: impl Into<Bytes>) -> Message {
        let message = Message::json(self.shared_topic(), payload);
        let message = match &self.correlation {
            Some(Correlation::Id(id)) => {
                message.with_correlation(Bytes::copy_from_slice(id.as_str().as_bytes()))
            }
            Some(Correlation::Data(data)) => message.with_correlation(data.clone()),
            None => message,
        };
        message.with_trace(self.trace.as_ref()).for_receiver(self.limit)
    }

    /// An answer that is waited for until then.
    pub(crate) fn message_until(&self, payload: impl Into<Bytes>, deadline: Instant) -> Message {
        let left = deadline.saturating_duration_since(Instant::now());
        self.message(payload).with_expiry(left + KEPT_LONGER)
    }

    /// Answers without waiting, from where nothing may wait. A failure is logged. `waits`: how long the caller waits, where it
    /// says so.
    pub(crate) fn send_now(&self, link: &Link, payload: impl Into<Bytes>, waits: Option<Duration>) {
        send_now(link, self.message_until(payload, deadline::within(waits.unwrap_or(KEPT))));
    }
}

/// Sends an answer from where nothing may wait. A failure is logged.
pub(crate) fn send_now(link: &Link, answer: Message) {
    let topic = answer.topic.clone();
    if let Err(error) = link.try_enqueue(answer) {
        limited!(warn, "failed to send an answer", topic = %shown(&*topic), %error);
    }
}

/// What a message is correlated by, where that is an identifier.
pub(crate) fn correlated_id(properties: &Properties) -> Option<Identifier> {
    let correlation = properties.correlation_data.as_deref()?;
    Identifier::parse(std::str::from_utf8(correlation).ok()?).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_only_where_a_client_may_publish() {
        let long = "x".repeat(usize::from(u16::MAX) + 1);
        let asks = |topic: &str| {
            let response_topic = Some(topic.to_owned());
            ReplyTo::of_request(&Properties { response_topic, ..Properties::default() }).is_some()
        };
        assert!(asks("answers/me"));
        for topic in ["", "$SYS/broker", "answers/+", "#", "a\0b", &long] {
            assert!(!asks(topic), "{topic:?}");
        }
        assert!(ReplyTo::of_request(&Properties::default()).is_none(), "none is asked for");
    }

    #[test]
    fn mcp_6_an_answer_echoes_what_it_is_correlated_by_and_does_not_keep_the_message() {
        let packet = Bytes::from(b"call-1, data".to_vec());
        let id = Identifier::parse("call-1").unwrap();
        let begun = [packet.slice(..6), packet.slice(8..)].map(|data| {
            let properties = Properties { correlation_data: Some(data), ..Properties::default() };
            ReplyTo::with("answers/me".to_owned(), &properties).detached_by(&id)
        });
        let echoed = begun.each_ref().map(|reply_to| reply_to.message("{}").properties.correlation_data);
        assert_eq!(echoed.map(Option::unwrap), ["call-1", "data"]);
        assert!(packet.is_unique(), "the receive buffer is kept");
    }
}
