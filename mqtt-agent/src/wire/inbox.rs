//! What an agent's inbox takes (`A2A-6`, `A2A-12`): tasks, further messages to them, and cancels.

use serde::{Deserialize, Deserializer, Serialize};

use super::decode_error::{DecodeError, Form};
use super::task::{Task, TaskMessage, TaskState};
use super::{Identifier, Part, Role, now_rfc3339};

/// What a message in an inbox wants (`A2A-12`, an extension of ours).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Intent {
    /// A new task.
    #[default]
    Task,
    /// A further message to a task that asked for one.
    Message,
    /// The end of a task.
    Cancel,
    /// A word of another peer's: its message is a task.
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
            _ => Self::Other(text),
        })
    }
}

/// A message in an agent's inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskNotification {
    /// The task.
    pub task_id: Identifier,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "is_task")]
    pub intent: Intent,
    /// Who says that they send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The agent that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The skill that is asked for.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is asked in one text, in place of `messages`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<TaskMessage>,
    /// When the task was asked for, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Whether states and artifacts are wanted before the result (`A2A-13`, an extension of ours).
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
    /// A message that wants something of a task that is there.
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

    /// Asks for a task (`A2A-6`).
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
    /// When it is none. Such a message is to be dropped.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        NOTIFICATION.read(payload)
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether it carries no task, but only the id of one that is stored already (`A2A-6`).
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.messages.is_empty() && self.prompt.is_none() && self.kind.is_none() && self.title.is_none()
    }

    /// What a further message says: all that it carries, as one message. `None` where that is nothing.
    #[must_use]
    pub fn into_message(self) -> Option<TaskMessage> {
        let timestamp = self.messages.last().map(|message| message.timestamp.clone()).unwrap_or_default();
        let prompt = self.prompt.map(Part::text);
        let said = self.messages.into_iter().flat_map(|message| message.content);
        let content: Vec<_> = prompt.into_iter().chain(said).collect();
        (!content.is_empty()).then_some(TaskMessage { role: Role::User, content, timestamp })
    }

    /// The task that is asked for, as it begins. A `prompt` is its first message (`A2A-9`).
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
