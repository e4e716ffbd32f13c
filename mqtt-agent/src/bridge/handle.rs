//! Handles, for hosts that know no tasks: a call of a skill that takes long is answered with an id, and the tool
//! `agent_task` waits for the result.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, Task, TaskStatus, Tool};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::outcome::Failure;
use crate::deadline::Lasting;
use crate::shown::shown;

/// The tool. It is also the property of a result that has the handle.
pub(super) const NAME: &str = "agent_task";

/// What a result is that has a handle.
pub(super) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "type": "object",
        "description": "The task goes on: `agent_task` gives its result.",
        "properties": {
            NAME: {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "status": {"type": "string", "enum": ["working", "input_required", "cancelled"]},
                    "message": {"type": "string"},
                },
                "required": ["id", "status"],
            },
        },
        "required": [NAME],
    })
});

/// As hosts list it.
pub(super) fn tool(wait: Duration) -> Tool {
    let description = format!(
        "Waits for the result of an earlier call that takes long: one that was answered with the `id` of a task. Waits for up to \
         {}, and answers with the result, or with the `id` again: then call it again. The result can be had more than once.",
        Lasting(wait)
    );
    let input = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The id of the task, from the answer of the earlier call."},
            "cancel": {"type": "boolean", "default": false, "description": "Cancels the task: nobody wants its result."},
        },
        "required": ["id"],
    });
    let input = match input {
        Value::Object(input) => input,
        _ => Map::new(),
    };
    Tool::new(NAME, description, Arc::new(input)).with_title("Result of an agent's task")
}

/// What a call is answered that goes on, or that was cancelled.
pub(super) fn given(task: &Task, question: Option<&str>) -> CallToolResult {
    let id = task.task_id.as_str();
    let message = question.or(task.status_message.as_deref());
    let again = format!("call `{NAME}` with {}", json!({ "id": id }));
    let (status, text) = match (task.status, question) {
        (TaskStatus::Cancelled, _) => ("cancelled", "the task was cancelled".to_owned()),
        (_, Some(question)) => {
            let text = format!(
                "the agent asks the person at this host, and waits: `{}`; {again} for the result",
                shown(question)
            );
            ("input_required", text)
        }
        _ => {
            let last = message.map(|message| format!(", and says: `{}`", shown(message)));
            let last = last.unwrap_or_default();
            ("working", format!("the agent is not done yet{last}; {again} for the result"))
        }
    };
    let mut handle = json!({ "id": id, "status": status });
    if let (Some(message), Some(handle)) = (message, handle.as_object_mut()) {
        handle.insert("message".to_owned(), message.into());
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ NAME: handle }));
    result
}

/// What the tool takes.
#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    pub(super) id: String,
    #[serde(default)]
    pub(super) cancel: bool,
}

impl Arguments {
    pub(super) fn read(arguments: Map<String, Value>) -> Result<Self, Failure> {
        serde_json::from_value(Value::Object(arguments)).map_err(|error| {
            Failure::new("invalid_arguments", format!("`{NAME}`: {}; look at its schema", shown(&error)))
        })
    }
}

/// There is no such task of this host.
pub(super) fn unknown(id: &str) -> Failure {
    let message = format!(
        "there is no task `{}`, or not any more; call the agent's tool again if it is wanted",
        shown(id)
    );
    Failure::new("invalid_arguments", message)
}
