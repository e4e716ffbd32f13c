//! The errors of a delegated task.

use std::time::Duration;

use crate::deadline::Lasting;
use crate::link::{PublishError, SubscribeError};
use crate::shown::{debug_as_display, quoting, shown};
use crate::store::StoreError;
use crate::wire::{IdentifierError, TaskError, TaskResult, TaskState};

/// Why a task has no result.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DelegateError {
    /// The agent's id is invalid.
    #[error("the agent: {0}")]
    InvalidAgent(IdentifierError),
    /// The task's content or id is invalid.
    #[error("the task cannot be asked for: {text}", text = quoting(.0))]
    InvalidTask(String),
    /// The task is larger than the broker's limit, this client's `max_packet_size`, or the limit on the agent's card.
    /// The broker would silently withhold it from the agent.
    #[error(
        "the task takes {size} bytes and {limit} is the most; give a URL, or raise `max_packet_size` on both sides"
    )]
    TooLarge {
        /// The packet's size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The agent rejected the task.
    #[error("the agent rejected the task: {0}")]
    Rejected(TaskError),
    /// The agent accepted the task, and the task failed.
    #[error("the task failed: {0}")]
    Failed(TaskError),
    /// The task was cancelled.
    #[error("the task was cancelled; give it again if it is wanted")]
    Canceled,
    /// The agent asked a question, and the request has no [`on_question`](crate::a2a::TaskRequest::on_question). The
    /// task was cancelled.
    #[error(
        "the agent asks: `{question}`; answer with `.on_question(..)`, or give the task with `Client::delegate` and answer it with \
         `TaskHandle::send`", question = shown(.question))]
    Question {
        /// The task.
        task_id: String,
        /// The question, as text.
        question: String,
    },
    /// No result arrived in time. The agent may still work on the task, which does not end with the request.
    #[error(
        "no result of task `{task_id}` from `{agent}` within {}; {}",
        Lasting(*.after), supposed(.agent, *.online, .near.as_deref()), task_id = shown(.task_id), agent = shown(.agent)
    )]
    #[non_exhaustive]
    Timeout {
        /// The task.
        task_id: String,
        /// The agent that was asked.
        agent: String,
        /// How long the caller waited.
        after: Duration,
        /// Whether the agent, or a replica of it, is online by its status or card; `None` if unknown.
        online: Option<bool>,
        /// If it is not: an agent that is online and may be meant, because its id is similar or there is no other.
        near: Option<String>,
    },
    /// The agent's inbox has no subscriber: the agent never connected, its session has expired, or it has no skills (as
    /// `MCP-14` for tools). Only known from brokers that report it. A query ends so where the agent has no card.
    #[error(
        "nobody takes tasks for `{agent}`: it is not online, or has no skills; look at its id, start it, or call its tools \
         instead",
        agent = shown(.agent)
    )]
    Unavailable {
        /// The agent that was asked.
        agent: String,
    },
    /// The agent accepts only tasks: its card does not list the feature `intents`, and it sent no update of this task.
    /// It would treat a cancel or a further message as a new task (`A2A-12`).
    #[error("`{agent}` takes tasks alone, and neither a cancel nor a further message; wait for its result", agent = shown(.agent))]
    Unsupported {
        /// The agent that was asked.
        agent: String,
    },
    /// The agent answers no queries: its card does not list the feature `query` (`A2A-16`).
    #[error("`{agent}` does not tell where tasks are; wait for the result, or update the agent", agent = shown(.agent))]
    NoQueries {
        /// The agent that was asked.
        agent: String,
    },
    /// The agent did not answer a query in time.
    #[error("no answer from `{agent}` within {after}; look whether the agent is online, or give it a longer `.timeout(..)`", agent = shown(.agent), after = Lasting(*.after))]
    Unanswered {
        /// The agent that was asked.
        agent: String,
        /// How long the caller waited.
        after: Duration,
    },
    /// The agent's answer cannot be read.
    #[error("{message}", message = shown(.message))]
    InvalidAnswer {
        /// What is wrong with it.
        message: String,
    },
    /// The agent has no task with this id from this client.
    #[error("`{agent}` has no task `{task_id}` of this client; look at its id", task_id = shown(.task_id), agent = shown(.agent))]
    UnknownTask {
        /// The task.
        task_id: String,
        /// The agent that was asked.
        agent: String,
    },
    /// A handle in this process already waits for the task, or [`Client::results`](crate::Client::results) is about to
    /// return its result.
    #[error("task `{task_id}` is waited for in this process already; use its handle, or `Client::results`", task_id = shown(.task_id))]
    Attached {
        /// The task.
        task_id: String,
    },
    /// The result does not have the type that `returning` sets.
    #[error("the result does not fit the type that was asked for: {cause}; look at the agent's card", cause = shown(.0))]
    UnexpectedResult(serde_json::Error),
    /// The broker did not accept the task.
    #[error("publishing the task failed: {0}")]
    Publish(PublishError),
    /// The broker did not grant a subscription to the result.
    #[error("the result could not be received: {0}")]
    Subscribe(SubscribeError),
    /// The task store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The calling handler was cancelled or has ended, or the connection was closed.
    #[error(
        "the task is not waited for any more: the asking handler was cancelled or has ended, or the connection was closed; end \
         what it left running, or open a new connection"
    )]
    Abandoned,
}

debug_as_display!(DelegateError);

/// Possible reasons for a missing result.
fn supposed(agent: &str, online: Option<bool>, near: Option<&str>) -> String {
    match (online, near) {
        (Some(true), _) => {
            "it is online and may still work on it; give it a longer `.timeout(..)`".to_owned()
        }
        (Some(false), Some(near)) => {
            format!(
                "no agent `{}` with skills was seen online; did you mean `{}`?",
                shown(agent),
                shown(near)
            )
        }
        (Some(false), None) => {
            format!("no agent `{}` with skills was seen online; look at its id, or start it", shown(agent))
        }
        (None, _) => {
            "it may still work on it: look whether the agent is online, or give it a longer `.timeout(..)`"
                .to_owned()
        }
    }
}

impl DelegateError {
    /// Its type, for spans.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::InvalidAgent(_) => "invalid_name",
            Self::InvalidTask(_) => "invalid_arguments",
            Self::TooLarge { .. } => "too_large",
            Self::Rejected(_) => "rejected",
            Self::Failed(_) => "failed",
            Self::Canceled => "canceled",
            Self::Question { .. } => "question",
            Self::Timeout { .. } | Self::Unanswered { .. } => "timeout",
            Self::Unavailable { .. } => "unavailable",
            Self::Unsupported { .. } | Self::NoQueries { .. } => "not_supported",
            Self::InvalidAnswer { .. } | Self::UnexpectedResult(_) => "invalid_response",
            Self::UnknownTask { .. } | Self::Attached { .. } => "unknown_task",
            Self::Publish(_) => "publish",
            Self::Subscribe(_) => "subscribe",
            Self::Store(_) => "store",
            Self::Abandoned => "abandoned",
        }
    }
}

impl From<IdentifierError> for DelegateError {
    fn from(error: IdentifierError) -> Self {
        Self::InvalidAgent(error)
    }
}

impl From<PublishError> for DelegateError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

impl From<SubscribeError> for DelegateError {
    fn from(error: SubscribeError) -> Self {
        Self::Subscribe(error)
    }
}

/// What a task's end is for the waiter.
pub(crate) fn outcome(end: TaskResult) -> Result<serde_json::Value, DelegateError> {
    let error = |state: &str| {
        end.error.clone().unwrap_or_else(|| {
            TaskError::new("task_error", format!("the agent only says `{state}`; ask its operator"))
        })
    };
    match end.status {
        TaskState::Completed => Ok(end.result.unwrap_or_default()),
        TaskState::Canceled => Err(DelegateError::Canceled),
        TaskState::Rejected => Err(DelegateError::Rejected(error("rejected"))),
        state => Err(DelegateError::Failed(error(state.as_str()))),
    }
}
