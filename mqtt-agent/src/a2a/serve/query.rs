//! Answers a delegator's queries for its tasks (`A2A-16`).

use std::sync::Arc;
use std::time::Instant;

use super::Executor;
use super::execution::first_seq;
use crate::json;
use crate::link::{Ack, Inbound, Message};
use crate::log_rate::limited;
use crate::serve::ReplyTo;
use crate::shown::shown;
use crate::spawn;
use crate::store::{StoreError, TaskRecord, TaskSide};
use crate::wire::{Identifier, TaskList, TaskQuery, TaskSummary};

/// How many queries are looked up at once; more wait.
pub(super) const AT_ONCE: usize = 4;

/// How many are looked up or wait for that. More are dropped: they must not take the room of tasks.
pub(super) const WAITING: usize = 256;

/// How many records are read at once.
const PAGE: usize = 64;

/// How many records are looked at for one answer: the requester goes on after them, and others have their turn.
const LOOKED_AT: usize = 1024;

/// How many tasks one answer has at the most.
const MOST: usize = 256;

/// How many bytes of tasks a list has: no receiver's limit has to be looked up for so many (`SUB-14`).
const BYTES: usize = 60 << 10;

impl Executor {
    /// Takes a query. Its answer goes to the results of the requester, and nowhere else: only that topic can be bound to
    /// them (`SUB-7`).
    pub(super) fn query(self: &Arc<Self>, inbound: &Inbound, ack: Ack, query: TaskQuery) {
        let topic = inbound.properties.response_topic.as_deref().unwrap_or_default();
        let namespace = self.handle.session().namespace();
        let Some(owner) = namespace.owner_of_results(topic).map(str::to_owned) else {
            limited!(warn, "dropped a query whose reply topic is not for results", topic = %shown(topic));
            return ack.refused();
        };
        let place = match Arc::clone(&self.asked).try_acquire_owned() {
            Ok(place) if !self.is_flooded() => place,
            _ => {
                limited!(warn, "dropped a query: too many are pending", topic = %shown(topic));
                return ack.refused();
            }
        };
        let reply_to = ReplyTo::with(topic.to_owned(), &inbound.properties);
        // Nothing is owed but an answer; who gets none asks again.
        ack.in_memory();
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            let _place = place;
            let Ok(_turn) = executor.queries.acquire().await else { return };
            let list = match executor.list(&owner, &query).await {
                Ok(list) => list,
                Err(error) => {
                    return limited!(warn, "failed to answer a query", topic = %shown(reply_to.topic()), %error);
                }
            };
            let answer = executor.answer(&reply_to, list, &owner).await;
            if let Err(error) = executor.link.publish(answer).await {
                limited!(warn, "failed to answer a query", topic = %shown(reply_to.topic()), %error);
            }
        });
    }

    /// The answer; a result that it doesn't hold is left out.
    async fn answer(&self, reply_to: &ReplyTo, mut list: TaskList, owner: &str) -> Message {
        // A broker does not keep it for somebody who is away.
        let message = |list: &TaskList| reply_to.message_until(list.to_bytes(), Instant::now());
        let answer = self.for_sender(message(&list), owner).await;
        if self.link.too_large(&answer).is_none() {
            return answer;
        }
        list.tasks.iter_mut().for_each(|task| task.result = None);
        message(&list).for_receiver(answer.receiver_limit)
    }

    async fn list(&self, owner: &str, query: &TaskQuery) -> Result<TaskList, StoreError> {
        // A claim of somebody else's tasks is one of none.
        if query.from.as_deref().is_some_and(|from| from != owner) {
            return Ok(TaskList::new(Vec::new(), None));
        }
        let Some(task_id) = &query.task_id else { return self.page(owner, query).await };
        let record = self.store.get(TaskSide::Executor, task_id.as_str()).await?;
        let task = match record.filter(|record| record.task.from == owner) {
            Some(record) => Some(self.now(record).await),
            None => None,
        };
        Ok(TaskList::new(task.into_iter().collect(), None))
    }

    /// As many tasks as one answer holds, of those that are looked at for one.
    async fn page(&self, owner: &str, query: &TaskQuery) -> Result<TaskList, StoreError> {
        let limit = query.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST).clamp(1, MOST);
        let (mut tasks, mut bytes) = (Vec::new(), 0_usize);
        let mut after = query.after.clone();
        let mut looked_at = 0_usize;
        loop {
            let from = after.as_ref().map(Identifier::as_str);
            let page = self.store.of_sender(TaskSide::Executor, owner, from, PAGE).await?;
            let is_last = page.len() < PAGE;
            for record in page {
                let id = record.task.task_id.clone();
                let mut task = self.now(record).await;
                if query.states.is_empty() || query.states.contains(&task.status) {
                    if size(&task) > BYTES {
                        // A query of this one gets it.
                        task.result = None;
                    }
                    let size = size(&task);
                    if !tasks.is_empty() && (tasks.len() >= limit || bytes.saturating_add(size) > BYTES) {
                        return Ok(TaskList::new(tasks, after));
                    }
                    bytes = bytes.saturating_add(size);
                    tasks.push(task);
                }
                after = Some(id);
            }
            looked_at = looked_at.saturating_add(PAGE);
            match is_last {
                true => return Ok(TaskList::new(tasks, None)),
                false if looked_at >= LOOKED_AT => return Ok(TaskList::new(tasks, after)),
                false => {}
            }
        }
    }

    /// Where a task is that the store has: as its executor knows, but for an end that is not stored yet.
    async fn now(&self, record: TaskRecord) -> TaskSummary {
        let live = self.live().get(&record.task.task_id).cloned();
        let Some(work) = live else { return summary(&record, first_seq(record.starts)) };
        let now = work.snapshot().await;
        let record = if now.task.status.is_terminal() { &record } else { &*now };
        summary(record, work.coming_seq())
    }
}

fn summary(record: &TaskRecord, seq: u64) -> TaskSummary {
    let task = &record.task;
    TaskSummary {
        task_id: task.task_id.clone(),
        from: task.from.clone(),
        kind: task.kind.clone(),
        status: task.status,
        seq,
        created_at: task.created_at.clone(),
        updated_at: task.updated_at.clone(),
        result: task.result.clone(),
        error: task.error.clone(),
    }
}

/// How many bytes a task takes in an answer.
fn size(task: &TaskSummary) -> usize {
    json::size(task).unwrap_or_else(|size| size).saturating_add(1)
}
