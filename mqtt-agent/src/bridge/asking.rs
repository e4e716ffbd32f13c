//! One task that a host gave an agent: its progress, its questions, its end.

use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use super::calling::{Clock, Limits};
use super::outcome::Failure;
use super::progress::cut;
use crate::a2a::{DelegateError, NewTask, TaskHandle, TaskUpdate};
use crate::client::Client;
use crate::link::{PublishError, SubscribeError};
use crate::spawn;
use crate::wire::{Part, TaskError, TaskResult, TaskState, codes};

/// How long a cancel may take.
const CANCEL: Duration = Duration::from_secs(10);

/// How often a question is asked.
pub(super) const MOST_ASKED: u32 = 3;

/// A task that runs. Dropped before its end, it is cancelled at its agent (`A2A-12`).
#[derive(Debug)]
pub(super) struct Asking {
    task: Option<TaskHandle>,
    /// Its tool, as hosts know it.
    tool: String,
    /// The agent's last question, and how often the host was asked.
    question: (String, u32),
    tasks: TaskTracker,
    runtime: Handle,
}

/// What comes of it.
pub(super) enum Step {
    /// The agent says how far it is.
    Progress(String),
    /// The agent asks, and waits.
    Question(String),
    /// Nothing until a point in time that was given. The task goes on.
    Late,
    End(Value),
}

impl Asking {
    /// Gives the task to the agent.
    pub(super) async fn begin(
        client: &Client,
        agent: &str,
        task: NewTask,
        tool: &str,
        limits: Limits,
        tasks: &TaskTracker,
    ) -> Result<Self, Failure> {
        let task = client.delegate(agent, task).timeout(limits.longest).await.map_err(failure)?;
        let (tasks, runtime) = (tasks.clone(), Handle::current());
        Ok(Self { task: Some(task), tool: tool.to_owned(), question: (String::new(), 0), tasks, runtime })
    }

    /// Goes on until the agent says something, asks, or the task ends, or at the latest until `late`. Cancel safe until
    /// the end of the task.
    pub(super) async fn step(&mut self, clock: &mut Clock, late: Option<Instant>) -> Result<Step, Failure> {
        self.go_on(clock, Clock::until, late).await
    }

    /// The same while its question is open: the agent may be silent. It says something if it takes the question back.
    pub(super) async fn step_unanswered(&mut self, clock: &mut Clock) -> Result<Step, Failure> {
        self.go_on(clock, Clock::end, None).await
    }

    async fn go_on(
        &mut self,
        clock: &mut Clock,
        until: fn(&Clock) -> Instant,
        late: Option<Instant>,
    ) -> Result<Step, Failure> {
        let Some(task) = &mut self.task else { return Err(Failure::from_end(&self.tool)) };
        let is_late = async {
            match late {
                Some(late) => sleep_until(late).await,
                None => std::future::pending().await,
            }
        };
        let mut is_late = std::pin::pin!(is_late);
        loop {
            let update = tokio::select! {
                biased;
                () = sleep_until(until(clock)) => return Err(clock.over(&self.tool)),
                update = task.next() => update,
                () = &mut is_late => return Ok(Step::Late),
            };
            clock.hear();
            let Some(update) = update else { break };
            let text = text(&update);
            if update.state == TaskState::InputRequired {
                let question = text.unwrap_or_else(|| "The agent asks for more.".to_owned());
                // Kept as long as the question is open: no longer than hosts are told.
                self.question = (cut(&question), 1);
                return Ok(Step::Question(question));
            }
            if let Some(text) = text {
                return Ok(Step::Progress(text));
            }
        }
        let ended = task.ended().await.map_err(failure)?;
        // There is nothing left to be cancelled.
        self.task = None;
        end(ended).map(Step::End)
    }

    /// The open question once more, for a host that has not answered it; `None` where it was asked often enough.
    pub(super) fn again(&mut self) -> Option<String> {
        let (question, asked) = &mut self.question;
        let is_asked = (1..MOST_ASKED).contains(asked);
        *asked = asked.saturating_add(1);
        is_asked.then(|| question.clone())
    }

    /// Answers its question.
    pub(super) async fn answer(&self, answer: String, clock: &mut Clock) -> Result<(), Failure> {
        let Some(task) = &self.task else { return Err(Failure::from_end(&self.tool)) };
        clock.hear();
        timeout_at(clock.until(), task.send(answer))
            .await
            .map_err(|_| clock.over(&self.tool))?
            .map_err(failure)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        let cancelled = async move {
            match timeout(CANCEL, task.cancel()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    crate::log::debug!(%error, "failed to cancel a task that no host waits for")
                }
                Err(_) => crate::log::debug!("failed to cancel in time a task that no host waits for"),
            }
        };
        spawn::tracked_on(&self.tasks, cancelled, &self.runtime);
    }
}

/// What an update says.
fn text(update: &TaskUpdate) -> Option<String> {
    let message = update.message.as_ref().map(crate::wire::TaskMessage::text);
    message.filter(|text| !text.is_empty()).or_else(|| {
        let artifact = update.artifacts.last()?;
        Some(format!("made `{}`", artifact.name.as_deref().unwrap_or(&artifact.artifact_id)))
    })
}

/// The result of a task; where it has none, the texts of its artifacts.
fn end(ended: TaskResult) -> Result<Value, Failure> {
    let TaskResult { status, result, error, artifacts, .. } = ended;
    let error = |state: &str| match &error {
        Some(error) => of_task(error),
        None => Failure::new("tool_error", format!("the agent only says `{state}`; ask its operator")),
    };
    match status {
        TaskState::Completed => Ok(match result {
            Some(result) if !result.is_null() => result,
            _ if artifacts.is_empty() => Value::Null,
            _ => {
                let parts = artifacts.iter().flat_map(|artifact| &artifact.parts);
                let texts: Vec<_> = parts.filter_map(Part::as_text).collect();
                Value::String(texts.join("\n\n"))
            }
        }),
        TaskState::Canceled => Err(error("canceled").with_code(codes::CANCELED)),
        state => Err(error(state.as_str())),
    }
}

fn of_task(error: &TaskError) -> Failure {
    let kind = match error.kind.as_str() {
        "invalid_arguments" => "invalid_arguments",
        "unauthorized" => "unauthorized",
        "timeout" => "timeout",
        "unavailable" => "unavailable",
        _ => "tool_error",
    };
    let failure = Failure::new(kind, error.message.clone());
    match &error.code {
        Some(code) => failure.with_code(code.clone()),
        None => failure,
    }
}

fn failure(error: DelegateError) -> Failure {
    let kind = match &error {
        DelegateError::InvalidAgent(_) | DelegateError::InvalidTask(_) => "invalid_arguments",
        DelegateError::Timeout { .. } => "timeout",
        DelegateError::Publish(PublishError::Denied { .. })
        | DelegateError::Subscribe(SubscribeError::Denied { .. }) => "unauthorized",
        DelegateError::Unavailable { .. } | DelegateError::Publish(_) | DelegateError::Subscribe(_) => {
            "unavailable"
        }
        DelegateError::Failed(error) | DelegateError::Rejected(error) => return of_task(error),
        _ => "tool_error",
    };
    Failure::new(kind, error.to_string())
}
