//! Tasks as data (`A2A-9`, `A2A-10`), with their messages and artifacts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::part::{Content, Parts, to_wire};
use super::response::ERROR;
use super::tolerant::{read_tree, shortened};
use super::{ErrorBody, Identifier, Part};

use crate::shown::{debug_as_display, shown};

/// The state of a task: `Submitted`, then `Working`, with `InputRequired` and `AuthRequired` in between, then one of
/// the last four, which is final (`A2A-10`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// Accepted, and not started.
    Submitted,
    /// Being worked on.
    Working,
    /// Waiting for a message of the delegator.
    InputRequired,
    /// Waiting for authorization.
    AuthRequired,
    /// Ended with a result.
    Completed,
    /// Ended without a result.
    Failed,
    /// Cancelled.
    Canceled,
    /// Not accepted.
    Rejected,
}

impl TaskState {
    /// The spelling on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Working => "working",
            Self::InputRequired => "input-required",
            Self::AuthRequired => "auth-required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Rejected => "rejected",
        }
    }

    /// Reads a state, including the spellings of other implementations (`A2A-10`): in any case, with or without A2A's
    /// `TASK_STATE_`, with `_` or `-`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        // As long as the longest, with room for the prefix: nothing else is worth a copy.
        let text = (text.len() <= 32).then(|| text.to_ascii_lowercase().replace('-', "_"))?;
        Some(match text.strip_prefix("task_state_").unwrap_or(&text) {
            "submitted" | "pending" => Self::Submitted,
            "working" | "running" | "in_progress" => Self::Working,
            "input_required" => Self::InputRequired,
            "auth_required" => Self::AuthRequired,
            "completed" | "complete" | "done" | "ok" | "success" => Self::Completed,
            "failed" | "error" => Self::Failed,
            "canceled" | "cancelled" => Self::Canceled,
            "rejected" => Self::Rejected,
            _ => return None,
        })
    }

    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled | Self::Rejected)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TaskState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TaskState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            let short: String = text.chars().take(64).collect();
            de::Error::custom(format!("`{short}` is no state of a task; send one of A2A's, as `working`"))
        })
    }
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// The delegator.
    #[default]
    User,
    /// The executor.
    Agent,
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.to_ascii_lowercase().as_str() {
            "agent" | "assistant" | "role_agent" => Self::Agent,
            _ => Self::User,
        })
    }
}

/// A message of a task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "MessageIn")]
pub struct TaskMessage {
    /// The author.
    pub role: Role,
    /// The content. On the wire `content` is a string; anything more than one text is also in `parts`.
    pub content: Vec<Part>,
    /// The time, in RFC 3339.
    pub timestamp: String,
}

#[derive(Deserialize)]
struct MessageIn {
    #[serde(default)]
    role: Role,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    parts: Option<Parts>,
    #[serde(default)]
    timestamp: String,
}

impl TryFrom<MessageIn> for TaskMessage {
    type Error = &'static str;

    fn try_from(message: MessageIn) -> Result<Self, Self::Error> {
        let MessageIn { role, content, parts, timestamp } = message;
        let parts = parts.map(|Parts(parts)| parts);
        let said = parts.or_else(|| content.map(|Content(parts)| parts));
        let content = said.ok_or("a message says nothing that can be read; give it a `content`")?;
        Ok(Self { role, content, timestamp })
    }
}

impl Serialize for TaskMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            role: Role,
            content: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            parts: Option<&'a [Part]>,
            timestamp: &'a str,
        }
        let (content, parts) = to_wire(&self.content);
        Out { role: self.role, content, parts, timestamp: &self.timestamp }.serialize(serializer)
    }
}

impl TaskMessage {
    /// A message with the current time, in microseconds. The time also distinguishes two equal messages from a
    /// redelivered one.
    #[must_use]
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, timestamp: format!("{:.6}", jiff::Timestamp::now()) }
    }

    /// Whether it is a redelivery of a known message.
    pub(crate) fn is_again(&self, known: &Self) -> bool {
        !self.timestamp.is_empty() && self == known
    }

    /// All its texts, one per line.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<_> = self.content.iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }
}

/// An output of a task besides its result: A2A's `Artifact`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// The artifact's id, unique in its task.
    pub artifact_id: String,
    /// The content.
    pub parts: Vec<Part>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Further metadata.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Artifact {
    /// An artifact. It replaces an artifact with the same id in its task.
    pub fn new(id: impl Into<String>, parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            artifact_id: id.into(),
            parts: parts.into_iter().collect(),
            name: None,
            description: None,
            metadata: Map::new(),
        }
    }

    /// Sets a name for people.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the description.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// Why a task has no result (`A2A-11`).
#[derive(Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}{message}{}", of_kind(.kind), with_code(.code.as_deref()), message = shown(.message))]
pub struct TaskError {
    /// The kind of error: a kind of `MCP-7` if one fits, or `task_error` for an error of the skill.
    #[serde(rename = "type")]
    pub kind: String,
    /// The message, for the delegator and its model.
    pub message: String,
    /// The code, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

debug_as_display!(TaskError);

/// The kind of error, where it says more than that the skill failed.
fn of_kind(kind: &str) -> String {
    match kind {
        "" | "task_error" | "tool_error" => String::new(),
        kind => format!("{}: ", shown(kind)),
    }
}

fn with_code(code: Option<&str>) -> String {
    code.map(|code| format!(" (code `{}`)", shown(code))).unwrap_or_default()
}

impl<'de> Deserialize<'de> for TaskError {
    /// Reads any JSON: an object with the fields of an error, a string as the message, or anything else printed as the
    /// message.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct In {
            #[serde(rename = "type", default)]
            kind: String,
            #[serde(default)]
            message: String,
            #[serde(default, deserialize_with = "code")]
            code: Option<String>,
        }
        Ok(match Value::deserialize(deserializer)? {
            error @ Value::Object(_) => {
                let In { kind, message, code } = read_tree(ERROR, &[], error).map_err(de::Error::custom)?;
                Self { kind, message, code }
            }
            Value::String(message) => Self::new("task_error", message),
            other => Self::new("task_error", shortened(&other.to_string())),
        })
    }
}

/// A numeric code is read as text; anything else counts as absent.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(code) => Some(code),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })
}

impl TaskError {
    /// An error without a code.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), code: None }
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl From<ErrorBody> for TaskError {
    /// Drops the fields that a task's error does not have.
    fn from(error: ErrorBody) -> Self {
        Self { kind: error.kind.as_str().to_owned(), message: error.message, code: error.code }
    }
}

/// A task (`A2A-9`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The task's id, chosen by the delegator.
    pub task_id: Identifier,
    /// The delegator's id: a claim, never proof (`SUB-7`). Empty if absent.
    #[serde(default)]
    pub from: String,
    /// The agent's id.
    #[serde(default)]
    pub to: String,
    /// The skill.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// A title for people.
    #[serde(default)]
    pub title: String,
    /// The messages, in order.
    #[serde(default)]
    pub messages: Vec<TaskMessage>,
    /// The state.
    pub status: TaskState,
    /// Its result, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The error, if it did not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
    /// The artifacts. An extension of this library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// When it was created, in RFC 3339.
    #[serde(default)]
    pub created_at: String,
    /// When it last changed, in RFC 3339.
    #[serde(default)]
    pub updated_at: String,
}
