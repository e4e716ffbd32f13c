//! The agent's inbox (`A2A-6`, `A2A-12`): a message becomes a stored task, a further message of a task, or a task's
//! cancellation.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::keeping::HOLD;
use super::ledger::Standing;
use super::machine::Event;
use super::{Execution, Executor, READING, ReadySkill, recover};
use crate::deadline;
use crate::handler::refusal::{busy, unavailable};
use crate::json;
use crate::link::{Ack, Inbound, Inbox};
use crate::log_rate::limited;
use crate::serve::{Admitted, correlated_id};
use crate::shown::shown;
use crate::spawn;
use crate::store::{StoreError, Stored, TaskRecord, TaskSide};
use crate::wire::{
    ErrorKind, Identifier, Intent, Task, TaskError, TaskNotification, TaskQuery, TaskState, TraceContext,
    codes,
};

/// Reads the inbox, one message after the other. What takes time is done by tasks of their own.
///
/// What was not read at the end is left to the session: the broker keeps it for the agent's next start.
pub(super) async fn read(executor: Arc<Executor>, mut inbox: Inbox) {
    loop {
        let message = tokio::select! {
            biased;
            () = executor.closing.cancelled() => return,
            message = inbox.recv() => message,
        };
        match message {
            Some((inbound, ack)) => executor.take(inbound, ack),
            None => return,
        }
    }
}

/// Where a task came from, as far as that matters for its answer.
struct Origin {
    reply_topic: Option<String>,
    correlation: Option<Vec<u8>>,
    trace: Option<TraceContext>,
    expiry: Option<Duration>,
}

/// A message about a task that was given before.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) notification: TaskNotification,
    /// The broker says that it sent the message before.
    redelivered: bool,
    /// How long its acknowledgement may wait, wherever it waits.
    pub(super) until: Instant,
}

impl Executor {
    fn take(self: &Arc<Self>, inbound: Inbound, ack: Ack) {
        let ack = ack.or_leave();
        let topic = inbound.topic();
        if inbound.retain {
            limited!(warn, "dropped a retained inbox message: tasks must not be retained", topic = %shown(topic));
            return ack.refused();
        }
        // At QoS 0 there are no acknowledgements that would hold a flood back. What has one is never dropped: its
        // sender relies on it.
        if !ack.is_awaited() && self.is_flooded() {
            limited!(warn, "dropped an inbox message at QoS 0: too many are pending", topic = %shown(topic));
            return ack.refused();
        }
        let waits = self.stopping.is_cancelled() && !self.store.is_durable();
        if inbound.is_poison && !waits {
            limited!(error, "refused an inbox message that could not be taken three times", topic = %shown(topic));
            return self.refuse_unread(&inbound, ack, "the agent could not take the task; give it again");
        }
        let notification = match TaskNotification::read(&inbound.payload) {
            Ok(TaskNotification { intent: Intent::Query, .. }) => return self.asked(&inbound, ack),
            Ok(notification) => notification,
            // One of all tasks names none.
            Err(_) if matches!(TaskQuery::read(&inbound.payload), Ok(Some(_))) => {
                return self.asked(&inbound, ack);
            }
            Err(error) => {
                limited!(warn, "refused an inbox message", topic = %shown(topic), %error);
                return self.refuse_unread(&inbound, ack, &error.to_string());
            }
        };
        if let Some(to) = notification.to.as_deref()
            && to != self.agent
            && to != self.id.as_str()
        {
            limited!(warn, "dropped a message for another agent", topic = %shown(topic), to = %shown(to));
            return ack.refused();
        }
        let from = notification.from.as_deref().filter(|from| !from.is_empty());
        if let Some(Err(error)) = from.map(Identifier::parse) {
            // A claim becomes part of topics; it has to be an identifier (SUB-4).
            limited!(warn, "dropped a message whose `from` is not a valid identifier", topic = %shown(topic), %error);
            return ack.refused();
        }
        match notification.intent {
            // A word of another peer's: its message is a task (A2A-12).
            Intent::Task | Intent::Query | Intent::Other(_) => self.task(&inbound, ack, notification),
            Intent::Message | Intent::Cancel => {
                let (redelivered, until) = (inbound.is_again, Instant::now() + HOLD);
                self.about_some(ack, About { notification, redelivered, until });
            }
        }
    }

    /// A query (`A2A-16`).
    fn asked(self: &Arc<Self>, inbound: &Inbound, ack: Ack) {
        match TaskQuery::read(&inbound.payload) {
            Ok(Some(query)) => self.query(inbound, ack, query),
            Ok(None) => ack.refused(),
            Err(error) => {
                limited!(warn, "dropped a query", topic = %shown(inbound.topic()), %error);
                ack.refused();
            }
        }
    }

    /// A message about a task that was given before, which is read first where that was not done.
    fn about_some(self: &Arc<Self>, ack: Ack, about: About) {
        if self.pending.contains(&about.notification.task_id) {
            return self.taken_up_first(ack, about);
        }
        self.about(ack, about);
    }

    pub(super) fn about(self: &Arc<Self>, ack: Ack, about: About) {
        match about.notification.intent {
            Intent::Cancel => self.cancel(ack, about),
            _ => self.further(ack, about),
        }
    }

    /// Whether more is in hand than tasks alone: messages that are answered, results that are sent.
    pub(super) fn is_flooded(&self) -> bool {
        self.tasks.len() >= self.limits.task_queue.saturating_add(READING)
    }

    /// Where answers go: the Response Topic, else the `results` of its sender (`A2A-7`). `None` where the first of
    /// these that is there is not the topic of a result.
    fn origin(&self, inbound: &Inbound, from: Option<&str>) -> Option<Origin> {
        let properties = &inbound.properties;
        let namespace = self.handle.session().namespace();
        let reply_topic = match (&properties.response_topic, from) {
            (Some(topic), _) if namespace.is_safe_result(topic) => Some(topic.clone()),
            (Some(topic), _) => {
                limited!(warn, "dropped a task whose reply topic is not for results", topic = %shown(topic));
                return None;
            }
            (None, from) => from.filter(|from| !from.is_empty()).map(|from| namespace.results(from)),
        };
        Some(Origin {
            reply_topic,
            correlation: properties.correlation_data.as_ref().map(|data| data.to_vec()),
            trace: TraceContext::from_user_properties(&properties.user),
            expiry: properties.expiry,
        })
    }

    fn task(self: &Arc<Self>, inbound: &Inbound, ack: Ack, notification: TaskNotification) {
        if self.stopping.is_cancelled() && !self.store.is_durable() {
            return ack.leave();
        }
        let Some(origin) = self.origin(inbound, notification.from.as_deref()) else { return ack.refused() };
        let (bare, updates) = (notification.is_bare(), notification.updates);
        let task = notification.into_task();
        // Looked at first: one that is taken up in this moment is found among those in hand then.
        let unread = self.pending.stored(&task.task_id);
        // One that runs is left alone (A2A-14); who asks again learns where it is.
        let known = self.live().get(&task.task_id).cloned();
        let record = record(task, origin, updates);
        if let Some(work) = known {
            return self.asked_again(ack, work, record);
        }
        if let Some(stored) = unread {
            ack.stored(&stored);
            return self.asked_again_unread(record);
        }
        if bare {
            let executor = Arc::clone(self);
            // A peer that asks for updates as well asks where a task is: to it no answer says that it is not here.
            let answers = inbound.properties.response_topic.is_some() && !updates;
            spawn::tracked(&self.tasks, async move { executor.stored_only(record, ack, answers).await });
            return;
        }
        // It waits as trees, which may take many times the message.
        let bytes = inbound.weight().max(json::memory(&record.task.messages));
        let (ready, place) = match self.accept(&record.task, bytes) {
            Ok(accepted) => accepted,
            Err(error) => return self.refuse(ack, record, error),
        };
        let record = Arc::new(record);
        let work = Execution::new(self, ready, Arc::clone(&record));
        self.live().insert(record.task.task_id.clone(), Arc::clone(&work));
        spawn::tracked(&self.tasks, work.run(place, Event::Came, Some(ack)));
    }

    /// Rejects a task that is not known; its message is acknowledged when the broker has that.
    pub(super) fn refuse(self: &Arc<Self>, ack: Ack, mut record: TaskRecord, error: TaskError) {
        // Nothing of them is in the rejection, which may wait for the broker.
        record.task.messages.clear();
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            // What was taken before keeps its end, whatever is thought of it now. A store that fails knows of none.
            if let Ok(Some(existing)) = executor.stored(&record).await {
                return match record.task.from.as_str() {
                    "" => ack.refused(),
                    _ => executor.again(existing, &record, ack).await,
                };
            }
            executor.reject(record, Some(error)).await;
            ack.refused();
        });
    }

    async fn stored(&self, asked: &TaskRecord) -> Result<Option<TaskRecord>, StoreError> {
        self.store.get(TaskSide::Executor, asked.task.task_id.as_str()).await
    }

    /// Whether a task of so many bytes can be taken, by which skill and in which place.
    fn accept(&self, task: &Task, bytes: usize) -> Result<(Arc<ReadySkill>, Admitted), TaskError> {
        let Some(ready) = self.skill(&task.kind) else { return Err(self.unknown_skill(&task.kind)) };
        ready.arguments(task)?;
        match self.admission.admit(bytes) {
            Ok(place) if !self.is_flooded() => Ok((Arc::clone(ready), place)),
            _ => Err(busy("tasks").into()),
        }
    }

    /// A task that is in hand already. It is acknowledged when the first one's record is stored, not before.
    pub(super) fn asked_again(self: &Arc<Self>, ack: Ack, work: Arc<Execution>, record: TaskRecord) {
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            match work.settled_standing().await {
                Standing::Kept(..) if work.begun().from != record.task.from => {
                    executor.reject(record, Some(taken(&work.begun().task_id))).await;
                    ack.refused();
                }
                Standing::Kept(_, stored) => {
                    if let Some(ended) = work.stored_end().await {
                        return executor.again(TaskRecord::clone(&ended), &record, ack).await;
                    }
                    ack.stored(&stored);
                    if record.updates {
                        work.tell_again().await;
                    }
                }
                // Told once more: this message may be a later one than the one that was told of it.
                Standing::Refused => {
                    executor.reject(record, Some(cannot_store())).await;
                    ack.refused();
                }
                // It was stored before it came, or nobody works on it any more.
                Standing::Unknown | Standing::Gone => match executor.stored(&record).await {
                    Ok(Some(existing)) => executor.again(existing, &record, ack).await,
                    _ => ack.leave(),
                },
            }
        });
    }

    /// A task that is stored already (`A2A-14`): its result is sent again, to the peer that asked for it. One that has
    /// not ended is taken up, where nothing has done that yet.
    pub(super) async fn again(self: &Arc<Self>, existing: TaskRecord, asked: &TaskRecord, ack: Ack) {
        let stored = Stored::read_back(&existing);
        if existing.task.from != asked.task.from {
            self.reject(asked.clone(), Some(taken(&existing.task.task_id))).await;
            ack.refused();
        } else if !existing.task.status.is_terminal() {
            ack.stored(&stored);
            recover::one(self, &existing);
        } else {
            // What is not settled is sent in any case. What is, is owed to nobody but to this message.
            let mut ack = Some(ack);
            if !existing.settled
                && let Some(ack) = ack.take()
            {
                ack.stored(&stored);
            }
            let (reply_topic, correlation) = (asked.reply_topic.clone(), asked.correlation.clone());
            self.finish(TaskRecord { reply_topic, correlation, ..existing }).await;
            if let Some(ack) = ack {
                ack.stored(&stored);
            }
        }
    }

    /// Only an id: of a task that is stored here, or of none (`A2A-6`).
    async fn stored_only(self: &Arc<Self>, asked: TaskRecord, ack: Ack, answers: bool) {
        let task = &asked.task.task_id;
        let error = match self.stored(&asked).await {
            Ok(Some(existing)) => return self.again(existing, &asked, ack).await,
            Ok(None) => {
                limited!(warn, "refused an id that came alone: there is no task of it", task = %shown(task));
                let message = format!("no task `{task}` is kept here; send the whole task");
                TaskError::new(ErrorKind::InvalidArguments.as_str(), message).with_code(codes::UNKNOWN_TASK)
            }
            Err(error) => {
                crate::log::warn!(task = %shown(task), %error, "failed to look up the task for a message with only its id");
                cannot_store()
            }
        };
        if answers {
            self.tell_end(asked, TaskState::Failed, Some(error)).await;
        }
        ack.refused();
    }

    fn further(self: &Arc<Self>, ack: Ack, about: About) {
        let Some((work, ack)) = self.of_sender(ack, &about.notification) else { return };
        let Some(message) = about.notification.clone().into_message() else {
            limited!(warn, "dropped a further message without content", task = %shown(&work.begun().task_id));
            return ack.refused();
        };
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            if let Some(ack) = work.hear(ack, about.until, work.answer(message, about.redelivered)).await {
                executor.about_another(ack, about);
            }
        });
    }

    fn cancel(self: &Arc<Self>, ack: Ack, about: About) {
        let Some((work, ack)) = self.of_sender(ack, &about.notification) else { return };
        let executor = Arc::clone(self);
        spawn::tracked(&self.tasks, async move {
            if let Some(ack) = work.hear(ack, about.until, work.cancel()).await {
                executor.about_another(ack, about);
            }
        });
    }

    /// A message about a task that was stored before it came again: for the executor that has it now.
    fn about_another(self: &Arc<Self>, ack: Ack, about: About) {
        if self.stopping.is_cancelled() {
            ack.leave();
        } else {
            self.about_some(ack, about);
        }
    }

    /// The task of a message that is about one, if its sender is who gave the task.
    fn of_sender(&self, ack: Ack, notification: &TaskNotification) -> Option<(Arc<Execution>, Ack)> {
        let (task, intent) = (&notification.task_id, &notification.intent);
        let Some(work) = self.live().get(task).cloned() else {
            if self.stopping.is_cancelled() {
                // It may be about one that was handed back: the next start sees it, after the task.
                ack.leave();
            } else {
                limited!(warn, "dropped a message about no running task", task = %shown(task), intent = %shown(&format_args!("{intent:?}")));
                ack.refused();
            }
            return None;
        };
        if notification.from.as_deref().unwrap_or_default() != work.begun().from {
            limited!(warn, "dropped a message about another sender's task", task = %shown(task), intent = %shown(&format_args!("{intent:?}")));
            ack.refused();
            return None;
        }
        Some((work, ack))
    }

    /// Refuses what cannot be read, where its properties say what task that was and where its result goes. It ends no task
    /// that is known: who sent it is not.
    fn refuse_unread(self: &Arc<Self>, inbound: &Inbound, ack: Ack, reason: &str) {
        let Some(id) = correlated_id(&inbound.properties) else { return ack.refused() };
        let Some(origin) = self.origin(inbound, None) else { return ack.refused() };
        if self.live().contains_key(&id) {
            return ack.refused();
        }
        let task = TaskNotification::about(id, Intent::Task, "", "").into_task();
        let error = TaskError::new(ErrorKind::InvalidArguments.as_str(), reason);
        self.refuse(ack, record(task, origin, false), error);
    }
}

/// An id is what a task is known by: two senders cannot have tasks of the same.
fn taken(id: &Identifier) -> TaskError {
    let message = format!("another task has the id `{id}`; give this one another id");
    TaskError::new(ErrorKind::InvalidArguments.as_str(), message).with_code(codes::ID_TAKEN)
}

/// What is said while the store fails.
pub(super) fn cannot_store() -> TaskError {
    unavailable("the agent cannot store tasks now; try again later", codes::STORE).into()
}

fn record(task: Task, origin: Origin, updates: bool) -> TaskRecord {
    TaskRecord {
        reply_topic: origin.reply_topic,
        correlation: origin.correlation,
        updates,
        deadline_ms: origin.expiry.map(deadline::ms_within),
        traceparent: origin.trace.as_ref().map(|trace| trace.traceparent().to_owned()),
        tracestate: origin.trace.as_ref().and_then(|trace| trace.tracestate().map(str::to_owned)),
        ..TaskRecord::new(task)
    }
}
