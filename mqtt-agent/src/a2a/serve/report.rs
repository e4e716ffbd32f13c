//! Sends the result of a task (`A2A-11`), and before it updates, if the delegator asked for them (`A2A-13`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::Executor;
use super::machine::{Event, Machine, Promise, Sent, Step};
use crate::link::{Message, Outcome, PublishError, Published};
use crate::log_rate::limited;
use crate::serve::ReplyTo;
use crate::shown::shown;
use crate::store::TaskRecord;
use crate::wire::{Identifier, TaskError, TaskResult, TaskState, TraceContext, codes};

/// How long a task waits for the card of the delegator, when it has something large for them.
const CARD: Duration = Duration::from_secs(1);

/// How long the store is tried again with how a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// For as long as the agent serves: nothing else stores it.
    Store,
    /// Three times. It is sent again later.
    Three,
}

impl Executor {
    /// The message of a task that has ended; `None` where nobody wants it.
    pub(super) fn result(&self, record: &TaskRecord) -> Option<Message> {
        self.message(record, &TaskResult::of(&record.task, self.id.as_str()))
    }

    /// Any message about a task.
    pub(super) fn message(&self, record: &TaskRecord, result: &TaskResult) -> Option<Message> {
        let topic = record.reply_topic.clone()?;
        let correlation = record.correlation.clone().map(Bytes::from);
        Some(ReplyTo::new(topic, correlation, trace(record)).message(result.to_bytes()))
    }

    /// The size and the limit of a message that is too large for the delegator (`SUB-14`).
    pub(super) async fn too_large(&self, message: Message, record: &TaskRecord) -> Option<(usize, usize)> {
        let message = self.for_sender(message, &record.task.from).await;
        self.link.too_large(&message)
    }

    /// Holds a message to what the card of the delegator says, if that is heard of soon: the task waits.
    pub(super) async fn for_sender(&self, message: Message, from: &str) -> Message {
        let session = self.handle.session();
        let Ok(from) = Identifier::parse(from) else { return message };
        let card = session.namespace().agent_card(from.as_str());
        let held = timeout(CARD, session.for_receiver(message.clone(), card)).await;
        held.unwrap_or(message)
    }

    /// The error that a task ends with in place of a result that the broker or its owner would not take.
    pub(super) async fn oversize(&self, record: &TaskRecord) -> Option<TaskError> {
        let (size, limit) = self.too_large(self.result(record)?, record).await?;
        limited!(warn, "failed to send a result: it is too large", task = %shown(&record.task.task_id), size, limit);
        Some(too_large(size, limit))
    }

    /// Ends a task that nobody works on, and sends that.
    pub(super) async fn end(&self, record: TaskRecord) -> bool {
        let mut machine = Machine::new(Promise { durable: true, again: true, attempts: 1 });
        let step = machine.ended();
        self.deliver(&mut machine, step, Arc::new(record), Patience::Store).await
    }

    /// Sends the result of a task that has ended and is stored; whether nothing is left to do for it.
    pub(super) async fn finish(&self, record: TaskRecord) -> bool {
        let mut machine = Machine::new(Promise { durable: true, again: true, attempts: 1 });
        let mut record = Arc::new(record);
        let step = machine.on(Event::Recovered, &mut record);
        self.deliver(&mut machine, step, record, Patience::Three).await
    }

    /// Does what is left to do of a task that has ended: it is sent, and stored as sent. One that did not get through is
    /// sent again later, by the next start at the latest, and to a peer that asks again (`A2A-14`).
    pub(super) async fn deliver(
        &self,
        machine: &mut Machine,
        first: Step,
        mut record: Arc<TaskRecord>,
        patience: Patience,
    ) -> bool {
        let mut step = first;
        loop {
            let event = match step {
                Step::Send => Event::Sent(self.send_result(&record).await),
                Step::Store => match self.keep(&record).await {
                    Ok(_) => Event::Stored(true),
                    Err(error) => {
                        if !machine.has_failed() {
                            let task = &record.task.task_id;
                            crate::log::warn!(task = %shown(task), %error, "failed to store how a task ended; it is tried again");
                        }
                        Event::Stored(false)
                    }
                },
                Step::Pause(_) if self.abandon.is_cancelled() && machine.has_given_up() => return false,
                // It is sent once more then, and others have their turn.
                Step::Pause(_) if patience == Patience::Three && machine.has_given_up() => {
                    self.unsent.add(&record);
                    return false;
                }
                Step::Pause(pause) => tokio::select! {
                    () = self.closing.cancelled() => return false,
                    () = tokio::time::sleep(pause) => Event::Paused,
                },
                Step::Unsent => {
                    self.unsent.add(&record);
                    return false;
                }
                _ => return true,
            };
            step = machine.on(event, &mut record);
        }
    }

    async fn send_result(&self, record: &TaskRecord) -> Sent {
        let Some(message) = self.result(record) else { return Sent::Done };
        let task = &record.task.task_id;
        match self.publish_result(message, record).await {
            Ok(Published { no_subscribers: false }) => Sent::Done,
            // The requester is away.
            Ok(Published { no_subscribers: true }) => Sent::Later,
            // What is taken has become less since it was stored: the broker's limit, or the owner's.
            Err(PublishError::TooLarge { size, limit, .. }) if !is_too_large(record) => {
                limited!(warn, "failed to send a result: it is too large by now; its owner is told so", task = %shown(task), size, limit);
                let mut told = record.clone();
                fail(&mut told, too_large(size, limit));
                Box::pin(self.send_result(&told)).await
            }
            Err(error @ (PublishError::TooLarge { .. } | PublishError::Invalid { .. })) => {
                limited!(warn, "gave up a result that can never be sent", task = %shown(task), %error);
                Sent::Done
            }
            Err(error @ (PublishError::Closed | PublishError::Interrupted)) => {
                crate::log::debug!(task = %shown(task), %error, "left a result to the next start");
                Sent::Later
            }
            Err(error) => {
                limited!(warn, "failed to send a result; it is tried again", task = %shown(task), %error);
                Sent::Later
            }
        }
    }

    /// Publishes the end of a task. Where its sender named no topic for it, it may wait at its own or at the task's
    /// (`A2A-7`).
    async fn publish_result(&self, message: Message, record: &TaskRecord) -> Outcome {
        let namespace = self.handle.session().namespace();
        if *message.topic != *namespace.results(&record.task.from) || record.correlation.is_some() {
            return self.link.publish(message).await;
        }
        let topic = namespace.task_result(record.task.task_id.as_str());
        let second = Message { topic: topic.into(), ..message.clone() };
        match tokio::join!(self.link.publish(message), self.link.publish(second)) {
            (Ok(Published { no_subscribers: true }), Ok(second)) => Ok(second),
            (first, _) => first,
        }
    }

    /// Refuses a task that is not kept. Returns when the broker has the refusal.
    pub(super) async fn reject(&self, record: TaskRecord, error: Option<TaskError>) {
        self.tell_end(record, TaskState::Rejected, error).await;
    }

    /// Says how a task ended that is not kept.
    pub(super) async fn tell_end(&self, mut record: TaskRecord, state: TaskState, error: Option<TaskError>) {
        let task = record.task.task_id.clone();
        crate::log::debug!(task = %shown(&task), error = error.as_ref().map(|error| tracing::field::display(shown(error))), "rejected a task");
        (record.task.status, record.task.error) = (state, error);
        if let Some(message) = self.result(&record)
            && let Err(error) = self.publish_result(message, &record).await
        {
            limited!(warn, "failed to send that a task is rejected", task = %shown(&task), %error);
        }
    }
}

fn too_large(size: usize, limit: usize) -> TaskError {
    let text = format!(
        "the result takes {size} bytes and {limit} is the most; ask for less, or raise `max_packet_size` on both sides and \
         at the broker"
    );
    TaskError::new("task_error", text).with_code(codes::TOO_LARGE)
}

fn is_too_large(record: &TaskRecord) -> bool {
    record.task.error.as_ref().is_some_and(|error| error.code.as_deref() == Some(codes::TOO_LARGE))
}

/// An error takes the place of a result.
pub(super) fn fail(record: &mut TaskRecord, error: TaskError) {
    let task = &mut record.task;
    (task.status, task.result, task.error) = (TaskState::Failed, None, Some(error));
    task.artifacts.clear();
}

/// What the task's message said of its trace (`SUB-13`).
pub(super) fn trace(record: &TaskRecord) -> Option<TraceContext> {
    TraceContext::new(record.traceparent.as_deref()?, record.tracestate.as_deref())
}
