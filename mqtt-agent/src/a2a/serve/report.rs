//! Sending what comes of a task: its result (`A2A-11`), and updates before it where they were asked for (`A2A-13`).

use bytes::Bytes;

use super::Shared;
use super::attempt::trace;
use crate::link::{Message, PublishError, Published};
use crate::serve::ReplyTo;
use crate::store::{TaskRecord, TaskSide};
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

    /// Sends the result of a task that has ended and is stored, and stores that it was sent. One that did not get through
    /// stays open: the next start sends it, and whoever asks again is given it (`A2A-14`).
    pub(super) async fn send_result(&self, mut record: TaskRecord) {
        let settled = match self.result(&record) {
            None => true,
            Some(message) => match self.link.publish(message).await {
                // Whoever asked is away.
                Ok(Published { no_subscribers }) => !no_subscribers,
                Err(error @ (PublishError::TooLarge { .. } | PublishError::Invalid { .. })) => {
                    tracing::warn!(task = %record.task.task_id, %error, "a result can never be sent");
                    true
                }
                Err(error @ (PublishError::Closed | PublishError::Interrupted)) => {
                    tracing::debug!(task = %record.task.task_id, %error, "a result waits for the next start");
                    false
                }
                Err(error) => {
                    tracing::warn!(task = %record.task.task_id, %error, "a result waits until it is asked for again");
                    false
                }
            },
        };
        if settled && !record.settled {
            record.settled = true;
            if let Err(error) = self.store.update(TaskSide::Executor, record).await {
                tracing::warn!(%error, "that a result was sent was not stored");
            }
        }
    }

    /// Refuses a task that is not kept. Returns when the broker has the refusal.
    pub(super) async fn reject(&self, mut record: TaskRecord, error: TaskError) {
        tracing::debug!(task = %record.task.task_id, %error, "a task was rejected");
        record.task.status = TaskState::Rejected;
        record.task.error = Some(error);
        if let Some(message) = self.result(&record)
            && let Err(error) = self.link.publish(message).await
        {
            tracing::warn!(task = %record.task.task_id, %error, "that a task is rejected was not sent");
        }
    }
}
