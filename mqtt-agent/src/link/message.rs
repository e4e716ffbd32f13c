//! A message to publish: topic, payload and the MQTT 5 properties that this crate uses.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::error::{PublishError, SubscribeError};
use crate::wire::{CallPath, TraceContext};

/// The longest string or binary value that MQTT's two length bytes allow.
const LONGEST: usize = u16::MAX as usize;

/// How surely a message arrives. QoS 2 is left out: nothing here needs it, for a call's id makes repeats harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum QoS {
    /// Sent once and forgotten.
    AtMostOnce,
    /// Sent until it is acknowledged.
    AtLeastOnce,
}

/// The properties of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Properties {
    /// Where an answer is awaited.
    pub(crate) response_topic: Option<String>,
    /// What ties an answer to its request.
    pub(crate) correlation_data: Option<Bytes>,
    /// The payload's media type.
    pub(crate) content_type: Option<String>,
    /// Payload Format Indicator 1: the payload is UTF-8.
    pub(crate) utf8_payload: bool,
    /// Message Expiry: time left to live, sent in whole seconds, rounded up.
    pub(crate) expiry: Option<Duration>,
    /// User properties in their order; a key may occur more than once.
    pub(crate) user: Vec<(String, String)>,
}

impl Properties {
    /// The first user property of this name.
    #[cfg(test)]
    pub(crate) fn user(&self, key: &str) -> Option<&str> {
        self.user.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The topic.
    pub(crate) topic: Arc<str>,
    /// The payload.
    pub(crate) payload: Bytes,
    /// At least once, unless said otherwise.
    pub(crate) qos: QoS,
    /// Whether the broker keeps it for later subscribers.
    pub(crate) retain: bool,
    /// Everything else.
    pub(crate) properties: Properties,
    /// The largest packet that its receiver says it takes (`SUB-14`). Not sent.
    pub(crate) receiver_limit: Option<u64>,
}

impl Message {
    /// A message that is delivered at least once and not retained.
    pub(crate) fn new(topic: impl Into<Arc<str>>, payload: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            payload: payload.into(),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: Properties::default(),
            receiver_limit: None,
        }
    }

    /// The same for a JSON payload: says so by content type and format indicator (SUB-12).
    pub(crate) fn json(topic: impl Into<Arc<str>>, payload: impl Into<Bytes>) -> Self {
        let mut message = Self::new(topic, payload);
        message.properties.content_type = Some("application/json".to_owned());
        message.properties.utf8_payload = true;
        message
    }

    /// Keeps it at the broker for later subscribers.
    pub(crate) fn retained(mut self) -> Self {
        self.retain = true;
        self
    }

    /// Sets the quality of service.
    pub(crate) fn with_qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// Sets where the answer is awaited and what ties it to this request.
    pub(crate) fn with_response(mut self, topic: impl Into<String>, correlation: impl Into<Bytes>) -> Self {
        self.properties.response_topic = Some(topic.into());
        self.properties.correlation_data = Some(correlation.into());
        self
    }

    /// Sets what ties this answer to its request.
    pub(crate) fn with_correlation(mut self, correlation: impl Into<Bytes>) -> Self {
        self.properties.correlation_data = Some(correlation.into());
        self
    }

    /// Sets how long it may wait: here, and at the broker.
    pub(crate) fn with_expiry(mut self, expiry: Duration) -> Self {
        self.properties.expiry = Some(expiry);
        self
    }

    /// Adds a user property.
    pub(crate) fn with_user(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.user.push((key.into(), value.into()));
        self
    }

    /// Holds it to the largest packet that its receiver says it takes.
    pub(crate) fn for_receiver(mut self, limit: Option<u64>) -> Self {
        self.receiver_limit = limit;
        self
    }

    /// Adds the trace context, where there is one (SUB-13).
    pub(crate) fn with_trace(self, trace: Option<&TraceContext>) -> Self {
        let user = trace.into_iter().flat_map(TraceContext::to_user_properties);
        user.fold(self, |message, (key, value)| message.with_user(key, value))
    }

    /// The same in place of the one that it has.
    pub(crate) fn with_other_trace(mut self, trace: Option<&TraceContext>) -> Self {
        if trace.is_some() {
            self.properties.user.retain(|(key, _)| key != "traceparent" && key != "tracestate");
        }
        self.with_trace(trace)
    }

    /// Says whose places the call's own callers hold.
    pub(crate) fn with_path(self, path: &CallPath) -> Self {
        match path.to_user_property() {
            Some((key, value)) => self.with_user(key, value),
            None => self,
        }
    }

    /// Refuses what can't be put into an MQTT packet. The codec would cut it to what two
    /// length bytes can say.
    pub(super) fn check(&self) -> Result<(), PublishError> {
        let invalid = |reason: String| Err(PublishError::Invalid { reason });
        if let Err(reason) = topic_is_valid(&self.topic) {
            return invalid(format!("`{}` is no topic: {reason}", self.topic));
        }
        let properties = &self.properties;
        if let Some(topic) = &properties.response_topic
            && let Err(reason) = topic_is_valid(topic)
        {
            return invalid(format!("`{topic}` is no response topic: {reason}"));
        }
        if properties.correlation_data.as_ref().is_some_and(|data| data.len() > LONGEST) {
            return invalid(format!("its correlation data is longer than {LONGEST} bytes"));
        }
        if let Some(text) = &properties.content_type
            && let Err(reason) = string_is_valid(text)
        {
            return invalid(format!("its content type {reason}"));
        }
        for (key, value) in &properties.user {
            if let Err(reason) = string_is_valid(key).and_then(|()| string_is_valid(value)) {
                return invalid(format!("its user property `{key}` {reason}"));
            }
        }
        Ok(())
    }
}

/// Whether the broker sends the retained messages that match a filter when the filter is subscribed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum RetainHandling {
    /// At every SUBSCRIBE.
    #[default]
    Send,
    /// Only if the session doesn't have the subscription yet.
    SendIfNew,
    /// Never.
    DoNotSend,
}

/// A topic filter with the quality of service asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The filter, `$share/group/` in front where it is shared.
    pub(crate) filter: String,
    /// The highest quality of service to deliver with.
    pub(crate) qos: QoS,
    /// Whether retained messages come at the SUBSCRIBE.
    pub(crate) retain_handling: RetainHandling,
}

impl Filter {
    /// A filter for messages delivered at least once, retained ones at every SUBSCRIBE.
    pub(crate) fn new(filter: impl Into<String>) -> Self {
        Self { filter: filter.into(), qos: QoS::AtLeastOnce, retain_handling: RetainHandling::Send }
    }

    /// Sets whether retained messages come at the SUBSCRIBE.
    pub(crate) fn with_retain_handling(mut self, retain_handling: RetainHandling) -> Self {
        self.retain_handling = retain_handling;
        self
    }

    pub(super) fn check(&self) -> Result<(), SubscribeError> {
        filter_is_valid(&self.filter)
            .map_err(|reason| SubscribeError::Invalid { filter: self.filter.clone(), reason })
    }
}

fn string_is_valid(text: &str) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        Err("is longer than 65535 bytes")
    } else if text.contains('\0') {
        Err("contains a NUL character")
    } else {
        Ok(())
    }
}

fn topic_is_valid(topic: &str) -> Result<(), &'static str> {
    if topic.is_empty() {
        Err("it is empty")
    } else if topic.contains(['+', '#']) {
        Err("it contains a wildcard")
    } else {
        string_is_valid(topic)
    }
}

/// What is wrong with a filter.
pub(crate) fn filter_is_valid(filter: &str) -> Result<(), &'static str> {
    string_is_valid(filter)?;
    let pattern = match filter.strip_prefix("$share/") {
        None => filter,
        Some(rest) => match rest.split_once('/') {
            Some((group, pattern)) if !group.is_empty() && !group.contains(['+', '#']) => pattern,
            _ => return Err("`$share/` needs a group and a filter"),
        },
    };
    if pattern.is_empty() {
        return Err("it is empty");
    }
    let mut levels = pattern.split('/').peekable();
    while let Some(level) = levels.next() {
        let alone = level.len() == 1;
        if level.contains('#') && !(alone && levels.peek().is_none()) {
            return Err("`#` may only be the whole last level");
        }
        if level.contains('+') && !alone {
            return Err("`+` may only be a whole level");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn filters_are_checked() {
        for good in ["a", "/", "+", "#", "a/+/b", "a/#", "+/+", "$share/g/a/#", "$SYS/#", "a//b"] {
            assert_eq!(filter_is_valid(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a#",
            "#/a",
            "a/#/b",
            "a+/b",
            "++",
            "$share/g",
            "$share//a",
            "$share/g/",
            "$share/+/a",
            "a\0",
        ] {
            assert!(filter_is_valid(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn messages_that_no_packet_can_hold_are_refused() {
        let long = "x".repeat(LONGEST + 1);
        for message in [
            Message::new("", ""),
            Message::new("a/+", ""),
            Message::new("a\0", ""),
            Message::new(long.as_str(), ""),
            Message::new("a", "").with_response("b/#", ""),
            Message::new("a", "").with_correlation(vec![0; LONGEST + 1]),
            Message::new("a", "").with_user("k", long.as_str()),
            Message::new("a", "").with_user("k\0", ""),
        ] {
            assert!(matches!(message.check(), Err(PublishError::Invalid { .. })));
        }
        assert_eq!(Message::json("a", "{}").with_response("b", "c").check(), Ok(()));
    }

    #[test]
    fn sub_12_json_says_what_it_is() {
        let message = Message::json("a", "{}");
        assert_eq!(message.properties.content_type.as_deref(), Some("application/json"));
        assert!(message.properties.utf8_payload);
    }
}
