//! Delegating tasks to other agents (`A2A-7`): [`Delegate`] returns at once, [`TaskRequest`] waits for the result.
//!
//! The session tracks each task until it has ended: see [`crate::session`]. This module has the user's side.

mod handle;
mod late;
mod new_task;
mod query;
mod request;
mod results;

use handle::Delegated;
pub use handle::{TaskHandle, TaskUpdate};
pub use new_task::NewTask;
pub use query::{Attach, FindTask, ListTasks, TaskPage};
pub use request::TaskRequest;
pub use results::Results;

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Handle;
use tracing::{Instrument, Span};

use crate::deadline;
use crate::link::{Message, Published, Receipt, unsent};
use crate::session::{DelegateError, Delegation, Sending, Session, SessionHandle};
use crate::shown::shown;
use crate::spans;
use crate::spawn;
use crate::store::{TaskRecord, TaskSide};
use crate::wire::{Identifier, Task, TaskError, TaskMessage, TaskState, now_rfc3339};

/// The delay before a message about a task is sent again if it had no receiver: the first and the longest.
const RESEND: Duration = Duration::from_millis(250);
const RESEND_MOST: Duration = Duration::from_secs(5);

/// How long a cancel that nobody received is sent again.
const CANCEL: Duration = Duration::from_secs(10);

/// A task to delegate, made by [`Client::delegate`](crate::Client::delegate). Awaiting it sends the task, and returns
/// when the broker has it.
#[derive(Debug)]
#[must_use = "a task is delegated when this is awaited"]
pub struct Delegate<T = Value> {
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    timeout: Option<Duration>,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Delegate<T> {
    pub(crate) fn new(handle: SessionHandle, agent: String, task: NewTask) -> Self {
        Self { handle, agent, task, timeout: None, result: PhantomData }
    }

    /// Sets the type of the result, for [`TaskHandle::result`]: any type that is `Deserialize`. If the result doesn't
    /// fit, the error is [`DelegateError::UnexpectedResult`].
    pub fn returning<U: DeserializeOwned>(self) -> Delegate<U> {
        let Self { handle, agent, task, timeout, result: _ } = self;
        Delegate { handle, agent, task, timeout, result: PhantomData }
    }

    /// Limits how long the agent has for the task; after that the task fails. Sent as Message Expiry Interval. Default:
    /// only the skill's own limit; in a handler, the rest of the handler's time.
    ///
    /// It limits the task itself, whereas [`TaskRequest::timeout`] limits how long the request waits for the result. If
    /// the agent has sent nothing about the task 5 s after that time, the task fails locally, with the code `unheard`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// The part of the delegation that does not depend on the type, so it is compiled once.
fn delegated(
    handle: SessionHandle,
    agent: String,
    task: NewTask,
    timeout: Option<Duration>,
) -> BoxFuture<'static, Result<Delegated, DelegateError>> {
    let giving = async move {
        if handle.scope().is_cancelled() {
            return Err(DelegateError::Abandoned);
        }
        let session = Arc::clone(handle.session());
        let task = new_task(&session, &agent, task)?;
        let span = span_of(&handle, &task);
        let outcome = given(handle, task, timeout).instrument(span.clone()).await;
        spans::ended(&span, outcome.as_ref().err().map(DelegateError::kind));
        outcome
    };
    Box::pin(giving)
}

/// The span of a task that is given by this handle.
fn span_of(handle: &SessionHandle, task: &Task) -> Span {
    spans::invoke_agent(task.to.as_str(), task.task_id.as_str(), handle.scope().trace.as_ref())
}

/// Gives a task to its agent; returns when the broker has it.
async fn given(
    handle: SessionHandle,
    task: Task,
    timeout: Option<Duration>,
) -> Result<Delegated, DelegateError> {
    let session = Arc::clone(handle.session());
    session.watch_agents().await?;
    let mut record = TaskRecord::new(task);
    record.updates = true;
    record.deadline_ms = timeout.or_else(|| inherited(&handle)).map(deadline::ms_within);
    if let Some(trace) = spans::given(&Span::current(), handle.scope().trace.as_ref()) {
        record.traceparent = Some(trace.traceparent().to_owned());
        record.tracestate = trace.tracestate().map(str::to_owned);
    }
    let delegations = session.delegations();
    let (delegation, waiting) = Delegation::of(record.clone());
    let delegation = Arc::new(delegation);
    // From before it is stored: the store may have a task whose insertion nobody waited for.
    let mut leaving = Leaving {
        session: Arc::clone(&session),
        delegation: Some(Arc::clone(&delegation)),
        may_be_sent: false,
    };
    delegations.inserting(&delegation);
    // Stored before it is sent: a result always finds its owner.
    if let Err(error) = delegations.store().insert(TaskSide::Delegator, record.clone()).await {
        leaving.delegation = None;
        delegations.not_inserted(&delegation, record, &error);
        return Err(error.into());
    }
    delegations.asked(&delegation);
    leaving.may_be_sent = true;
    let sending = Sending::now(session.link());
    if let Err(error) = publish(&session, &delegation).await {
        leaving.delegation = None;
        delegations.withdraw(&delegation, TaskError::new("unavailable", error.to_string()));
        return Err(error);
    }
    leaving.delegation = None;
    delegations.sent(&delegation, sending);
    // The broker has it: dropped from here on, its result goes to `Results`.
    let delegated = Delegated::new(handle, Arc::clone(&delegation), waiting, None);
    tokio::select! {
        () = delegation.noted() => {}
        () = delegations.closed.cancelled() => {}
    }
    Ok(delegated)
}

/// A task that is being delegated. Dropped before the broker is known to have it, the task is withdrawn, and cancelled where
/// the broker may have it.
struct Leaving {
    session: Arc<Session>,
    delegation: Option<Arc<Delegation>>,
    may_be_sent: bool,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(delegation) = self.delegation.take() {
            let error = TaskError::new("unavailable", "nobody waited until it was sent");
            self.session.delegations().withdraw(&delegation, error);
            if self.may_be_sent {
                let first = cancel_now(&self.session, &delegation);
                let (session, tasks) = (Arc::clone(&self.session), &self.session.delegations().tasks);
                let canceled = async move {
                    tokio::select! {
                        canceled = cancel_until_received(&session, &delegation, first) => drop(canceled),
                        () = tokio::time::sleep(CANCEL) => {}
                        () = session.delegations().closed.cancelled() => {}
                    }
                };
                if let Ok(runtime) = Handle::try_current() {
                    spawn::tracked_on(tasks, canceled, &runtime);
                }
            }
        }
    }
}

/// Cancels a task at once, where its agent is known to take cancels: the connection may be closed next.
fn cancel_now(session: &Session, delegation: &Delegation) -> Option<Receipt> {
    if !session.delegations().understands(&delegation.executor()) {
        return None;
    }
    match session.link().try_enqueue(delegation.cancel(session.namespace())) {
        Ok(receipt) => Some(receipt),
        // Tried again where there is time for it.
        Err(error) => {
            crate::log::debug!(task = %shown(&delegation.task.task_id), %error, "failed to cancel a task at once");
            None
        }
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Delegate<T> {
    type Output = Result<TaskHandle<T>, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { handle, agent, task, timeout, result: _ } = self;
        let delegated = delegated(handle, agent, task, timeout);
        Box::pin(async move { delegated.await.map(TaskHandle::new) })
    }
}

/// A new task, with an unguessable id.
fn new_task(session: &Session, agent: &str, task: NewTask) -> Result<Task, DelegateError> {
    let agent = Identifier::parse(agent)?;
    if let Some(error) = task.error {
        return Err(DelegateError::InvalidTask(error));
    }
    let now = now_rfc3339();
    Ok(Task {
        task_id: Identifier::random(),
        from: session.id().as_str().to_owned(),
        to: agent.as_str().to_owned(),
        kind: task.skill.clone(),
        title: task.title.clone(),
        messages: task.into_messages(),
        status: TaskState::Submitted,
        result: None,
        error: None,
        artifacts: Vec::new(),
        created_at: now.clone(),
        updated_at: now,
    })
}

/// The rest of the calling handler's time.
fn inherited(handle: &SessionHandle) -> Option<Duration> {
    handle.scope().deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

async fn publish(session: &Session, delegation: &Delegation) -> Result<(), DelegateError> {
    // One of this process is whole.
    let Some(message) = delegation.message(session.namespace()) else { return Err(DelegateError::Abandoned) };
    let trace = delegation.trace();
    let span = spans::publish(&message.topic, session.id().as_str(), message.payload.len(), trace);
    let message = message.with_other_trace(spans::given(&span, trace).as_deref());
    let published = send(session, message, &delegation.task.to).instrument(span.clone()).await;
    let error = match &published {
        Ok(published) => unsent(&Ok(*published)),
        Err(error) => Some(error.kind()),
    };
    spans::ended(&span, error);
    let Published { no_subscribers } = published?;
    if no_subscribers {
        return Err(DelegateError::Unavailable { agent: delegation.task.to.to_string() });
    }
    Ok(())
}

/// Publishes a message to an agent, unless it is larger than the agent accepts.
async fn send(session: &Session, message: Message, agent: &str) -> Result<Published, DelegateError> {
    let message = session.for_receiver(message, session.namespace().agent_card(agent)).await;
    if let Some((size, limit)) = session.link().too_large(&message) {
        return Err(DelegateError::TooLarge { size, limit });
    }
    Ok(session.link().publish(message).await?)
}

/// Checks that the executor understands messages with an intent (`A2A-12`), by its card or by an update of the task:
/// other executors would run a cancellation as a task.
async fn takes_intents(session: &Session, delegation: &Delegation) -> Result<(), DelegateError> {
    // An update tells who works on it, and that this one understands.
    let understands = || session.delegations().understands(&delegation.executor());
    if understands() {
        return Ok(());
    }
    // What replicas share has no card; each of them has one.
    let agents =
        || std::iter::once(delegation.executor()).chain(session.delegations().replicas(delegation)).collect();
    match session.agent_card(agents, understands, Duration::MAX).await? {
        Some(card) if card.takes_intents => Ok(()),
        None if understands() => Ok(()),
        _ => Err(DelegateError::Unsupported { agent: delegation.executor().to_string() }),
    }
}

/// Sends a further message to a task's executor (`A2A-12`).
async fn further(session: &Session, delegation: &Delegation, said: TaskMessage) -> Result<(), DelegateError> {
    takes_intents(session, delegation).await?;
    session.delegations().said(delegation, &said);
    let message = || delegation.further(session.namespace(), said.clone());
    if send(session, message(), &delegation.executor()).await?.no_subscribers {
        return again_until_received(session, delegation, message).await;
    }
    Ok(())
}

/// Asks the executor of a task to end it (`A2A-12`), until that is received. `first`: it was sent once already.
async fn cancel_until_received(
    session: &Session,
    delegation: &Delegation,
    first: Option<Receipt>,
) -> Result<(), DelegateError> {
    let message = || delegation.cancel(session.namespace());
    let published = match first {
        Some(receipt) => receipt.await?,
        None => {
            takes_intents(session, delegation).await?;
            send(session, message(), &delegation.executor()).await?
        }
    };
    if published.no_subscribers { again_until_received(session, delegation, message).await } else { Ok(()) }
}

/// Sends a message about a task again until it has a receiver. An agent that is just reconnecting receives nothing for
/// a moment, and most brokers report that (0x10).
async fn again_until_received(
    session: &Session,
    delegation: &Delegation,
    message: impl Fn() -> Message,
) -> Result<(), DelegateError> {
    let delegations = session.delegations();
    let mut wait = RESEND;
    loop {
        crate::log::debug!(task = %shown(&delegation.task.task_id), agent = %shown(&delegation.executor()), "nobody received what was said about a task; it is sent again");
        tokio::select! {
            // It was received after all, or is of no use any more: the task's end says how it went.
            () = delegation.over() => return Ok(()),
            () = delegations.closed.cancelled() => return Err(DelegateError::Abandoned),
            () = tokio::time::sleep(wait) => wait = wait.saturating_mul(2).min(RESEND_MOST),
        }
        // It may be another replica by now.
        if !send(session, message(), &delegation.executor()).await?.no_subscribers {
            return Ok(());
        }
    }
}
