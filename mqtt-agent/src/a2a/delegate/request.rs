//! [`TaskRequest`]: a task that is asked for and waited for.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;

use super::{NewTask, inherited, new_task, publish};
use crate::deadline;
use crate::link::{Filter, Subscription};
use crate::session::{Asked, DelegateError, Sending, Session, SessionHandle, Waiting, outcome};
use crate::spawn;

/// How long a request that is cancelled waits to hear which replica has the task.
const HEAR: Duration = Duration::from_secs(10);

/// A task that is asked for and waited for, made by [`Client::request`](crate::Client::request). Await it for the result.
#[derive(Debug)]
#[must_use = "a task is asked for when this is awaited"]
pub struct TaskRequest<T = Value> {
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    timeout: Option<Duration>,
    cancel_on_drop: bool,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> TaskRequest<T> {
    pub(crate) fn new(handle: SessionHandle, agent: String, task: NewTask) -> Self {
        Self { handle, agent, task, timeout: None, cancel_on_drop: false, result: PhantomData }
    }

    /// The type of the result. Any that serde reads; [`DelegateError::UnexpectedResult`] when the result doesn't fit.
    pub fn returning<U: DeserializeOwned>(self) -> TaskRequest<U> {
        let Self { handle, agent, task, timeout, cancel_on_drop, result: _ } = self;
        TaskRequest { handle, agent, task, timeout, cancel_on_drop, result: PhantomData }
    }

    /// How long to wait. Default: the client's timeout. The agent works on after that, unless
    /// [`cancel_on_drop`](Self::cancel_on_drop) says otherwise: a task outlives who asked for it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Cancels the task (`A2A-12`) when nobody waits for it any more: after the timeout, or when the future is dropped.
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
        let Self { handle, agent, task, cancel_on_drop, .. } = self;
        Box::pin(async move {
            let result = requested(handle, agent, task, until, cancel_on_drop).await?;
            serde_json::from_value(result).map_err(DelegateError::UnexpectedResult)
        })
    }
}

/// The request as far as it is the same for all types: compiled once.
fn requested(
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    until: Instant,
    cancel_on_drop: bool,
) -> BoxFuture<'static, Result<Value, DelegateError>> {
    Box::pin(async move {
        let began = Instant::now();
        let session = Arc::clone(handle.session());
        let task = new_task(&session, &agent, task)?;
        let task_id = task.task_id.clone();
        let asking = async {
            let receiving = session.watch_agents().await?;
            let topic = session.namespace().task_result(task_id.as_str());
            let trace = handle.scope().trace.clone();
            let until = inherited(&handle).map(deadline::within);
            let (asked, waiting) = Asked::new(task, Some(topic.clone()), trace, until);
            // Dropped on every way out: unsubscribes, forgets, and cancels where that was asked for.
            let mut waiting = Requested {
                session: Arc::clone(&session),
                asked: Arc::new(asked),
                waiting,
                cancel: false,
                result: None,
            };
            session.delegations().asked(&waiting.asked);
            // Granted before the task is sent (A2A-7).
            waiting.result =
                Some(session.link().subscribe_one(Filter::new(topic), receiving.handler()).await?);
            waiting.cancel = cancel_on_drop;
            let sending = Sending::now(session.link());
            publish(&session, &waiting.asked).await?;
            session.delegations().sent(&waiting.asked, sending);
            let end = waiting.waiting.end.wait_for(Option::is_some).await;
            let end = end.ok().and_then(|end| end.clone()).ok_or(DelegateError::Abandoned)??;
            waiting.cancel = false;
            outcome(end)
        };
        tokio::select! {
            biased;
            // First: a handler that is cancelled already asks for nothing more.
            () = handle.scope().cancelled() => Err(DelegateError::Abandoned),
            outcome = asking => outcome,
            () = session.delegations().closed.cancelled() => Err(DelegateError::Abandoned),
            () = tokio::time::sleep_until(until.into()) => {
                Err(DelegateError::Timeout { task_id: task_id.to_string(), agent, after: began.elapsed() })
            }
        }
    })
}

/// A request while it is waited for.
struct Requested {
    session: Arc<Session>,
    asked: Arc<Asked>,
    waiting: Waiting,
    cancel: bool,
    result: Option<Subscription>,
}

impl Drop for Requested {
    fn drop(&mut self) {
        let delegations = self.session.delegations();
        if self.cancel {
            cancel(&self.session, &self.asked);
            if !self.asked.is_taken()
                && let Ok(runtime) = Handle::try_current()
            {
                // It may be at any replica: that is told when it is heard of, for which its topic stays subscribed.
                let (session, asked, result) =
                    (Arc::clone(&self.session), Arc::clone(&self.asked), self.result.take());
                let told = async move {
                    let delegations = session.delegations();
                    tokio::select! {
                        () = asked.taken() => cancel(&session, &asked),
                        () = tokio::time::sleep(HEAR) => {}
                        () = delegations.closed.cancelled() => {}
                    }
                    delegations.forget(&asked);
                    drop(result);
                };
                spawn::tracked_on(&delegations.tasks, told, &runtime);
                return;
            }
        }
        delegations.forget(&self.asked);
    }
}

fn cancel(session: &Session, asked: &Asked) {
    if let Err(error) = session.link().try_enqueue(asked.cancel(session.namespace())) {
        tracing::warn!(task = %asked.task.task_id, %error, "a task was not cancelled");
    }
}
