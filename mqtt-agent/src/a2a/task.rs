//! [`Task`]: what a skill's handler holds of the task it works on.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::serve::Work;
use crate::handler::param::{ArgumentError, Call, Need, Param};
use crate::handler::reply::ToolError;
use crate::json;
use crate::shown::shown;
use crate::store::StoreError;
use crate::wire::{Artifact, Part, Role, TaskMessage};

/// The task that a skill works on: what is asked, and the way back to whoever asks.
///
/// Cheap to clone. What it tells of the task is as it was when this attempt began.
#[derive(Debug, Clone)]
pub struct Task(Arc<Work>);

impl Task {
    pub(super) fn new(work: Arc<Work>) -> Self {
        Self(work)
    }

    /// Its id: the same in each attempt.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.begun().task_id.as_str()
    }

    /// Who says that they ask for it: a claim, never proof (`SUB-7`).
    #[must_use]
    pub fn from(&self) -> &str {
        &self.0.begun().from
    }

    /// Its title for people; empty where it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.0.begun().title
    }

    /// What was said so far, in order: when an earlier attempt was cut off, its questions and their answers too.
    #[must_use]
    pub fn messages(&self) -> &[TaskMessage] {
        &self.0.begun().messages
    }

    /// What is asked: all texts of the first message, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.asked().map(TaskMessage::text).unwrap_or_default()
    }

    /// What is asked: all parts of the first message.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.asked().map(|message| message.content.as_slice()).unwrap_or_default()
    }

    /// Which attempt this is, from 1. A later one runs because the process ended during the one before.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt()
    }

    /// Tells how far it is. Nothing waits for it, and it is not kept: whoever asked for updates (`A2A-13`) sees it, and
    /// others do not. Dropped, and logged, when it is too large or too many messages wait for the connection.
    pub async fn progress(&self, text: impl Into<String>) {
        let message = TaskMessage::new(Role::Agent, vec![Part::text(text)]);
        self.0.progress(message).await;
    }

    /// Gives something beside the result. It is kept, sent at once to whoever asked for updates (`A2A-13`), and at the
    /// end with the result. One of the same id takes the place of an earlier one.
    ///
    /// # Errors
    ///
    /// When the task store fails, or the broker would not take a result with it: [`TaskUpdateError::TooLarge`]; when the
    /// task has ended or was cancelled: [`Ended`](TaskUpdateError::Ended).
    pub async fn artifact(&self, artifact: Artifact) -> Result<(), TaskUpdateError> {
        self.0.artifact(artifact).await
    }

    /// Asks whoever gave the task, and waits for the answer: the task is `input-required` in between.
    ///
    /// Question and answer are kept. A later attempt that asks the same gets the answer that was given, without asking
    /// again: each answer once, in their order, so that an attempt that asks the same twice asks twice. While it waits the
    /// time limit of the skill goes on. Dropping the future takes the question back.
    ///
    /// # Errors
    ///
    /// [`TaskUpdateError::NobodyListens`] when updates were not asked for, so that nobody would see the question;
    /// [`AsksAlready`](TaskUpdateError::AsksAlready) when another question waits for its answer,
    /// [`TooLarge`](TaskUpdateError::TooLarge) as for artifacts, [`Ended`](TaskUpdateError::Ended) when the task has ended or
    /// was cancelled.
    pub async fn ask(&self, question: impl Into<String>) -> Result<TaskMessage, TaskUpdateError> {
        self.0.ask(vec![Part::text(question)]).await
    }

    /// [`ask`](Self::ask), and reads the answer: its JSON, or else its text as a JSON string.
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
    /// An artifact of one JSON value.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn json(id: impl Into<String>, value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::new(id, [Part::data(json::to_value(value)?)]))
    }
}

/// Why a question or an artifact of a task did not get through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskUpdateError {
    /// Updates were not asked for.
    #[error(
        "nobody sees a question of this task, for it was given without `updates`; decide without asking, or fail"
    )]
    NobodyListens,
    /// Another question of the task waits for its answer.
    #[error("the task asks something already; wait for that answer, then ask again")]
    AsksAlready,
    /// The result, or the question, would be larger than what the broker accepts, than the agent's own `max_packet_size`, or
    /// than what the card of whoever receives it says.
    #[error(
        "it would take {size} bytes to send and {limit} is the most; give a URL, or raise `max_packet_size` on both sides"
    )]
    TooLarge {
        /// The packet's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The answer is something else than the handler asked for.
    #[error("the answer does not fit: {text}; ask again and say what is expected", text = shown(.0))]
    UnexpectedAnswer(String),
    /// The task is not wanted any more.
    #[error("the task has ended; end the handler")]
    Ended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[diagnostic::do_not_recommend]
impl ToolError for TaskUpdateError {
    fn message(&self) -> String {
        self.to_string()
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Task {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        let task = call.context().slot::<Task>().cloned();
        task.ok_or_else(|| ArgumentError::new("", "only a skill has a `Task`; make it a `#[skill]`"))
    }
}
