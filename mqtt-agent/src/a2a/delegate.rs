//! Asking other agents for tasks (`A2A-7`): [`Delegate`] returns at once, [`TaskRequest`] waits for the result.
//!
//! What is asked for is kept in [`book`] until it has ended; [`receive`] takes what comes back.

mod book;
mod error;
mod handle;
mod new_task;
mod receive;

pub(crate) use book::Delegations;
pub use error::DelegateError;
pub use handle::{Results, TaskHandle, TaskUpdate};
pub use new_task::NewTask;
pub(crate) use receive::Receiving;

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::store::{TaskRecord, TaskSide};
use crate::client::{Client, Core};
use crate::deadline;
use crate::link::{Filter, Message, Published, Subscription};
use crate::wire::{Identifier, Intent, Task, TaskError, TaskState, now_rfc3339};
use book::{Asked, Waiting, epoch};
use error::outcome;

/// A task that is to be delegated, made by [`Client::delegate`]. Await it: the broker has the task then.
#[derive(Debug)]
#[must_use = "a task is delegated when this is awaited"]
pub struct Delegate {
    client: Client,
    agent: String,
    task: NewTask,
    deadline: Option<Duration>,
}

impl Delegate {
    pub(crate) fn new(client: Client, agent: String, task: NewTask) -> Self {
        Self { client, agent, task, deadline: None }
    }

    /// How long the agent has for it: not begun or not ended by then, it fails. Travels as Message Expiry Interval.
    /// Default: no limit but the skill's own; inside of a handler, what is left of the handler's time.
    pub fn deadline(mut self, within: Duration) -> Self {
        self.deadline = Some(within);
        self
    }

    async fn send(self) -> Result<TaskHandle, DelegateError> {
        let Self { client, agent, task, deadline } = self;
        let core = Arc::clone(client.core());
        let task = new_task(&core, &agent, task)?;
        core.receive_results().await?;
        let trace = client.scope().trace.clone();
        let mut record = TaskRecord::new(task.clone());
        record.updates = true;
        let within = deadline.or_else(|| inherited(&client));
        let until = within.map(deadline::within);
        record.deadline_ms = within.map(deadline::ms_within);
        record.traceparent = trace.as_ref().map(|trace| trace.traceparent().to_owned());
        record.tracestate = trace.as_ref().and_then(|trace| trace.tracestate().map(str::to_owned));
        // Stored before it is sent: a result always finds its owner.
        let delegations = core.delegations();
        delegations.store().insert(TaskSide::Delegator, record.clone()).await?;
        let (asked, waiting) = Asked::new(task, core.namespace(), None, trace, until, true);
        delegations.enter(&asked);
        if let Err(error) = publish(&core, &asked).await {
            delegations.forget(&asked.task.task_id);
            record.task.status = TaskState::Failed;
            record.task.error = Some(TaskError::new("unavailable", error.to_string()));
            record.settled = true;
            delegations.store().update(TaskSide::Delegator, record).await?;
            return Err(error);
        }
        Ok(TaskHandle::new(client, asked, waiting))
    }
}

impl IntoFuture for Delegate {
    type Output = Result<TaskHandle, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A task that is asked for and waited for, made by [`Client::request`]. Await it for the result.
#[derive(Debug)]
#[must_use = "a task is asked for when this is awaited"]
pub struct TaskRequest<T> {
    client: Client,
    agent: String,
    task: NewTask,
    timeout: Option<Duration>,
    cancel_on_drop: bool,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> TaskRequest<T> {
    pub(crate) fn new(client: Client, agent: String, task: NewTask) -> Self {
        Self { client, agent, task, timeout: None, cancel_on_drop: false, result: PhantomData }
    }

    /// The type of the result. Any that serde reads; [`DelegateError::UnexpectedResult`] when the result doesn't fit.
    pub fn returning<U: DeserializeOwned>(self) -> TaskRequest<U> {
        let Self { client, agent, task, timeout, cancel_on_drop, result: _ } = self;
        TaskRequest { client, agent, task, timeout, cancel_on_drop, result: PhantomData }
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
        let until = self.client.deadline(self.timeout);
        let Self { client, agent, task, cancel_on_drop, .. } = self;
        Box::pin(async move {
            let result = requested(client, agent, task, until, cancel_on_drop).await?;
            serde_json::from_value(result).map_err(DelegateError::UnexpectedResult)
        })
    }
}

/// The request as far as it is the same for all types: compiled once.
fn requested(
    client: Client,
    agent: String,
    task: NewTask,
    until: Instant,
    cancel_on_drop: bool,
) -> BoxFuture<'static, Result<Value, DelegateError>> {
    Box::pin(async move {
        let began = Instant::now();
        let core = Arc::clone(client.core());
        let task = new_task(&core, &agent, task)?;
        let task_id = task.task_id.clone();
        let asking = async {
            core.receive_results().await?;
            let topic = core.namespace().task_result(task_id.as_str());
            let trace = client.scope().trace.clone();
            let until = inherited(&client).map(deadline::within);
            let (asked, waiting) =
                Asked::new(task, core.namespace(), Some(topic.clone()), trace, until, false);
            // Dropped on every way out: unsubscribes, forgets, and cancels where that was asked for.
            let mut waiting =
                Requested { core: Arc::clone(&core), asked, waiting, cancel: false, _result: None };
            core.delegations().enter(&waiting.asked);
            // Granted before the task is sent (A2A-7).
            let sink = core.receive_results().await?.sink();
            waiting._result = Some(core.link().subscribe_one(Filter::new(topic), sink).await?);
            waiting.cancel = cancel_on_drop;
            publish(&core, &waiting.asked).await?;
            let end = waiting.waiting.end.wait_for(Option::is_some).await;
            let end = end.ok().and_then(|end| end.clone()).ok_or(DelegateError::Abandoned)?;
            waiting.cancel = false;
            outcome(end)
        };
        tokio::select! {
            biased;
            outcome = asking => outcome,
            () = client.scope().cancelled() => Err(DelegateError::Abandoned),
            () = tokio::time::sleep_until(until.into()) => {
                Err(DelegateError::Timeout { task_id: task_id.to_string(), agent, after: began.elapsed() })
            }
        }
    })
}

/// A request while it is waited for.
struct Requested {
    core: Arc<Core>,
    asked: Arc<Asked>,
    waiting: Waiting,
    cancel: bool,
    _result: Option<Subscription>,
}

impl Drop for Requested {
    fn drop(&mut self) {
        self.core.delegations().forget(&self.asked.task.task_id);
        if self.cancel {
            let topic = self.core.namespace().inbox(self.asked.executor());
            let message = Message::json(topic, handle::about(&self.asked, Intent::Cancel).to_bytes());
            if let Err(error) = self.core.link().try_enqueue(message) {
                tracing::warn!(task = %self.asked.task.task_id, %error, "a task was not cancelled");
            }
        }
    }
}

/// A task of ours, with an id that nobody can guess.
fn new_task(core: &Core, agent: &str, task: NewTask) -> Result<Task, DelegateError> {
    let agent = Identifier::parse(agent)?;
    if let Some(error) = task.error {
        return Err(DelegateError::InvalidTask(error));
    }
    let now = now_rfc3339();
    Ok(Task {
        task_id: Identifier::random(),
        from: core.id().as_str().to_owned(),
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

/// What is left of the time of the handler that asks.
fn inherited(client: &Client) -> Option<Duration> {
    client.scope().deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

async fn publish(core: &Core, asked: &Asked) -> Result<(), DelegateError> {
    let message = asked.message();
    let limits = core.link().check_peer_size(&message);
    limits.map_err(|(size, limit)| DelegateError::TooLarge { size, limit })?;
    asked.epoch.store(epoch(core.link()), Ordering::Release);
    match core.link().publish(message).await? {
        Published { no_subscribers: true } => {
            Err(DelegateError::Unavailable { agent: asked.task.to.clone() })
        }
        Published { no_subscribers: false } => Ok(()),
    }
}

impl Client {
    /// Asks an agent for a task and returns when the broker has it (`A2A-7`, *delegate*). The result comes whenever it
    /// comes, to the [`TaskHandle`] or to [`Client::results`], in a later process too where the client has a durable
    /// store.
    ///
    /// The agent may be offline: the broker keeps the task for as long as the agent's session.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::a2a::DelegateError> {
    /// let mut task = client.delegate("writer", "Write a poem about brokers.").await?;
    /// println!("{}", task.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delegate(&self, agent: impl Into<String>, task: impl Into<NewTask>) -> Delegate {
        Delegate::new(self.clone(), agent.into(), task.into())
    }

    /// Asks an agent for a task and waits for its result (`A2A-7`, *request*): 30 s where neither
    /// [`timeout`](TaskRequest::timeout) nor the client says otherwise.
    ///
    /// Dropping it does not cancel the task, for tasks outlive who asked for them;
    /// [`cancel_on_drop`](TaskRequest::cancel_on_drop) makes it so.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::a2a::DelegateError> {
    /// use std::time::Duration;
    ///
    /// let poem: String =
    ///     client.request("writer", "Write a poem.").timeout(Duration::from_secs(60)).returning().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, agent: impl Into<String>, task: impl Into<NewTask>) -> TaskRequest<Value> {
        TaskRequest::new(self.clone(), agent.into(), task.into())
    }

    /// The delegated tasks that ended with nobody who waited for them, those of an earlier process among them where the
    /// client has a durable store.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Subscribe`] when the broker does not grant the subscription to the results,
    /// [`DelegateError::Store`] when the store cannot be read.
    pub async fn results(&self) -> Result<Results, DelegateError> {
        self.core().receive_results().await?;
        Ok(Results::new(self.clone()))
    }
}
