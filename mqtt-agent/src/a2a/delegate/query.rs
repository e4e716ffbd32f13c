//! Queries an agent for this client's tasks (`A2A-16`): [`ListTasks`], [`FindTask`] and [`Attach`].

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::handle::Delegated;
use super::results::take;
use super::{TaskHandle, send};
use crate::link::{Filter, Message};
use crate::session::{DelegateError, Names, Session, SessionHandle};
use crate::wire::{Identifier, TaskList, TaskQuery, TaskResult, TaskState, TaskSummary};

/// What the tasks of an agent are asked with.
#[derive(Debug)]
struct Asking {
    handle: SessionHandle,
    agent: String,
    timeout: Option<Duration>,
}

/// Lists the tasks that this client gave an agent, made by [`Client::tasks`](crate::Client::tasks). Await it for one page.
#[derive(Debug)]
#[must_use = "the agent is asked when this is awaited"]
pub struct ListTasks {
    asking: Asking,
    states: Vec<TaskState>,
    after: Option<String>,
    limit: Option<u64>,
}

/// One page of the tasks that a client gave an agent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskPage {
    /// The tasks, in the order in which the agent accepted them.
    pub tasks: Vec<TaskSummary>,
    /// If there are more tasks: the value for [`ListTasks::after`] to get the next page.
    pub next: Option<String>,
}

impl ListTasks {
    pub(crate) fn new(handle: SessionHandle, agent: String) -> Self {
        let asking = Asking { handle, agent, timeout: None };
        Self { asking, states: Vec::new(), after: None, limit: None }
    }

    /// Lists only tasks in these states. Default: all states.
    pub fn states(mut self, states: impl IntoIterator<Item = TaskState>) -> Self {
        self.states = states.into_iter().collect();
        self
    }

    /// Continues after a task: the value of [`TaskPage::next`].
    pub fn after(mut self, task_id: impl Into<String>) -> Self {
        self.after = Some(task_id.into());
        self
    }

    /// Sets how many tasks a page has at most. Default and maximum: 256. A page has fewer tasks if they take more than
    /// 60 KiB.
    pub fn limit(mut self, tasks: u64) -> Self {
        self.limit = Some(tasks);
        self
    }

    /// How long to wait for the answer. Default: the client's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.asking.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for ListTasks {
    type Output = Result<TaskPage, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { asking, states, after, limit } = self;
        Box::pin(async move {
            let after = after.map(|id| task_id(&id)).transpose()?;
            let from = asking.handle.session().id().as_str().to_owned();
            let mut query = TaskQuery { states, after, limit, ..TaskQuery::all(&from) };
            let until = asking.until();
            loop {
                let TaskList { tasks, next, .. } = asking.ask(&query, until).await?;
                // An agent looks at so many tasks for one answer, and none of them may be wanted.
                if tasks.is_empty() && next.is_some() && next != query.after {
                    query.after = next;
                    continue;
                }
                return Ok(TaskPage { tasks, next: next.map(|id| id.as_str().to_owned()) });
            }
        })
    }
}

/// Finds one task that this client gave an agent, made by [`Client::task`](crate::Client::task). Await it.
#[derive(Debug)]
#[must_use = "the agent is asked when this is awaited"]
pub struct FindTask {
    asking: Asking,
    task_id: String,
}

impl FindTask {
    pub(crate) fn new(handle: SessionHandle, agent: String, task_id: String) -> Self {
        Self { asking: Asking { handle, agent, timeout: None }, task_id }
    }

    /// How long to wait for the answer. Default: the client's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.asking.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for FindTask {
    type Output = Result<Option<TaskSummary>, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { asking, task_id } = self;
        Box::pin(async move { asking.one(self::task_id(&task_id)?, asking.until()).await })
    }
}

/// Gets the handle of a task that this client gave an agent, in this process or another, made by
/// [`Client::attach`](crate::Client::attach). Await it.
#[derive(Debug)]
#[must_use = "the agent is asked when this is awaited"]
pub struct Attach<T = Value> {
    asking: Asking,
    task_id: String,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Attach<T> {
    pub(crate) fn new(handle: SessionHandle, agent: String, task_id: String) -> Self {
        Self { asking: Asking { handle, agent, timeout: None }, task_id, result: PhantomData }
    }

    /// Sets the type of the result, for [`TaskHandle::result`].
    pub fn returning<U: DeserializeOwned>(self) -> Attach<U> {
        let Self { asking, task_id, result: _ } = self;
        Attach { asking, task_id, result: PhantomData }
    }

    /// Sets how long to wait for the agent's answer; the handle waits for the task itself. Default: the client's
    /// timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.asking.timeout = Some(timeout);
        self
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Attach<T> {
    type Output = Result<TaskHandle<T>, DelegateError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { asking, task_id, result: _ } = self;
        let attached = attached(asking, task_id);
        Box::pin(async move { attached.await.map(TaskHandle::new) })
    }
}

/// The same for all types of results: compiled once.
fn attached(asking: Asking, task_id: String) -> BoxFuture<'static, Result<Delegated, DelegateError>> {
    Box::pin(async move {
        let until = asking.until();
        asking.within(until, attached_until(&asking, self::task_id(&task_id)?, until)).await
    })
}

async fn attached_until(
    asking: &Asking,
    task_id: Identifier,
    until: Instant,
) -> Result<Delegated, DelegateError> {
    let session = asking.handle.session();
    let receiving = session.watch_agents().await?;
    let (from, to) = (session.id().as_str(), asking.agent.as_str());
    let topic = session.namespace().task_result(task_id.as_str());
    // Before it is asked where the task is, which may end in this moment: its end goes to the results of this client, or
    // where somebody waited for it.
    let result = session.link().subscribe_one(Filter::new(topic.clone()), receiving.handler()).await?;
    let names = Names { task_id: task_id.clone(), from: from.into(), to: to.into() };
    let is_attached = || DelegateError::Attached { task_id: task_id.to_string() };
    let (delegation, waiting) = session.delegations().attach(names, topic).ok_or_else(is_attached)?;
    // Dropped on every way out, it is as it was.
    let attached = Delegated::new(asking.handle.clone(), Arc::clone(&delegation), waiting, Some(result));
    if session.delegations().is_unclaimed(&delegation).await? {
        // Its end is here, and from now on for this handle alone.
        let unread = session.delegations().claim(&task_id).ok_or_else(is_attached)?;
        let task = take(session, unread).await?.ok_or_else(is_attached)?;
        session.delegations().told(TaskResult::of(&task, &asking.agent));
        return Ok(attached);
    }
    let Some(found) = asking.one(task_id.clone(), until).await? else {
        return Err(DelegateError::UnknownTask { task_id: task_id.to_string(), agent: asking.agent.clone() });
    };
    let is_told = found.result.is_some() || found.error.is_some() || found.status != TaskState::Completed;
    if found.status.is_terminal() && is_told {
        session.delegations().told(ended(found, &asking.agent));
    } else {
        // Where it is, and what it asks; or the end again, which no answer held.
        session.link().publish(delegation.question(session.namespace())).await?;
    }
    Ok(attached)
}

/// What an agent says of a task that has ended.
fn ended(task: TaskSummary, agent: &str) -> TaskResult {
    let TaskSummary { task_id, status, result, error, updated_at, .. } = task;
    let mut end = TaskResult::update(task_id, status, agent, 0);
    (end.seq, end.result, end.error) = (None, result, error);
    end.completed_at = Some(updated_at);
    end
}

fn task_id(text: &str) -> Result<Identifier, DelegateError> {
    Identifier::parse(text).map_err(|error| DelegateError::InvalidTask(format!("its id: {error}")))
}

impl Asking {
    async fn one(&self, task_id: Identifier, until: Instant) -> Result<Option<TaskSummary>, DelegateError> {
        let query = TaskQuery::one(task_id.clone(), self.handle.session().id().as_str());
        let list = self.ask(&query, until).await?;
        Ok(list.tasks.into_iter().find(|task| task.task_id == task_id))
    }

    /// Until when the answer is waited for.
    fn until(&self) -> Instant {
        self.handle.deadline(self.timeout)
    }

    async fn ask(&self, query: &TaskQuery, until: Instant) -> Result<TaskList, DelegateError> {
        let agent = Identifier::parse(&self.agent)?;
        self.within(until, answered(self.handle.session(), agent.as_str(), query, until)).await
    }

    /// Waits for what needs the agent's answer: until then, and for as long as anybody wants it.
    async fn within<T>(
        &self,
        until: Instant,
        answer: impl Future<Output = Result<T, DelegateError>>,
    ) -> Result<T, DelegateError> {
        let (session, scope) = (self.handle.session(), self.handle.scope());
        let began = Instant::now();
        tokio::select! {
            biased;
            () = scope.cancelled() => Err(DelegateError::Abandoned),
            answer = answer => answer,
            () = session.delegations().closed.cancelled() => Err(DelegateError::Abandoned),
            () = tokio::time::sleep_until(until.into()) => {
                Err(DelegateError::Unanswered { agent: self.agent.clone(), after: began.elapsed() })
            }
        }
    }
}

async fn answered(
    session: &Session,
    agent: &str,
    query: &TaskQuery,
    until: Instant,
) -> Result<TaskList, DelegateError> {
    session.receive_results().await?;
    // Another one would run it as a task.
    let within = until.saturating_duration_since(Instant::now()) / 2;
    let Some(card) = session.agent_card(|| vec![agent.into()], || false, within).await? else {
        return Err(DelegateError::Unavailable { agent: agent.to_owned() });
    };
    if !card.takes_queries {
        return Err(DelegateError::NoQueries { agent: agent.to_owned() });
    }
    let mut question = session.queries().ask();
    let results = session.namespace().results(session.id().as_str());
    let message = Message::json(session.namespace().inbox(agent), query.to_bytes())
        .with_response(results, question.id().as_str().to_owned())
        .with_expiry(until.saturating_duration_since(Instant::now()));
    if send(session, message, agent).await?.no_subscribers {
        return Err(DelegateError::Unavailable { agent: agent.to_owned() });
    }
    let payload = question.answer().await.ok_or(DelegateError::Abandoned)?;
    TaskList::read(&payload).map_err(|error| DelegateError::InvalidAnswer { message: error.to_string() })
}
