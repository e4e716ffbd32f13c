//! The result of a task (`A2A-11`), and updates before it (`A2A-13`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decode_error::{DecodeError, Form};
use super::task::{Artifact, Task, TaskError, TaskMessage, TaskState};
use super::{Identifier, codes};

/// The result of a task, or, with a non-terminal state, an update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "In")]
pub struct TaskResult {
    /// The task.
    pub task_id: Identifier,
    /// The state.
    pub status: TaskState,
    /// Its result, once completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The error, if it did not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
    /// The executor's id: a claim, never proof (`SUB-7`).
    pub from: String,
    /// When it ended, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<String>,
    /// Increases with each update of a task (`A2A-13`, an extension of this library).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// A message of the agent: its progress, or its question. An extension of this library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<TaskMessage>,
    /// The artifacts: in an update the new ones, in the result all of them. An extension of this library.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

static RESULT: Form = Form { name: "the result", mend: "its agent has to mend it", vital: &["task_id"] };

#[derive(Deserialize)]
struct In {
    task_id: Identifier,
    #[serde(default)]
    status: Option<TaskState>,
    #[serde(default)]
    state: Option<TaskState>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<TaskError>,
    #[serde(default)]
    from: String,
    #[serde(default)]
    completed_at: Option<String>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    message: Option<TaskMessage>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

impl TryFrom<In> for TaskResult {
    type Error = &'static str;

    fn try_from(read: In) -> Result<Self, Self::Error> {
        let In { task_id, status, state, result, error, from, completed_at, seq, message, artifacts } = read;
        let implied = match (&error, &result) {
            (Some(_), _) => Some(TaskState::Failed),
            (None, Some(_)) => Some(TaskState::Completed),
            // An update of ours in a state that a later version has added.
            (None, None) => seq.map(|_| TaskState::Working),
        };
        let status = status.or(state).or(implied);
        let status = status.ok_or("it has no state of a task, no result and no error")?;
        Ok(Self { task_id, status, result, error, from, completed_at, seq, message, artifacts })
    }
}

impl TaskResult {
    /// The result of an ended task.
    #[must_use]
    pub fn of(task: &Task, from: &str) -> Self {
        Self {
            task_id: task.task_id.clone(),
            status: task.status,
            result: task.result.clone(),
            error: task.error.clone(),
            from: from.to_owned(),
            completed_at: Some(task.updated_at.clone()),
            seq: None,
            message: None,
            artifacts: task.artifacts.clone(),
        }
    }

    /// An update of a running task.
    #[must_use]
    pub fn update(task_id: Identifier, status: TaskState, from: &str, seq: u64) -> Self {
        Self {
            task_id,
            status,
            result: None,
            error: None,
            from: from.to_owned(),
            completed_at: None,
            seq: Some(seq),
            message: None,
            artifacts: Vec::new(),
        }
    }

    /// Reads a result or an update. `state` is accepted for `status`; without a valid state, an `error` means failed
    /// and a `result` means completed (`A2A-11`).
    ///
    /// # Errors
    ///
    /// When it is neither. Drop such a message.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        RESULT.read(payload)
    }

    /// The failure that replaces an unreadable result, for the task that it names or for `task_id`, so that an awaited
    /// task always ends (`A2A-11`).
    pub(crate) fn unreadable(task_id: Option<&str>, payload: &[u8], error: &DecodeError) -> Option<Self> {
        let fields: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
        let text = |name| fields.get(name).and_then(Value::as_str);
        let task_id = task_id.or_else(|| text("task_id")).and_then(|id| Identifier::parse(id).ok())?;
        let error = TaskError::new("task_error", error.to_string()).with_code(codes::UNREADABLE);
        let from = text("from").unwrap_or_default();
        Some(Self { error: Some(error), seq: None, ..Self::update(task_id, TaskState::Failed, from, 0) })
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
