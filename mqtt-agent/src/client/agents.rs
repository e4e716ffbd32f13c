//! Finding agents and delegating tasks with a [`Client`] (`A2A-3`, `A2A-7`).

use std::sync::Arc;

use serde_json::Value;

use super::Client;
use crate::a2a::{
    Attach, Delegate, DelegateError, FindAgent, FindTask, ListAgents, ListTasks, NewTask, Results,
    TaskRequest,
};

impl Client {
    /// Lists the agents that are online (`A2A-3`): collects cards and statuses for one second, or for
    /// [`window`](ListAgents::window), and while they still arrive for 10 s at most. [`watch`](ListAgents::watch) reports changes.
    pub fn agents(&self) -> ListAgents {
        ListAgents::new(Arc::clone(self.session()))
    }

    /// Finds the card of one agent, with its current status. Does not need the right to subscribe to wildcards.
    pub fn agent(&self, id: impl Into<String>) -> FindAgent {
        FindAgent::new(Arc::clone(self.session()), id.into())
    }
}

impl Client {
    /// Gives a task to an agent and returns when the broker has it (`A2A-7`, *delegate*). The result arrives later at
    /// the [`TaskHandle`](crate::a2a::TaskHandle) or at [`Client::results`]; with a durable store also in a later
    /// process.
    ///
    /// The agent may be offline: the broker keeps the task for as long as the agent's session. Dropping the future
    /// before the broker has acknowledged the task withdraws it: its result is not reported, and if it was not sent
    /// yet, it is never sent.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::a2a::DelegateError> {
    /// let mut task = client.delegate("writer", "Write a poem about brokers.").returning::<String>().await?;
    /// println!("{}", task.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delegate(&self, agent: impl Into<String>, task: impl Into<NewTask>) -> Delegate<Value> {
        Delegate::new(self.handle().clone(), agent.into(), task.into())
    }

    /// Gives a task to an agent and waits for its result (`A2A-7`, *request*): for 30 s unless
    /// [`timeout`](TaskRequest::timeout) or the client's timeout sets another limit.
    ///
    /// Dropping the future does not cancel the task, unless [`cancel_on_drop`](TaskRequest::cancel_on_drop) is set.
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
        TaskRequest::new(self.handle().clone(), agent.into(), task.into())
    }

    /// Lists the tasks that this client gave an agent, running and ended, from any process with this client's id
    /// (`A2A-16`). Returns one page. If the agent's card says that it does not answer queries, the error is
    /// [`DelegateError::NoQueries`], at once.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client) -> Result<(), mqtt_agent::a2a::DelegateError> {
    /// use mqtt_agent::wire::TaskState;
    ///
    /// let mut page = client.tasks("writer").states([TaskState::Working]).await?;
    /// while let Some(next) = page.next.take() {
    ///     println!("{} tasks", page.tasks.len());
    ///     page = client.tasks("writer").states([TaskState::Working]).after(next).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn tasks(&self, agent: impl Into<String>) -> ListTasks {
        ListTasks::new(self.handle().clone(), agent.into())
    }

    /// Finds one task that this client gave an agent, running or ended (`A2A-16`); `None` if the agent has no task of
    /// that id from this client.
    pub fn task(&self, agent: impl Into<String>, task_id: impl Into<String>) -> FindTask {
        FindTask::new(self.handle().clone(), agent.into(), task_id.into())
    }

    /// Returns the handle of a task that this client gave an agent, in this process or an earlier one with its id
    /// (`A2A-16`). If the task has ended, the handle has its result at once. Updates arrive if the delegator asked for
    /// them, as [`delegate`](Self::delegate) does.
    ///
    /// Dropping the handle changes nothing.
    ///
    /// ```no_run
    /// # async fn run(client: mqtt_agent::Client, id: String) -> Result<(), mqtt_agent::a2a::DelegateError> {
    /// let mut task = client.attach("writer", id).returning::<String>().await?;
    /// println!("{}", task.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn attach(&self, agent: impl Into<String>, task_id: impl Into<String>) -> Attach<Value> {
        Attach::new(self.handle().clone(), agent.into(), task_id.into())
    }

    /// The delegated tasks that ended while nothing waited for them. With a durable store this includes tasks of an
    /// earlier process.
    ///
    /// # Errors
    ///
    /// [`DelegateError::Subscribe`] when the broker does not grant the subscription to the results,
    /// [`DelegateError::Store`] when the store cannot be read.
    pub async fn results(&self) -> Result<Results, DelegateError> {
        self.session().receive_results().await?;
        Ok(Results::new(self.handle().clone()))
    }
}
