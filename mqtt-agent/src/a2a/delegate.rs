//! Asking other agents for tasks (`A2A-7`): [`Delegate`] returns at once, [`TaskRequest`] waits for the result.
//!
//! What is asked for is kept in [`book`] until it has ended, an entry is an [`asked::Asked`]; [`receive`] takes what comes
//! back, [`again`] sends once more what may have been lost, and [`request`] waits.

mod again;
mod asked;
mod book;
mod error;
mod handle;
mod new_task;
mod receive;
mod request;
mod unclaimed;

pub(crate) use book::Delegations;
pub use error::DelegateError;
pub use handle::{Results, TaskHandle, TaskUpdate};
pub use new_task::NewTask;
pub(crate) use receive::Receiving;
pub use request::TaskRequest;

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;

use super::store::{TaskRecord, TaskSide};
use crate::client::{Client, Core};
use crate::deadline;
use crate::link::{Message, Published};
use crate::spawn;
use crate::wire::{Identifier, Task, TaskError, TaskState, now_rfc3339};
use asked::Asked;

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
    ///
    /// When nothing at all is heard of it within 5 s after the deadline it fails here, with the code `unheard`.
    pub fn deadline(mut self, within: Duration) -> Self {
        self.deadline = Some(within);
        self
    }

    async fn send(self) -> Result<TaskHandle, DelegateError> {
        let Self { client, agent, task, deadline } = self;
        let core = Arc::clone(client.core());
        let task = new_task(&core, &agent, task)?;
        core.watch_agents().await?;
        let mut record = TaskRecord::new(task);
        record.updates = true;
        record.deadline_ms = deadline.or_else(|| inherited(&client)).map(deadline::ms_within);
        if let Some(trace) = &client.scope().trace {
            record.traceparent = Some(trace.traceparent().to_owned());
            record.tracestate = trace.tracestate().map(str::to_owned);
        }
        let delegations = core.delegations();
        // Stored before it is sent: a result always finds its owner.
        delegations.store().insert(TaskSide::Delegator, record.clone()).await?;
        let (asked, waiting) = Asked::of(record);
        let mut leaving = Leaving { core: Arc::clone(&core), asked: Some(Arc::new(asked)) };
        let Some(asked) = leaving.asked.clone() else { return Err(DelegateError::Abandoned) };
        delegations.about_to_send(&asked, core.link());
        if let Err(error) = publish(&core, &asked).await {
            let stored = delegations.withdraw(&asked, TaskError::new("unavailable", error.to_string())).await;
            leaving.asked = None;
            if let Err(error) = stored {
                tracing::warn!(task = %asked.task.task_id, %error, "that a task was not sent was not stored");
            }
            return Err(error);
        }
        leaving.asked = None;
        // The broker has it: dropped from here on, its result goes to `Results`.
        let handle = TaskHandle::new(client, asked, waiting);
        delegations.note_sent(handle.asked()).await;
        Ok(handle)
    }
}

/// A task that is being delegated: left before the broker has it, it is withdrawn.
struct Leaving {
    core: Arc<Core>,
    asked: Option<Arc<Asked>>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        self.core.delegations().forget(&asked.task.task_id);
        let Ok(runtime) = Handle::try_current() else { return };
        let core = Arc::clone(&self.core);
        let withdraw = async move {
            let error = TaskError::new("unavailable", "nobody waited until it was sent");
            if let Err(error) = core.delegations().withdraw(&asked, error).await {
                tracing::warn!(task = %asked.task.task_id, %error, "that a task was withdrawn was not stored");
            }
        };
        spawn::tracked_on(&self.core.delegations().tasks, withdraw, &runtime);
    }
}

impl IntoFuture for Delegate {
    type Output = Result<TaskHandle, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
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
    let Published { no_subscribers } = send(core, asked.message(core.namespace()), &asked.task.to).await?;
    if no_subscribers {
        return Err(DelegateError::Unavailable { agent: asked.task.to.clone() });
    }
    Ok(())
}

/// Publishes what an agent is to receive, if that takes as much.
async fn send(core: &Core, message: Message, agent: &str) -> Result<Published, DelegateError> {
    let message = core.for_receiver(message, core.namespace().agent_card(agent)).await;
    if let Some((size, limit)) = core.link().too_large(&message) {
        return Err(DelegateError::TooLarge { size, limit });
    }
    Ok(core.link().publish(message).await?)
}

impl Client {
    /// Asks an agent for a task and returns when the broker has it (`A2A-7`, *delegate*). The result comes whenever it
    /// comes, to the [`TaskHandle`] or to [`Client::results`], in a later process too where the client has a durable
    /// store.
    ///
    /// The agent may be offline: the broker keeps the task for as long as the agent's session. Dropping the future before
    /// the broker has acknowledged the task withdraws it: nothing more is heard of it, and where it was not on its way yet it
    /// is not sent.
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
