//! The events for the book of delegated tasks, and its effects.

use std::sync::Arc;

use super::delegation::Delegation;
use crate::store::{StoreError, TaskRecord};
use crate::wire::{Identifier, TaskError, TaskMessage, TaskResult, TaskState, now_rfc3339};

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The store is being given a task, which nobody else has yet.
    Inserting(Arc<Delegation>),
    /// A task is given to the connection for the first time.
    Asked(Arc<Delegation>),
    /// The store had a task of an earlier process that has not ended.
    Recovered { delegation: Arc<Delegation>, sent: bool, lost: bool, canceled: bool },
    /// Results may have come while nobody took them.
    Missed,
    /// The executor of another process's task is asked where it is, and somebody waits for it here.
    Attached(Arc<Delegation>),
    /// The connection is done with a copy of the task.
    Handed { id: Identifier, outcome: Handed },
    /// A task that was not handed over is not wanted any more.
    Withdrawn { id: Identifier, error: TaskError },
    /// Nobody waits for a task that is kept in no store.
    Forgotten(Identifier),
    /// The connection is up, in this session.
    Connected { session: u64, epoch: u64 },
    /// The connection is down.
    Disconnected,
    /// An agent says that it is online; `retained`: what the broker had kept.
    Online { agent: Arc<str>, retained: bool },
    /// An agent is offline, or its status was removed.
    Offline { agent: Arc<str> },
    /// A result or an update, in a message of this number. `proven`: it names the task by more than its id (`A2A-11`).
    Heard { result: TaskResult, proven: bool, redelivered: bool, message: u64 },
    /// The delegator does not want it any more.
    Canceled(Identifier),
    /// The agent's question is answered, and that goes to the connection.
    Said { id: Identifier, message: TaskMessage },
    /// A task's handle was dropped.
    Dropped(Identifier),
    /// A task's handle gives the result to its user.
    Taken(Identifier),
    /// The store has, or failed to take, what it was given.
    Stored { id: Identifier, what: What, outcome: Result<(), StoreError> },
    /// An agent's card says that it takes messages about a task (`A2A-12`).
    Understands(Arc<str>),
    /// Time has passed.
    Tick,
}

/// What became of a copy of a task that the connection was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// The broker has it.
    Taken { session: u64, epoch: u64 },
    /// The broker knew nobody who receives it.
    Nowhere,
    /// The broker does not have it, and may have it later.
    Failed,
    /// The broker can never have it: it is larger than what it takes.
    Impossible,
}

/// Which part of a record an update of the store was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// What a later process has to know of a task that goes on.
    Note,
    /// How the task ended.
    End,
    /// That its result was taken, or that it was withdrawn.
    Settled,
}

/// Something to do. The first ones are done at once, the others by the task that reads the results.
#[derive(Debug)]
pub(super) enum Effect {
    /// An update for the task's handle.
    Update(Arc<Delegation>, TaskResult),
    /// Who works on the task.
    Executor(Arc<Delegation>, Arc<str>),
    /// The end, for the task's handle.
    End(Arc<Delegation>, TaskResult),
    /// The store had its first try at what was to be noted.
    Noted(Arc<Delegation>),
    /// The store had its first try at the task as settled.
    Settled(Arc<Delegation>),
    /// The end cannot be stored for a long time.
    Failing(Arc<Delegation>, StoreError),
    /// The task ended, and nobody waits for it.
    Release(Identifier),
    /// The message of this number need not be kept by the broker any more.
    Acknowledge(u64),
    /// Send the task once more.
    Send(Arc<Delegation>),
    /// Ask its agent where the task is, by its id alone (`A2A-6`).
    Ask(Arc<Delegation>),
    /// Look whether an agent takes messages about a task.
    Learn(Arc<str>),
    /// Tell its agent that the task is not wanted.
    Cancel(Arc<Delegation>),
    /// Give its agent the answer once more.
    Say(Arc<Delegation>, TaskMessage),
    /// Put that into the store.
    Store { delegation: Arc<Delegation>, change: Box<Change>, what: What },
}

/// What the store is to know of a task.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) sent: bool,
    pub(super) lost: bool,
    pub(super) canceled: bool,
    pub(super) executor: Option<String>,
    pub(super) settled: bool,
    pub(super) state: TaskState,
    pub(super) end: Option<TaskResult>,
}

impl Change {
    /// Writes it into the task's record.
    pub(super) fn apply(self, record: &mut TaskRecord) {
        let Self { sent, lost, canceled, executor, settled, state, end } = self;
        (record.sent, record.lost, record.canceled) = (sent, lost, canceled);
        (record.executor, record.settled) = (executor, settled);
        // Once the end is stored nothing else of the record counts.
        record.task.status = state;
        if let Some(end) = end {
            record.task.result = end.result;
            record.task.error = end.error;
            record.task.artifacts = end.artifacts;
            record.task.updated_at = end.completed_at.unwrap_or_else(now_rfc3339);
        }
    }
}
