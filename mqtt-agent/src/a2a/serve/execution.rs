//! One task that has not ended. `attempt` runs it, `keeping` stores it, `ask` has its questions and `updates` its
//! updates.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, Weak};

use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use super::dialogue::Dialogue;
use super::ledger::{Ledger, Standing, Taken};
use super::{Executor, ReadySkill};
use crate::store::{Stored, TaskRecord};
use crate::wire;

/// One task that has not ended.
#[derive(Debug)]
pub(crate) struct Execution {
    // Weak: the agent holds its tasks, and not the other way round.
    pub(super) executor: Weak<Executor>,
    pub(super) ready: Arc<ReadySkill>,
    /// The task as it was when this process took it. As long as nothing changes it is the same memory as `record`.
    pub(super) begun: Arc<TaskRecord>,
    attempt: u32,
    /// Cancelled when nothing is left to do for it here.
    pub(super) over: CancellationToken,
    pub(super) deadline_ms: Option<i64>,
    seq: AtomicU64,
    pub(super) record: Mutex<Ledger>,
    /// Held while an update is handed over, so that they go out in their order.
    pub(super) order: Mutex<()>,
    pub(super) cancellation: CancellationToken,
    /// Whether the delegator does not want it any more.
    canceled: AtomicBool,
    pub(super) dialogue: StdMutex<Dialogue>,
    pub(super) standing: watch::Sender<Standing>,
    /// The change that the store must have before anything is told of the task.
    pub(super) told_from: u64,
}

impl Execution {
    /// A task that came in a message.
    pub(super) fn new(
        executor: &Arc<Executor>,
        ready: Arc<ReadySkill>,
        record: Arc<TaskRecord>,
    ) -> Arc<Self> {
        let ledger = Ledger::new(Arc::clone(&record));
        Self::with(executor, ready, record, ledger, Standing::Unknown)
    }

    /// A task that an earlier process has stored.
    pub(super) fn recovered(
        executor: &Arc<Executor>,
        ready: Arc<ReadySkill>,
        mut record: TaskRecord,
    ) -> Arc<Self> {
        let stored = Stored::read_back(&record);
        record.starts = record.starts.saturating_add(1);
        let record = Arc::new(record);
        let mut ledger = Ledger::new(Arc::clone(&record));
        // That it was taken up again. Nothing is told before the store has that: the numbers of updates rest on it.
        ledger.change();
        Self::with(executor, ready, record, ledger, Standing::Kept(0, stored))
    }

    fn with(
        executor: &Arc<Executor>,
        ready: Arc<ReadySkill>,
        record: Arc<TaskRecord>,
        ledger: Ledger,
        standing: Standing,
    ) -> Arc<Self> {
        Arc::new(Self {
            executor: Arc::downgrade(executor),
            ready,
            attempt: record.attempts.saturating_add(1),
            over: CancellationToken::new(),
            deadline_ms: record.deadline_ms,
            seq: AtomicU64::new(first_seq(record.starts)),
            told_from: ledger.changes(),
            begun: record,
            record: Mutex::new(ledger),
            order: Mutex::default(),
            cancellation: executor.abandon.child_token(),
            canceled: AtomicBool::new(false),
            dialogue: StdMutex::default(),
            standing: watch::Sender::new(standing),
        })
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

    /// The number of the next update.
    pub(super) fn coming_seq(&self) -> u64 {
        self.seq.load(Ordering::Relaxed)
    }

    /// The task as it is now.
    pub(super) async fn snapshot(&self) -> Arc<TaskRecord> {
        self.record.lock().await.snapshot()
    }

    /// Whether it has ended, or is about to.
    pub(super) fn is_over(&self, record: &TaskRecord) -> bool {
        record.task.status.is_terminal() || self.cancellation.is_cancelled()
    }

    /// Ends it because the delegator does not want it any more, and stores that: the next process would end it as well.
    pub(super) async fn cancel(&self) -> Taken {
        self.canceled.store(true, Ordering::Release);
        self.cancellation.cancel();
        let Some(executor) = self.executor.upgrade() else { return Taken::Left };
        let mut record = self.record.lock().await;
        // One that has ended in memory is over when that is stored.
        if !record.task.status.is_terminal() && !record.canceled {
            Arc::make_mut(record.change()).canceled = true;
            self.keep_or_warn(&executor, &record, "that a task is cancelled").await;
        }
        Taken::Change(record.changes())
    }

    pub(super) fn is_canceled(&self) -> bool {
        self.canceled.load(Ordering::Acquire)
    }
}

/// The number of what is told of a task before this process takes it up: after all of the process before, and before all of
/// this one. Told twice it is the same.
pub(super) fn seq_unread(starts: u32) -> u64 {
    first_seq(starts.saturating_add(1)).saturating_sub(1)
}

/// Updates are not stored, and their numbers rise over all processes all the same, whatever the clock does: each process
/// that takes the task up has a range of its own, below the largest whole number of a JavaScript peer.
pub(super) fn first_seq(starts: u32) -> u64 {
    (u64::from(starts.min(1 << 20)) << 32) + 1
}
