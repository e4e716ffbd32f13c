//! [`Ledger`]: a task's record in memory, with the number of its changes; [`Standing`]: how many changes the store has;
//! [`Taken`]: what a message changed. Pure bookkeeping: a message is acknowledged when the store has the change that it
//! made.

use std::ops::Deref;
use std::sync::Arc;

use super::seeded::{Bug, seeded};
use crate::store::{Stored, TaskRecord};

/// A task's record, and the number of its last change.
#[derive(Debug)]
pub(super) struct Ledger {
    now: Arc<TaskRecord>,
    changes: u64,
}

impl Ledger {
    /// Of a record as the store has it, or is given it: change 0.
    pub(super) fn new(record: Arc<TaskRecord>) -> Self {
        Self { now: record, changes: 0 }
    }

    /// The record, to be changed.
    pub(super) fn change(&mut self) -> &mut Arc<TaskRecord> {
        self.changes = self.changes.saturating_add(1);
        &mut self.now
    }

    /// The record, for what reads it alone.
    pub(super) fn unchanged(&mut self) -> &mut Arc<TaskRecord> {
        &mut self.now
    }

    /// The number of the last change.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn snapshot(&self) -> Arc<TaskRecord> {
        Arc::clone(&self.now)
    }
}

impl Deref for Ledger {
    type Target = TaskRecord;

    fn deref(&self) -> &TaskRecord {
        &self.now
    }
}

/// What the store has of a task.
#[derive(Debug, Clone, Copy)]
pub(super) enum Standing {
    /// It is being inserted.
    Unknown,
    /// The store has it, with all changes up to this one.
    Kept(u64, Stored),
    /// It was not taken, and the delegator was told.
    Refused,
    /// Nobody works on it any more, and nothing is known of it.
    Gone,
}

impl Standing {
    /// The evidence that the store has a change.
    pub(super) fn evidence(self, change: u64) -> Option<Stored> {
        match self {
            Self::Kept(kept, stored) if kept >= change || seeded(Bug::ChangeBelieved) => Some(stored),
            _ => None,
        }
    }

    /// The store has taken a change; it may have taken a later one before.
    pub(super) fn advance(&mut self, change: u64, stored: Stored) {
        let known = if let Self::Kept(known, _) = *self { known } else { 0 };
        *self = Self::Kept(known.max(change), stored);
    }
}

/// What becomes of a message about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It made a change, which the store is to have first.
    Change(u64),
    /// It says nothing to this task.
    Dropped,
    /// The agent stops: the next start is to see it.
    Left,
}
