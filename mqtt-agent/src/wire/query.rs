//! A query for an agent's tasks, and its answer (`A2A-16`, an extension of this library).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Identifier;
use super::decode_error::{DecodeError, Form};
use super::inbox::Intent;
use super::task::{TaskError, TaskState};

/// A query for one task, or for all tasks of the delegator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskQuery {
    /// Always [`Intent::Query`].
    pub intent: Intent,
    /// The task, in a query for one task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Identifier>,
    /// The delegator's claimed id. The answer has only tasks of this delegator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The states of the wanted tasks; empty: all states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<TaskState>,
    /// The task after which the list continues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Identifier>,
    /// The maximum number of tasks in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

#[derive(Deserialize)]
struct In {
    #[serde(default)]
    intent: Intent,
    #[serde(default)]
    task_id: Option<Identifier>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    states: Vec<TaskState>,
    #[serde(default)]
    after: Option<Identifier>,
    #[serde(default)]
    limit: Option<u64>,
}

/// Another task, owner or place would be another question.
static QUERY: Form = Form {
    name: "the query",
    mend: r#"send `{"intent": "query", "from": .., "task_id": ..}`"#,
    vital: &["task_id", "from", "after"],
};

static ANSWER: Form =
    Form { name: "the answer to a query", mend: "its agent has to mend it", vital: &["tasks", "next"] };

impl TaskQuery {
    /// A query for one task.
    #[must_use]
    pub fn one(task_id: Identifier, from: &str) -> Self {
        Self { task_id: Some(task_id), ..Self::all(from) }
    }

    /// A query for all tasks.
    #[must_use]
    pub fn all(from: &str) -> Self {
        let from = Some(from.to_owned());
        Self { intent: Intent::Query, task_id: None, from, states: Vec::new(), after: None, limit: None }
    }

    /// Reads an inbox message; `None` if the message is not a query.
    ///
    /// # Errors
    ///
    /// When it is a malformed query, or not a JSON object.
    pub fn read(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let In { intent, task_id, from, states, after, limit } = QUERY.read(payload)?;
        Ok((intent == Intent::Query).then_some(Self { intent, task_id, from, states, after, limit }))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// An agent's answer to a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskList {
    /// Distinguishes it from a result: always true.
    pub query: bool,
    /// The tasks, in the order in which the agent accepted them.
    #[serde(default)]
    pub tasks: Vec<TaskSummary>,
    /// If there are more tasks: the [`TaskQuery::after`] for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Identifier>,
}

/// The state of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// The task.
    pub task_id: Identifier,
    /// The delegator's claimed id.
    #[serde(default)]
    pub from: String,
    /// The task's skill.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The task's state.
    pub status: TaskState,
    /// The number of its next update is at least this (`A2A-13`).
    #[serde(default)]
    pub seq: u64,
    /// When it was created, in RFC 3339.
    #[serde(default)]
    pub created_at: String,
    /// When it last changed, in RFC 3339.
    #[serde(default)]
    pub updated_at: String,
    /// The result, once it has ended; absent if it is too large for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TaskError>,
}

impl TaskList {
    /// An answer with these tasks; `next` if there are more.
    #[must_use]
    pub fn new(tasks: Vec<TaskSummary>, next: Option<Identifier>) -> Self {
        Self { query: true, tasks, next }
    }

    /// Reads an answer. Tasks that cannot be read are left out.
    ///
    /// # Errors
    ///
    /// When it is not an answer to a query.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct In {
            tasks: Vec<Value>,
            #[serde(default)]
            next: Option<Identifier>,
        }
        let In { tasks, next } = ANSWER.read(payload)?;
        let read =
            |task| super::tolerant::read_tree("a task of an answer", &["task_id", "status"], task).ok();
        Ok(Self::new(tasks.into_iter().filter_map(read).collect(), next))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a2a_16_queries_come_back_and_other_messages_are_none() {
        let id = |text: &str| Identifier::parse(text).unwrap();
        let query = TaskQuery {
            states: vec![TaskState::Working],
            after: Some(id("a")),
            limit: Some(7),
            ..TaskQuery::one(id("t"), "me")
        };
        assert_eq!(TaskQuery::read(&query.to_bytes()).unwrap(), Some(query));
        for other in
            [json!({"task_id": "t"}), json!({"task_id": "t", "intent": "cancel"}), json!({"intent": 7})]
        {
            assert_eq!(TaskQuery::read(other.to_string().as_bytes()).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn a2a_16_a_malformed_filter_is_passed_over_and_a_malformed_id_is_not() {
        let read = |query: Value| TaskQuery::read(query.to_string().as_bytes());
        let query =
            read(json!({"intent": "query", "from": "me", "states": 7, "limit": -1})).unwrap().unwrap();
        assert_eq!(query, TaskQuery::all("me"));
        let query =
            read(json!({"intent": "query", "states": ["TASK_STATE_WORKING", 7, "done"]})).unwrap().unwrap();
        assert_eq!(query.states, [TaskState::Working, TaskState::Completed]);
        for malformed in [json!({"task_id": "a/b"}), json!({"from": 7}), json!({"after": []})] {
            let mut query = malformed;
            query["intent"] = json!("query");
            assert!(read(query.clone()).is_err(), "{query}");
        }
    }

    #[test]
    fn a2a_16_answers_come_back_and_what_is_no_task_is_left_out() {
        let task = json!({"task_id": "t", "from": "me", "type": "write", "status": "completed", "seq": 3,
            "created_at": "c", "updated_at": "u", "result": {"a": 1}});
        let answer = json!({"query": true, "tasks": [task, 7, {"status": "working"}], "next": "t"});
        let list = TaskList::read(answer.to_string().as_bytes()).unwrap();
        assert_eq!(json!(list), json!({"query": true, "tasks": [task], "next": "t"}));
        assert!(TaskList::read(b"{}").is_err());
    }
}
