//! One task that has not ended. Running it is in `attempt`, what it asks in `ask`, what it tells before its end in `updates`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, Weak};

use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use super::dialogue::Dialogue;
use super::{ReadySkill, Shared};
use crate::store::{Stored, TaskRecord};
use crate::wire;

/// One task that has not ended.
#[derive(Debug)]
pub(crate) struct Work {
    // Weak: the agent holds its tasks, and not the other way round.
    pub(super) shared: Weak<Shared>,
    pub(super) ready: Arc<ReadySkill>,
    /// The task as it was when this process took it. As long as nothing changes it is the same memory as `record`.
    pub(super) begun: Arc<TaskRecord>,
    attempt: u32,
    /// Cancelled when nothing is left to do for it here.
    pub(super) over: CancellationToken,
    pub(super) deadline_ms: Option<i64>,
    seq: AtomicU64,
    pub(super) record: Mutex<Arc<TaskRecord>>,
    /// Held while an update is handed over, so that they go out in their order.
    pub(super) order: Mutex<()>,
    pub(super) cancellation: CancellationToken,
    /// Whether whoever gave the task does not want it any more.
    canceled: AtomicBool,
    pub(super) dialogue: StdMutex<Dialogue>,
    /// Whether the store failed to take an answer or a cancel, and has not taken the record since.
    pub(super) unkept: AtomicBool,
    /// Whether the store has it: unknown, not at all, or with evidence.
    pub(super) stored: watch::Sender<Option<Option<Stored>>>,
}

impl Work {
    pub(super) fn new(shared: &Arc<Shared>, ready: Arc<ReadySkill>, record: Arc<TaskRecord>) -> Arc<Self> {
        let attempt = record.attempts.saturating_add(1);
        Arc::new(Self {
            shared: Arc::downgrade(shared),
            ready,
            begun: Arc::clone(&record),
            attempt,
            over: CancellationToken::new(),
            deadline_ms: record.deadline_ms,
            seq: AtomicU64::new(first_seq(record.starts)),
            record: Mutex::new(record),
            order: Mutex::default(),
            cancellation: shared.abandon.child_token(),
            canceled: AtomicBool::new(false),
            dialogue: StdMutex::default(),
            unkept: AtomicBool::new(false),
            stored: watch::Sender::new(None),
        })
    }

    /// Says whether the store has it.
    pub(super) fn note_stored(&self, stored: Option<Stored>) {
        self.stored.send_replace(Some(stored));
    }

    /// Waits until it is known whether the store has it.
    pub(super) async fn stored(&self) -> Option<Stored> {
        let mut stored = self.stored.subscribe();
        // Never closed: the sender is ours.
        stored.wait_for(Option::is_some).await.ok().and_then(|stored| stored.flatten())
    }

    pub(crate) fn begun(&self) -> &wire::Task {
        &self.begun.task
    }

    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether it has ended, or is about to.
    pub(super) fn is_over(&self, record: &TaskRecord) -> bool {
        record.task.status.is_terminal() || self.cancellation.is_cancelled()
    }

    /// Ends it because whoever gave it does not want it any more, and stores that: the next process would end it as well.
    pub(super) async fn cancel(&self) {
        self.canceled.store(true, Ordering::Release);
        self.cancellation.cancel();
        let Some(shared) = self.shared.upgrade() else { return };
        let mut record = self.record.lock().await;
        if record.task.status.is_terminal() {
            return;
        }
        Arc::make_mut(&mut record).canceled = true;
        if let Err(error) = shared.keep(&record).await {
            tracing::warn!(task = %self.begun().task_id, %error, "failed to store that a task is cancelled; it is tried again");
            self.unkept.store(true, Ordering::Release);
        }
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.canceled.load(Ordering::Acquire)
    }
}

/// Updates are not stored, and their numbers rise over all processes all the same, whatever the clock does: each process
/// that takes the task up has a range of its own, below the largest whole number of a JavaScript peer.
fn first_seq(starts: u32) -> u64 {
    (u64::from(starts.min(1 << 20)) << 32) + 1
}
