//! Messages in an agent's inbox (`A2A-6`, `A2A-12`): tasks, further messages to tasks, and cancellations.

use serde::{Deserialize, Deserializer, Serialize};

use super::decode_error::{DecodeError, Form};
use super::task::{Task, TaskMessage, TaskState};
use super::{Identifier, Part, Role, now_rfc3339};

/// The intent of a message in an inbox (`A2A-12`, an extension of this library).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Intent {
    /// A new task.
    #[default]
    Task,
    /// A message to a task with an open question.
    Message,
    /// A cancellation of a task.
    Cancel,
    /// A query for tasks: a [`TaskQuery`](super::TaskQuery) (`A2A-16`).
    Query,
    /// An unknown intent of another peer: its message is a task.
    #[serde(untagged)]
    Other(String),
}

impl<'de> Deserialize<'de> for Intent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "task" => Self::Task,
            "message" => Self::Message,
            "cancel" => Self::Cancel,
            "query" => Self::Query,
            _ => Self::Other(text),
        })
    }
}

/// A message in an agent's inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskNotification {
    /// The task.
    pub task_id: Identifier,
    /// The intent.
    #[serde(default, skip_serializing_if = "is_task")]
    pub intent: Intent,
    /// The sender's claimed id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The agent's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The skill.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The request as one text, instead of `messages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<TaskMessage>,
    /// When the task was created, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Whether updates are wanted: states and artifacts before the result (`A2A-13`, an extension of this library).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub updates: bool,
}

fn is_task(intent: &Intent) -> bool {
    *intent == Intent::Task
}

static NOTIFICATION: Form = Form {
    name: "the inbox message",
    mend: r#"send `{"task_id": .., "from": .., "type": .., "messages": [..]}`"#,
    vital: &["task_id"],
};

impl TaskNotification {
    /// A message about an existing task.
    #[must_use]
    pub fn about(task_id: Identifier, intent: Intent, from: &str, to: &str) -> Self {
        Self {
            task_id,
            intent,
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            kind: None,
            title: None,
            prompt: None,
            messages: Vec::new(),
            created_at: None,
            updates: false,
        }
    }

    /// A new task (`A2A-6`).
    #[must_use]
    pub fn of(task: &Task, updates: bool) -> Self {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            kind: given(&task.kind),
            title: given(&task.title),
            messages: task.messages.clone(),
            created_at: given(&task.created_at),
            updates,
            ..Self::about(task.task_id.clone(), Intent::Task, &task.from, &task.to)
        }
    }

    /// Reads an inbox message.
    ///
    /// # Errors
    ///
    /// When it is not an inbox message. Drop such a message.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        NOTIFICATION.read(payload)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether it has only the id of a stored task (`A2A-6`).
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.messages.is_empty() && self.prompt.is_none() && self.kind.is_none() && self.title.is_none()
    }

    /// The content of a further message, as one message. `None` if it is empty.
    #[must_use]
    pub fn into_message(self) -> Option<TaskMessage> {
        let timestamp = self.messages.last().map(|message| message.timestamp.clone()).unwrap_or_default();
        let prompt = self.prompt.map(Part::text);
        let said = self.messages.into_iter().flat_map(|message| message.content);
        let content: Vec<_> = prompt.into_iter().chain(said).collect();
        (!content.is_empty()).then_some(TaskMessage { role: Role::User, content, timestamp })
    }

    /// The new task. A `prompt` becomes its first message (`A2A-9`).
    #[must_use]
    pub fn into_task(self) -> Task {
        let mut messages = self.messages;
        if let Some(prompt) = self.prompt {
            messages.insert(0, TaskMessage::new(Role::User, vec![Part::text(prompt)]));
        }
        let now = now_rfc3339();
        Task {
            task_id: self.task_id,
            from: self.from.unwrap_or_default(),
            to: self.to.unwrap_or_default(),
            kind: self.kind.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            messages,
            status: TaskState::Submitted,
            result: None,
            error: None,
            artifacts: Vec::new(),
            created_at: self.created_at.unwrap_or_else(|| now.clone()),
            updated_at: now,
        }
    }
}
