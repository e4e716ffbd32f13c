//! [`TaskRequest`]: a task whose result is awaited.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;
use tracing::Instrument;

use super::late::late;
use super::{CANCEL, NewTask, cancel_now, cancel_until_received, inherited, new_task, publish, span_of};
use crate::deadline;
use crate::link::{Filter, Receipt, Subscription};
use crate::session::{DelegateError, Delegation, Sending, Session, SessionHandle, Waiting, outcome};
use crate::shown::shown;
use crate::spans;
use crate::spawn;
use crate::wire::{Part, Role, TaskMessage, TaskResult, TaskState};

/// The function that answers an agent's questions.
struct Answering(Box<dyn FnMut(TaskMessage) -> BoxFuture<'static, String> + Send>);

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

/// A task whose result is awaited, made by [`Client::request`](crate::Client::request). Awaiting it sends the task and
/// gives the result.
///
/// An agent may ask questions (`A2A-12`); answer them with [`on_question`](Self::on_question). Without it, a question
/// ends the request with [`DelegateError::Question`], and the task is cancelled.
#[derive(Debug)]
#[must_use = "a task is asked for when this is awaited"]
pub struct TaskRequest<T = Value> {
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    timeout: Option<Duration>,
    cancel_on_drop: bool,
    answering: Option<Answering>,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> TaskRequest<T> {
    pub(crate) fn new(handle: SessionHandle, agent: String, task: NewTask) -> Self {
        Self {
            handle,
            agent,
            task,
            timeout: None,
            cancel_on_drop: false,
            answering: None,
            result: PhantomData,
        }
    }

    /// Sets the type of the result: any type that is `Deserialize`. If the result doesn't fit, the error is
    /// [`DelegateError::UnexpectedResult`].
    pub fn returning<U: DeserializeOwned>(self) -> TaskRequest<U> {
        let Self { handle, agent, task, timeout, cancel_on_drop, answering, result: _ } = self;
        TaskRequest { handle, agent, task, timeout, cancel_on_drop, answering, result: PhantomData }
    }

    /// Limits the wait. Default: the client's timeout. The agent keeps working after that, unless
    /// [`cancel_on_drop`](Self::cancel_on_drop) is set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Answers the agent's questions with a text. The function runs as part of the request, one question at a time, and
    /// its time counts against the timeout. A question that is repeated after a reconnect gets the same answer.
    ///
    /// For answers other than text use [`Client::delegate`](crate::Client::delegate) and
    /// [`TaskHandle::send_parts`](super::TaskHandle::send_parts).
    pub fn on_question<F, A>(mut self, mut answer: F) -> Self
    where
        F: FnMut(TaskMessage) -> A + Send + 'static,
        A: Future<Output = String> + Send + 'static,
    {
        self.answering = Some(Answering(Box::new(move |question| Box::pin(answer(question)))));
        self
    }

    /// Cancels the task (`A2A-12`) after the timeout, or when the future is dropped. If the broker reports that there
    /// is no receiver, the cancellation is sent again for 10 s.
    pub fn cancel_on_drop(mut self) -> Self {
        self.cancel_on_drop = true;
        self
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for TaskRequest<T> {
    type Output = Result<T, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let until = self.handle.deadline(self.timeout);
        let Self { handle, agent, task, cancel_on_drop, answering, .. } = self;
        Box::pin(async move {
            let result = requested(handle, agent, task, until, cancel_on_drop, answering).await?;
            serde_json::from_value(result).map_err(DelegateError::UnexpectedResult)
        })
    }
}

/// The part of the request that does not depend on the type, so it is compiled once.
fn requested(
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    until: Instant,
    cancel_on_drop: bool,
    mut answering: Option<Answering>,
) -> BoxFuture<'static, Result<Value, DelegateError>> {
    Box::pin(async move {
        let began = Instant::now();
        let session = Arc::clone(handle.session());
        let task = new_task(&session, &agent, task)?;
        let task_id = task.task_id.clone();
        let span = span_of(&handle, &task);
        let asking = async {
            let receiving = session.watch_agents().await?;
            let topic = session.namespace().task_result(task_id.as_str());
            let trace = spans::own(handle.scope().trace.as_ref());
            let until = inherited(&handle).map(deadline::within);
            let (delegation, waiting) = Delegation::new(task, Some(topic.clone()), trace, until);
            // Dropped on every way out: unsubscribes, forgets, and cancels where that was asked for.
            let mut waiting = Requested {
                session: Arc::clone(&session),
                delegation: Arc::new(delegation),
                waiting,
                cancel: false,
                result: None,
            };
            session.delegations().asked(&waiting.delegation);
            // Granted before the task is sent (A2A-7).
            waiting.result =
                Some(session.link().subscribe_one(Filter::new(topic), receiving.handler()).await?);
            waiting.cancel = cancel_on_drop;
            let sending = Sending::now(session.link());
            publish(&session, &waiting.delegation).await?;
            session.delegations().sent(&waiting.delegation, sending);
            let mut answers = Answers::default();
            let end = loop {
                let question = match waiting.next().await? {
                    Next::End(end) => break end,
                    Next::Question(question) => question,
                };
                let Some(Answering(answering)) = &mut answering else {
                    // Nobody answers: it would wait for ever.
                    waiting.cancel = true;
                    let question = question.text();
                    return Err(DelegateError::Question {
                        task_id: waiting.delegation.task.task_id.to_string(),
                        question,
                    });
                };
                let mut end = waiting.waiting.end.clone();
                let answer = tokio::select! {
                    biased;
                    // Nobody asks any more.
                    _ = end.wait_for(Option::is_some) => continue,
                    answer = answers.of(question, answering) => answer,
                };
                super::further(&session, &waiting.delegation, answer).await?;
            };
            waiting.cancel = false;
            outcome(*end)
        };
        let outcome = tokio::select! {
            biased;
            // First: a handler that is cancelled already asks for nothing more.
            () = handle.scope().cancelled() => Err(DelegateError::Abandoned),
            outcome = asking.instrument(span.clone()) => outcome,
            () = session.delegations().closed.cancelled() => Err(DelegateError::Abandoned),
            () = tokio::time::sleep_until(until.into()) => {
                let after = began.elapsed();
                Err(late(&session, &task_id, agent, after).await)
            }
        };
        spans::ended(&span, outcome.as_ref().err().map(DelegateError::kind));
        outcome
    })
}

/// The next event of a request.
enum Next {
    End(Box<TaskResult>),
    Question(TaskMessage),
}

/// The last question and its answer.
#[derive(Default)]
struct Answers(Option<(TaskMessage, TaskMessage)>);

impl Answers {
    async fn of(
        &mut self,
        question: TaskMessage,
        answering: &mut (dyn FnMut(TaskMessage) -> BoxFuture<'static, String> + Send),
    ) -> TaskMessage {
        if let Some((_, answer)) = self.0.as_ref().filter(|(known, _)| question.is_again(known)) {
            return answer.clone();
        }
        let answer = answering(question.clone()).await;
        let answer = TaskMessage::new(Role::User, vec![Part::text(answer)]);
        self.0 = Some((question, answer.clone()));
        answer
    }
}

/// A pending request.
struct Requested {
    session: Arc<Session>,
    delegation: Arc<Delegation>,
    waiting: Waiting,
    cancel: bool,
    result: Option<Subscription>,
}

impl Requested {
    /// Waits for the end, or for a question of the agent.
    async fn next(&mut self) -> Result<Next, DelegateError> {
        let Waiting { updates, end } = &mut self.waiting;
        loop {
            tokio::select! {
                biased;
                end = end.wait_for(Option::is_some) => {
                    let end = end.ok().and_then(|end| end.clone()).ok_or(DelegateError::Abandoned)??;
                    return Ok(Next::End(Box::new(end)));
                }
                Some(update) = updates.recv() => {
                    if let (TaskState::InputRequired, Some(question)) = (update.status, update.message) {
                        return Ok(Next::Question(question));
                    }
                }
            }
        }
    }
}

impl Drop for Requested {
    fn drop(&mut self) {
        if !self.cancel {
            return self.session.delegations().forget(&self.delegation);
        }
        // First: what may be lost is not sent again from now on.
        self.session.delegations().canceled(&self.delegation);
        let first = cancel_now(&self.session, &self.delegation);
        let Ok(runtime) = Handle::try_current() else {
            return self.session.delegations().forget(&self.delegation);
        };
        let (session, delegation, result) =
            (Arc::clone(&self.session), Arc::clone(&self.delegation), self.result.take());
        let tasks = session.delegations().tasks.clone();
        let canceled = async move {
            let delegations = session.delegations();
            tokio::select! {
                () = canceled(&session, &delegation, first) => {}
                () = tokio::time::sleep(CANCEL) => {}
                () = delegations.closed.cancelled() => {}
            }
            delegations.forget(&delegation);
            drop(result);
        };
        spawn::tracked_on(&tasks, canceled, &runtime);
    }
}

/// Cancels a task until that is received, and once more where its replica is heard of only then.
async fn canceled(session: &Session, delegation: &Delegation, first: Option<Receipt>) {
    let was_taken = delegation.is_taken();
    let mut receipt = first;
    for again in [false, true] {
        if again {
            if was_taken {
                return;
            }
            delegation.taken().await;
        }
        if let Err(error) = cancel_until_received(session, delegation, receipt.take()).await {
            crate::log::warn!(task = %shown(&delegation.task.task_id), %error, "failed to cancel a task");
        }
    }
}
