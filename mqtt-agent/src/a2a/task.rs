//! [`Task`]: the current task in a skill's handler.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::serve::Execution;
use crate::handler::param::{ArgumentError, Call, Need, Param};
use crate::handler::reply::ToolError;
use crate::json;
use crate::shown::{debug_as_display, shown};
use crate::store::StoreError;
use crate::wire::{Artifact, Part, Role, TaskMessage};

/// The task that a skill works on: the request, and methods to report to the delegator.
///
/// Cheap to clone. It shows the task as it was when this attempt began.
#[derive(Debug, Clone)]
pub struct Task(Arc<Execution>);

impl Task {
    pub(super) fn new(work: Arc<Execution>) -> Self {
        Self(work)
    }

    /// The task's id: the same in each attempt.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.begun().task_id.as_str()
    }

    /// The delegator's id: a claim, never proof (`SUB-7`).
    #[must_use]
    pub fn sender(&self) -> &str {
        &self.0.begun().from
    }

    /// The task's title for people; empty if it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.begun().title
    }

    /// The messages so far, in order, including questions and answers of an interrupted earlier attempt.
    #[must_use]
    pub fn messages(&self) -> &[TaskMessage] {
        &self.0.begun().messages
    }

    /// The request as text: all texts of the first message, one per line.
    #[must_use]
    pub fn text(&self) -> String {
        self.asked().map(TaskMessage::text).unwrap_or_default()
    }

    /// The request: all parts of the first message.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.asked().map(|message| message.content.as_slice()).unwrap_or_default()
    }

    /// The number of this attempt, from 1. It is higher if the process ended during an earlier attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt()
    }

    /// Reports progress, to a delegator that asked for updates (`A2A-13`). Progress is neither stored nor acknowledged.
    /// It is dropped and logged if it is too large or if too many messages wait for the connection.
    pub async fn progress(&self, text: impl Into<String>) {
        let message = TaskMessage::new(Role::Agent, vec![Part::text(text)]);
        self.0.progress(message).await;
    }

    /// Adds an artifact. It is stored, sent at once to a delegator that asked for updates (`A2A-13`), and sent with the
    /// result at the end. It replaces an earlier artifact with the same id.
    ///
    /// # Errors
    ///
    /// [`TaskUpdateError::Store`] when the task store fails; [`TooLarge`](TaskUpdateError::TooLarge) when a result with
    /// the artifact would be too large; [`Ended`](TaskUpdateError::Ended) when the task has ended or was cancelled.
    pub async fn artifact(&self, artifact: Artifact) -> Result<(), TaskUpdateError> {
        self.0.artifact(artifact).await
    }

    /// Asks the delegator a question, and waits for the answer. In the meantime the task is `input-required`.
    ///
    /// Question and answer are stored. A later attempt that asks the same question gets the stored answer without
    /// asking again. Each stored answer is used once, in order. The time limit of the skill continues while the
    /// question waits. Dropping the future withdraws the question.
    ///
    /// # Errors
    ///
    /// [`TaskUpdateError::NobodyListens`] when the delegator did not ask for updates, so it would not see the question;
    /// [`AsksAlready`](TaskUpdateError::AsksAlready) when another question waits for its answer,
    /// [`TooLarge`](TaskUpdateError::TooLarge) as for artifacts, [`Ended`](TaskUpdateError::Ended) when the task has
    /// ended or was cancelled.
    pub async fn ask(&self, question: impl Into<String>) -> Result<TaskMessage, TaskUpdateError> {
        self.0.ask(vec![Part::text(question)]).await
    }

    /// Like [`ask`](Self::ask), and deserializes the answer: its JSON, or else its text as a JSON string.
    ///
    /// # Errors
    ///
    /// Those of `ask`, and [`TaskUpdateError::UnexpectedAnswer`] when the answer does not fit.
    pub async fn ask_for<T: DeserializeOwned>(
        &self,
        question: impl Into<String>,
    ) -> Result<T, TaskUpdateError> {
        let answer = self.ask(question).await?;
        let data = answer.content.iter().find_map(Part::as_data).cloned();
        let value = data.unwrap_or_else(|| answer.text().into());
        serde_json::from_value(value).map_err(|error| TaskUpdateError::UnexpectedAnswer(error.to_string()))
    }

    fn asked(&self) -> Option<&TaskMessage> {
        self.messages().iter().find(|message| message.role == Role::User)
    }
}

impl Artifact {
    /// Makes an artifact from one JSON value.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn json(id: impl Into<String>, value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::new(id, [Part::data(json::to_value(value)?)]))
    }
}

/// The error of a question or an artifact.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskUpdateError {
    /// The delegator did not ask for updates.
    #[error(
        "nobody sees a question of this task, for it was given without `updates`; decide without asking, or fail"
    )]
    NobodyListens,
    /// Another question of the task waits for its answer.
    #[error("the task asks something already; wait for that answer, then ask again")]
    AsksAlready,
    /// The result, or the question, would be larger than the broker's limit, the agent's `max_packet_size`, or the
    /// limit on the receiver's card.
    #[error(
        "it would take {size} bytes to send and {limit} is the most; give a URL, or raise `max_packet_size` on both sides"
    )]
    TooLarge {
        /// The packet's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The answer does not have the expected type.
    #[error("the answer does not fit: {text}; ask again and say what is expected", text = shown(.0))]
    UnexpectedAnswer(String),
    /// The task has ended or was cancelled.
    #[error("the task has ended; end the handler")]
    Ended,
    /// The task store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

debug_as_display!(TaskUpdateError);

#[diagnostic::do_not_recommend]
impl ToolError for TaskUpdateError {
    fn message(&self) -> String {
        self.to_string()
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Task {
    const NEED: Need = Need::Task;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        let task = call.context().slot::<Task>().cloned();
        task.ok_or_else(|| ArgumentError::new("", "only a skill has a `Task`; make it a `#[skill]`"))
    }
}
