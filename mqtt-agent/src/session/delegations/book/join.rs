//! Tasks in the book that were not delegated in this process: tasks of an earlier process, and attached tasks of
//! another process.

use std::sync::Arc;
use std::time::Instant;

use super::{Book, Known};
use crate::session::delegations::delegation::Delegation;
use crate::session::delegations::entry::{At, Entry};
use crate::session::delegations::event::Effect;
use crate::wire::Identifier;

impl Book {
    /// An earlier process gave it.
    pub(super) fn recovered(
        &mut self,
        delegation: Arc<Delegation>,
        at: At,
        canceled: bool,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let id = delegation.task.task_id.clone();
        if self.tasks.contains_key(&id) {
            return;
        }
        let mut entry = Entry::new(delegation, at, now);
        entry.sent = !matches!(at, At::Unsure { .. });
        (entry.canceled, entry.wanted) = (canceled, false);
        self.enter(entry);
        if at == At::Due || (at == At::Broker { session: 0, epoch: 0 } && self.session != 0) {
            self.due(&id, now, effects);
            self.pump_all(now, effects);
        }
    }

    /// Results may have come while nobody took them: each agent is given its tasks again, and sends what it has.
    pub(super) fn missed(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for id in self.ids(|entry| matches!(entry.at, At::Broker { .. })) {
            self.due(&id, now, effects);
        }
        self.pump_all(now, effects);
    }

    /// Whether the end of a task that the store has is for somebody who waits. Whoever only attached has it from the agent.
    pub(in crate::session::delegations) fn is_claimed(&self, id: &Identifier) -> bool {
        self.tasks.get(id).is_some_and(|entry| entry.delegation.stored)
    }

    /// Whether somebody may wait for a task who did not: the task and who works on it, where it is known here.
    pub(in crate::session::delegations) fn attachable(&self, id: &Identifier) -> Option<Option<Known>> {
        match self.tasks.get(id) {
            Some(entry) if entry.wanted || entry.has_ended() => None,
            Some(entry) => Some(Some((Arc::clone(&entry.delegation), entry.executor.clone()))),
            None => Some(None),
        }
    }

    /// Somebody waits for a task from now on.
    pub(super) fn attached(&mut self, delegation: Arc<Delegation>, now: Instant) {
        let (session, epoch) = (self.session, self.epoch);
        match self.tasks.get_mut(&delegation.task.task_id) {
            Some(entry) => (entry.delegation, entry.wanted) = (delegation, true),
            None => {
                let mut entry = Entry::new(delegation, At::Broker { session, epoch }, now);
                entry.sent = true;
                self.enter(entry);
            }
        }
    }
}
