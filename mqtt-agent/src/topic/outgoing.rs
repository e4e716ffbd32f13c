//! The common part of events and requests: a payload, and a value for each placeholder.

use std::fmt::Display;
use std::time::Duration;

use crate::client::topics::{Encoded, EventError};
use crate::handler::registry::TopicDef;
use crate::link::Message;
use crate::wire::is_topic_text;

/// A message to a user's topic, under construction.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    topic: TopicDef,
    payload: Result<Option<Encoded>, String>,
    values: Vec<(&'static str, String)>,
    pub(super) timeout: Option<Duration>,
}

impl Outgoing {
    pub(super) fn new(topic: TopicDef, payload: Option<serde_json::Result<Encoded>>) -> Self {
        let payload = payload.transpose().map_err(|error| error.to_string());
        Self { topic, payload, values: Vec::new(), timeout: None }
    }

    /// Sets a placeholder.
    pub(super) fn set(&mut self, name: &'static str, value: &impl Display) {
        self.values.push((name, value.to_string()));
    }

    pub(super) fn message(self) -> Result<Message, EventError> {
        let topic = self.topic()?;
        let payload = self.payload.map_err(|message| EventError::Payload { message })?;
        Ok(match payload {
            Some(Encoded { bytes, is_json: true }) => Message::json(topic, bytes),
            Some(Encoded { bytes, is_json: false }) => Message::new(topic, bytes),
            None => Message::new(topic, ""),
        })
    }

    /// The topic with a value for each placeholder, or the invalid value.
    fn topic(&self) -> Result<String, EventError> {
        for (name, value) in &self.values {
            let mut placeholders = self.topic.placeholders.iter();
            let rest = placeholders.any(|placeholder| placeholder.name == *name && placeholder.rest);
            let reason = if value.is_empty() {
                Some("it is empty")
            } else if !is_topic_text(value) {
                Some("it has a wildcard or a control character")
            } else if rest && value.split('/').any(str::is_empty) {
                Some("it has an empty level")
            } else if !rest && value.contains('/') {
                Some("it has a `/`, and the placeholder is one level")
            } else {
                None
            };
            if let Some(reason) = reason {
                return Err(EventError::Placeholder { name, value: value.clone(), reason });
            }
        }
        let value = |name| self.values.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        // Unset ones don't compile.
        let unset = || EventError::Placeholder { name: "", value: String::new(), reason: "it is not set" };
        self.topic.fill(value).ok_or_else(unset)
    }
}
