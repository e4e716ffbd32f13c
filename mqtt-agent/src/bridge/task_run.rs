//! [`Work`]: what goes on after a call of an agent's skill was answered as a task that its host polls.

use std::sync::Arc;
use std::time::Instant;

use rmcp::model::{CallToolResult, JsonObject, Task, TaskPayload};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout_at};

use super::asking::{Asking, Step};
use super::calling::Clock;
use super::outcome::{self, Failure, Refusal};
use super::reader::{Era, Output};
use super::shared::Shared;
use super::task_book::{Answer, Begun, FETCHED, MOST_OWN_BYTES, TaskBook};
use super::{parked, question};
use crate::deadline::{Lasting, after, within};
use crate::shown::shown;
use crate::spawn;
use crate::wire::codes;

/// The rest of a call.
pub(super) struct Work {
    pub(super) asking: Asking,
    /// What its agent has asked already.
    pub(super) asked: Option<String>,
    pub(super) clock: Clock,
    pub(super) output: Output,
    pub(super) era: Era,
    /// Whether the host answers questions.
    pub(super) answers: bool,
}

impl Work {
    /// Lets it go on, and gives what its host is told.
    pub(super) fn run(self, shared: &Arc<Shared>, begun: Begun) -> Task {
        let task = begun.task.clone();
        let owner = Arc::clone(shared);
        spawn::tracked(&shared.tasks, async move { self.all(&owner, begun).await });
        task
    }

    async fn all(mut self, shared: &Shared, begun: Begun) {
        let Begun { task, cancelled, gone } = begun;
        let id = task.task_id.as_str();
        tokio::select! {
            ended = self.work(&shared.book, id) => self.end(&shared.book, id, ended),
            () = cancelled.cancelled() => {}
            () = gone.cancelled() => {}
            () = shared.stopped.cancelled() => {}
        }
        // What has not ended is cancelled at its agent.
        drop(self);
        keep(shared, id, gone.cancelled()).await;
    }

    /// Works until the end.
    async fn work(&mut self, book: &TaskBook, id: &str) -> Result<Value, Refusal> {
        let mut open: Option<Open> = None;
        loop {
            let step = match &mut open {
                None if self.asked.is_some() => Step::Question(self.asked.take().unwrap_or_default()),
                None => self.asking.step(&mut self.clock, None).await?,
                Some(question) => tokio::select! {
                    biased;
                    answer = timeout_at(question.until, &mut question.answered) => {
                        let Ok(Ok(answer)) = answer else { return Err(unanswered(&question.asked)) };
                        open = None;
                        self.asking.answer(answer?, &mut self.clock).await?;
                        continue;
                    }
                    // The agent may take its question back, and may end without an answer.
                    step = self.asking.step_unanswered(&mut self.clock) => step?,
                },
            };
            let asked = match step {
                Step::End(value) => return Ok(value),
                Step::Progress(text) => {
                    if open.take().is_some() {
                        book.take_back(id);
                    }
                    book.tell(id, &text);
                    continue;
                }
                Step::Late => continue,
                Step::Question(question) => question,
            };
            if !self.answers {
                return Err(question::unanswerable(&asked, self.era));
            }
            // Once more, as after a restart of its agent.
            if open.as_ref().is_some_and(|question| question.asked == asked) {
                continue;
            }
            let Some(answered) = book.ask(id, question::request(&asked)?) else {
                let message = "the task was cancelled, for the open questions and the results of tasks take too much memory; fetch some of them first";
                return Err(Failure::unavailable(message).with_code(codes::BUSY).into());
            };
            open = Some(Open { asked, answered, until: within(parked::LONGEST).into() });
        }
    }

    /// Tells how it has ended: as the call would have been answered.
    fn end(&self, book: &TaskBook, id: &str, ended: Result<Value, Refusal>) {
        let payload = match ended {
            Ok(value) => self.completed(&outcome::of_skill(value, self.output, self.era)),
            Err(Refusal::Failure(failure)) => self.completed(&failure.into()),
            Err(Refusal::Protocol(error)) => {
                book.tell(id, &error.message);
                TaskPayload::Failed { error: object(&error) }
            }
        };
        if book.end(id, payload, Instant::now()) {
            return;
        }
        let message = format!(
            "the result has no room in the {MOST_OWN_BYTES} bytes that the results of tasks may take; fetch the others first, or ask for less"
        );
        let result = Failure::new("tool_error", message).with_code(codes::TOO_LARGE).into();
        book.end(id, self.completed(&result), Instant::now());
    }

    fn completed(&self, result: &CallToolResult) -> TaskPayload {
        let mut result = object(result);
        if self.era == Era::Legacy {
            // Hosts of this era do not know it.
            result.remove("resultType");
        }
        TaskPayload::Completed { result }
    }
}

/// A question that is open.
struct Open {
    asked: String,
    answered: oneshot::Receiver<Answer>,
    until: tokio::time::Instant,
}

fn unanswered(asked: &str) -> Refusal {
    let message = format!(
        "the task was cancelled, for nobody answered within {} what the agent asks: `{}`; call the tool again if it is wanted",
        Lasting(parked::LONGEST),
        shown(asked)
    );
    Failure::new("timeout", message).with_code("question").into()
}

/// Keeps a task that has ended until it is forgotten.
async fn keep(shared: &Shared, id: &str, gone: impl Future<Output = ()>) {
    let mut gone = std::pin::pin!(gone);
    while let Some(until) = shared.book.until(id) {
        // What is fetched meanwhile is kept for a shorter time.
        let until = until.min(after(Instant::now(), FETCHED));
        tokio::select! {
            () = sleep_until(until.into()) => shared.book.expire(Instant::now()),
            () = &mut gone => return,
            () = shared.stopped.cancelled() => return shared.book.clear(),
        }
    }
}

/// Something of MCP as JSON; it is an object in any case.
fn object(what: &impl Serialize) -> JsonObject {
    serde_json::to_value(what).and_then(serde_json::from_value).unwrap_or_default()
}
