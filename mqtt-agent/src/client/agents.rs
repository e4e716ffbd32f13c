//! What a [`Client`] finds and asks of agents (`A2A-3`, `A2A-7`).

use std::sync::Arc;

use serde_json::Value;

use super::Client;
use crate::a2a::{Delegate, DelegateError, FindAgent, ListAgents, NewTask, Results, TaskRequest};

impl Client {
    /// The agents that are online (`A2A-3`): collects cards and statuses for one second, or
    /// [`window`](ListAgents::window); [`watch`](ListAgents::watch) tells of changes.
    pub fn agents(&self) -> ListAgents {
        ListAgents::new(Arc::clone(self.session()))
    }

    /// One agent's card, its status as it is now. Needs no right to a wildcard subscription.
    pub fn agent(&self, id: impl Into<String>) -> FindAgent {
        FindAgent::new(Arc::clone(self.session()), id.into())
    }
}

impl Client {
    /// Asks an agent for a task and returns when the broker has it (`A2A-7`, *delegate*). The result comes whenever it
    /// comes, to the [`TaskHandle`](crate::a2a::TaskHandle) or to [`Client::results`], in a later process too where the client has a durable
    /// store.
    ///
    /// The agent may be offline: the broker keeps the task for as long as the agent's session. Dropping the future before
    /// the broker has acknowledged the task withdraws it: nothing more is heard of it, and where it was not on its way yet it
    /// is not sent.
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
        TaskRequest::new(self.handle().clone(), agent.into(), task.into())
    }

    /// The delegated tasks that ended with nobody who waited for them, those of an earlier process among them where the
    /// client has a durable store.
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
