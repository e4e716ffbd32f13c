//! [`NewTask`]: the content of a new task.

use serde::Serialize;
use serde_json::Value;

use crate::json;
use crate::wire::{Part, Role, TaskMessage};

/// The content of a new task. A plain text converts to one: `client.request("writer", "Write a poem.")`.
///
/// ```
/// use mqtt_agent::a2a::NewTask;
/// use serde_json::json;
///
/// let task = NewTask::skill("translate").text("Good morning").data(&json!({"to": "fr"})).title("A greeting");
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a task is asked for by giving it to `Client::request` or `Client::delegate`"]
pub struct NewTask {
    pub(super) skill: String,
    pub(super) title: String,
    pub(super) parts: Vec<Part>,
    /// Why the task is invalid.
    pub(super) error: Option<String>,
}

impl NewTask {
    /// Selects a skill by its id. Without one, the agent uses its default skill.
    pub fn skill(id: impl Into<String>) -> Self {
        Self { skill: id.into(), ..Self::default() }
    }

    /// Adds a text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.part(Part::text(text))
    }

    /// Adds JSON. The arguments of a skill are one JSON object: a struct or `json!({..})`.
    pub fn data(mut self, value: &impl Serialize) -> Self {
        match json::to_value(value) {
            Ok(value) => self.part(Part::data(value)),
            Err(error) => {
                self.error.get_or_insert(format!(
                    "the data cannot be written as JSON: {error}; give a type that can"
                ));
                self
            }
        }
    }

    /// Adds a part: bytes, a URL, or anything with a media type.
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Sets a title for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub(super) fn into_messages(self) -> Vec<TaskMessage> {
        let parts = if self.parts.is_empty() { vec![Part::text("")] } else { self.parts };
        vec![TaskMessage::new(Role::User, parts)]
    }
}

impl From<&str> for NewTask {
    fn from(text: &str) -> Self {
        Self::default().text(text)
    }
}

impl From<String> for NewTask {
    fn from(text: String) -> Self {
        Self::default().text(text)
    }
}

impl From<Value> for NewTask {
    fn from(value: Value) -> Self {
        Self::default().part(Part::data(value))
    }
}
