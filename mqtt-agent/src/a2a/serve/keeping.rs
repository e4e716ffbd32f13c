//! Storing a task, and acknowledging its messages: a message is acknowledged when the store has the change that it
//! made.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::ledger::{Ledger, Standing, Taken};
use super::{Execution, Executor};
use crate::link::Ack;
use crate::shown::shown;
use crate::store::{StoreError, Stored, TaskRecord};
use crate::wire::Identifier;

/// How long the message of an answer or a cancel waits for a store that fails, from its receipt on: the acknowledgements of
/// all later messages of the connection wait behind it.
pub(super) const HOLD: Duration = Duration::from_secs(10);

/// The store takes too long: later messages wait for this acknowledgement.
pub(super) fn let_go(ack: Ack, task: &Identifier) {
    crate::log::error!(
        task = %shown(task),
        "failed to store in time what was said of a task; it is lost if the process ends before it is stored"
    );
    ack.in_memory();
}

impl Execution {
    /// It was not taken, and its sender knows.
    pub(super) fn note_refused(&self) {
        self.standing.send_replace(Standing::Refused);
    }

    /// Nobody works on it any more: a waiter that asks what the store has of it waits no longer.
    pub(super) fn note_gone(&self) {
        self.standing.send_if_modified(|standing| {
            let unknown = matches!(standing, Standing::Unknown);
            if unknown {
                *standing = Standing::Gone;
            }
            unknown
        });
    }

    /// Waits until it is known whether the store has it.
    pub(super) async fn settled_standing(&self) -> Standing {
        let mut standing = self.standing.subscribe();
        // Never closed: the sender is ours.
        let known = standing.wait_for(|standing| !matches!(standing, Standing::Unknown)).await;
        known.map_or(Standing::Gone, |standing| *standing)
    }

    /// Its end, if it has ended and the store has that.
    pub(super) async fn stored_end(&self) -> Option<Arc<TaskRecord>> {
        let record = self.record.lock().await;
        let stored = self.standing.borrow().evidence(record.changes()).is_some();
        (stored && record.task.status.is_terminal()).then(|| record.snapshot())
    }

    /// Whether the store has all that updates rest on.
    pub(super) fn may_tell(&self) -> bool {
        self.standing.borrow().evidence(self.told_from).is_some()
    }

    /// Puts the record into the store as it is now. One that is being inserted is not there to be changed yet, and one that
    /// was not taken may stand in the place of another's.
    pub(super) async fn keep(&self, executor: &Executor, record: &Ledger) -> Result<(), StoreError> {
        if !matches!(*self.standing.borrow(), Standing::Kept(..)) {
            return Err(StoreError::Unavailable { reason: "the task is not inserted".to_owned() });
        }
        let stored = executor.keep(record).await?;
        self.note_kept(record.changes(), stored);
        Ok(())
    }

    /// The store has a change and all before it.
    pub(super) fn note_kept(&self, change: u64, stored: Stored) {
        self.standing.send_modify(|standing| standing.advance(change, stored));
    }

    /// Takes what a message says, and settles the message: when the store has it, or else at `until`, for it is in memory.
    /// Gives the acknowledgement back where nobody works on the task here: another one stands in its place.
    pub(super) async fn hear(
        &self,
        ack: Ack,
        until: Instant,
        said: impl Future<Output = Taken>,
    ) -> Option<Ack> {
        let mut said = pin!(said);
        let taken = match timeout_at(until, &mut said).await {
            Ok(taken) => taken,
            Err(_) => {
                let_go(ack, &self.begun().task_id);
                said.await;
                return None;
            }
        };
        match taken {
            Taken::Change(change) => return self.settle(ack, change, until).await,
            Taken::Dropped => ack.refused(),
            Taken::Left => ack.leave(),
        }
        None
    }

    async fn settle(&self, ack: Ack, change: u64, until: Instant) -> Option<Ack> {
        let mut standing = self.standing.subscribe();
        let mut pause = Duration::from_millis(100);
        loop {
            let now = *standing.borrow_and_update();
            if let Some(stored) = now.evidence(change) {
                ack.stored(&stored);
                return None;
            }
            match now {
                Standing::Refused => {
                    ack.refused();
                    return None;
                }
                Standing::Gone => return Some(ack),
                Standing::Unknown | Standing::Kept(..) => {}
            }
            // A task that was handed back, or whose end the store does not take before the agent's: the next start sees it.
            if self.over.is_cancelled() {
                ack.leave();
                return None;
            }
            tokio::select! {
                biased;
                _ = standing.changed() => continue,
                () = self.over.cancelled() => continue,
                () = sleep_until(until) => {
                    let_go(ack, &self.begun().task_id);
                    return None;
                }
                () = sleep(pause) => {}
            }
            pause = pause.saturating_mul(2);
            let Some(executor) = self.executor.upgrade() else {
                ack.leave();
                return None;
            };
            let keep = async {
                let record = self.record.lock().await;
                // An end is stored by the step that reached it, held to its size.
                if !record.task.status.is_terminal() {
                    drop(self.keep(&executor, &record).await);
                }
            };
            drop(timeout_at(until, keep).await);
        }
    }

    /// Puts the record into the store for the first time after a change; [`hear`](Self::hear) tries again.
    pub(super) async fn keep_or_warn(&self, executor: &Executor, record: &Ledger, what: &str) {
        if let Err(error) = self.keep(executor, record).await {
            crate::log::warn!(task = %shown(&self.begun().task_id), %error, "failed to store {what}; it is tried again");
        }
    }
}
