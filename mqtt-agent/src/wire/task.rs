//! Tasks as data (`A2A-9`, `A2A-10`): what is stored, and what its messages and artifacts are.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::part::{Content, Parts, to_wire};
use super::response::ERROR;
use super::tolerant::{read_tree, shortened};
use super::{ErrorBody, Identifier, Part};

use crate::shown::shown;

/// Where a task is. `Submitted`, then `Working`, with `InputRequired` and `AuthRequired` in between, then one of the last four, which never
/// changes (`A2A-10`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// Taken, and not begun.
    Submitted,
    /// Being worked on.
    Working,
    /// Waits for a message of whoever asked for it.
    InputRequired,
    /// Waits for a right that somebody has to give.
    AuthRequired,
    /// Ended with a result.
    Completed,
    /// Ended without one.
    Failed,
    /// Ended because somebody wanted it to.
    Canceled,
    /// Not taken.
    Rejected,
}

impl TaskState {
    /// As the wire spells it.
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

    /// Reads what is on the wire, with the spellings of other implementations (`A2A-10`): in any case, with or without
    /// A2A's `TASK_STATE_`, with `_` or `-`.
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

    /// Whether it never changes again.
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

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Whoever asked for the task.
    #[default]
    User,
    /// Whoever works on it.
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

/// One message of a task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "MessageIn")]
pub struct TaskMessage {
    /// Who says it.
    pub role: Role,
    /// What is said. On the wire `content` is a string, and what is more than one text stands in `parts` beside it.
    pub content: Vec<Part>,
    /// When, in RFC 3339.
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
    /// A message of now. Its time has microseconds: it is also what tells two equal messages from one that comes twice.
    #[must_use]
    pub fn new(role: Role, content: Vec<Part>) -> Self {
        Self { role, content, timestamp: format!("{:.6}", jiff::Timestamp::now()) }
    }

    /// Whether it is the same message once more, as a broker delivers it again.
    pub(crate) fn is_again(&self, known: &Self) -> bool {
        !self.timestamp.is_empty() && self == known
    }

    /// All its texts, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<_> = self.content.iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }
}

/// What a task gives beside its result: A2A's `Artifact`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Unique in its task.
    pub artifact_id: String,
    /// What it holds.
    pub parts: Vec<Part>,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What else somebody says of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Artifact {
    /// An artifact; one of the same id in the same task takes its place.
    pub fn new(id: impl Into<String>, parts: impl IntoIterator<Item = Part>) -> Self {
        Self {
            artifact_id: id.into(),
            parts: parts.into_iter().collect(),
            name: None,
            description: None,
            metadata: Map::new(),
        }
    }

    /// With a name for people.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With what it is.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// Why a task has no result (`A2A-11`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{kind}: {message}", kind = shown(.kind), message = shown(.message))]
pub struct TaskError {
    /// Which kind; those of `MCP-7` where they fit, and `task_error` for what the skill itself answered.
    #[serde(rename = "type")]
    pub kind: String,
    /// For whoever asked, and its model.
    pub message: String,
    /// For programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl<'de> Deserialize<'de> for TaskError {
    /// Any JSON: an object with the fields of an error, a text that is its message, or else a message that shows it.
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

/// A code that is a number is read as its text; anything else is as good as none.
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

    /// With a code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl From<ErrorBody> for TaskError {
    /// Without what a task's error has no place for.
    fn from(error: ErrorBody) -> Self {
        Self { kind: error.kind.as_str().to_owned(), message: error.message, code: error.code }
    }
}

/// A task (`A2A-9`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id, made by whoever asks for it.
    pub task_id: Identifier,
    /// Who says that they ask for it: a claim, never proof (`SUB-7`). Empty where nobody says so.
    #[serde(default)]
    pub from: String,
    /// The agent that is asked.
    #[serde(default)]
    pub to: String,
    /// The skill that is asked for.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// A title for people.
    #[serde(default)]
    pub title: String,
    /// What was said, in order.
    #[serde(default)]
    pub messages: Vec<TaskMessage>,
    /// Where it is.
    pub status: TaskState,
    /// Its result, once completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it has none, once ended otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
    /// What it gave beside the result. An extension of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// When it was asked for, in RFC 3339.
    #[serde(default)]
    pub created_at: String,
    /// When it changed last, in RFC 3339.
    #[serde(default)]
    pub updated_at: String,
}
