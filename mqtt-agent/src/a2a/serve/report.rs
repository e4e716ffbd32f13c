//! Sending what comes of a task: its result (`A2A-11`), and updates before it where they were asked for (`A2A-13`).

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::attempt::trace;
use super::machine::{Event, Machine, Promise, Sent, Step};
use crate::link::{Message, Outcome, PublishError, Published};
use crate::serve::ReplyTo;
use crate::store::TaskRecord;
use crate::wire::{Identifier, TaskError, TaskResult, TaskState, codes};

impl Shared {
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

    /// The size and the limit of a message that is too large for whoever gave the task (`SUB-14`).
    pub(super) async fn too_large(&self, message: Message, record: &TaskRecord) -> Option<(usize, usize)> {
        let message = self.for_sender(message, &record.task.from).await;
        self.link.too_large(&message)
    }

    /// Holds a message to what the card of whoever gave the task says.
    pub(super) async fn for_sender(&self, message: Message, from: &str) -> Message {
        let session = self.handle.session();
        match Identifier::parse(from) {
            Ok(from) => session.for_receiver(message, session.namespace().agent_card(from.as_str())).await,
            Err(_) => message,
        }
    }

    /// Ends a task in memory: a result that the broker would not take becomes an error that says so.
    pub(super) async fn ended(&self, record: &mut TaskRecord) {
        let Some(message) = self.result(record) else { return };
        if let Some((size, limit)) = self.too_large(message, record).await {
            tracing::warn!(task = %record.task.task_id, size, limit, "a result is too large to be sent");
            let text = format!(
                "the result takes {size} bytes and {limit} is the most; ask for less, or raise `max_packet_size` on both \
                 sides and at the broker"
            );
            record.task.status = TaskState::Failed;
            record.task.result = None;
            record.task.artifacts.clear();
            record.task.error = Some(TaskError::new("task_error", text).with_code(codes::TOO_LARGE));
        }
    }

    /// Ends a task that nobody works on, and sends that.
    pub(super) async fn end(&self, record: TaskRecord) -> bool {
        let mut machine = Machine::new(Promise { durable: true, again: true, attempts: 1 });
        let step = machine.ended();
        self.deliver(&mut machine, step, Arc::new(record)).await
    }

    /// Sends the result of a task that has ended and is stored; whether nothing is left to do for it.
    pub(super) async fn finish(&self, record: TaskRecord) -> bool {
        let mut machine = Machine::new(Promise { durable: true, again: true, attempts: 1 });
        let mut record = Arc::new(record);
        let step = machine.on(Event::Recovered, &mut record);
        self.deliver(&mut machine, step, record).await
    }

    /// Does what is left to do of a task that has ended: it is sent, and stored as sent. One that did not get through is
    /// sent again later, by the next start at the latest, and to whoever asks again (`A2A-14`).
    pub(super) async fn deliver(
        &self,
        machine: &mut Machine,
        first: Step,
        mut record: Arc<TaskRecord>,
    ) -> bool {
        let mut step = first;
        loop {
            let event = match step {
                Step::Send => Event::Sent(self.send_result(&record).await),
                Step::Store => match self.keep(&record).await {
                    Ok(()) => Event::Stored(true),
                    Err(error) => {
                        if !machine.has_failed() {
                            let task = &record.task.task_id;
                            tracing::warn!(%task, %error, "failed to store how a task ended; it is tried again");
                        }
                        Event::Stored(false)
                    }
                },
                Step::Pause(_) if self.abandon.is_cancelled() && machine.has_given_up() => return false,
                Step::Pause(pause) => tokio::select! {
                    () = self.closing.cancelled() => return false,
                    () = tokio::time::sleep(pause) => Event::Paused,
                },
                Step::Unsent => {
                    self.unsent.add(record.task.task_id.clone());
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
            // Whoever asked is away.
            Ok(Published { no_subscribers: true }) => Sent::Later,
            Err(error @ (PublishError::TooLarge { .. } | PublishError::Invalid { .. })) => {
                tracing::warn!(%task, %error, "a result can never be sent");
                Sent::Done
            }
            Err(error @ (PublishError::Closed | PublishError::Interrupted)) => {
                tracing::debug!(%task, %error, "a result waits for the next start");
                Sent::Later
            }
            Err(error) => {
                tracing::warn!(%task, %error, "failed to send a result; it is tried again");
                Sent::Later
            }
        }
    }

    /// Publishes the end of a task. Where its sender named no topic for it, it may wait at its own or at the task's (`A2A-7`).
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
    pub(super) async fn reject(&self, mut record: TaskRecord, error: TaskError) {
        tracing::debug!(task = %record.task.task_id, %error, "a task was rejected");
        record.task.status = TaskState::Rejected;
        record.task.error = Some(error);
        if let Some(message) = self.result(&record)
            && let Err(error) = self.publish_result(message, &record).await
        {
            tracing::warn!(task = %record.task.task_id, %error, "that a task is rejected was not sent");
        }
    }
}
