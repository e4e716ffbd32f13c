//! The process and its store: updates that fail, or that report a failure but happen, and a crash at any moment.

use std::sync::Arc;

use super::{AGENTS, Book, Delegation, Event, TaskRecord, What, World};
use crate::store::StoreError;

impl World {
    /// The store does one update, or fails.
    pub(super) fn store_works(&mut self) {
        if self.writing.is_empty() {
            return;
        }
        let index = self.random.below(self.writing.len());
        let (record, what) = self.writing.remove(index);
        let id = record.task.task_id.clone();
        let outcome = if !self.healthy && self.random.one_in(4) {
            if what != What::Note {
                self.users.get_mut(&id).unwrap().untaken += 1;
            }
            // It may have happened all the same.
            if self.random.one_in(4) {
                self.write(record);
            }
            Err(StoreError::Unavailable { reason: "a test".to_owned() })
        } else {
            self.write(record);
            Ok(())
        };
        self.event(Event::Stored { id, what, outcome });
        self.check_held();
    }

    pub(super) fn write(&mut self, record: TaskRecord) {
        let id = record.task.task_id.clone();
        let Some(kept) = self.store.get_mut(&id) else { return };
        if !kept.task.status.is_terminal() {
            *kept = record;
        } else if kept.task.status != record.task.status {
            self.broke(format!("the end of {id} was changed"));
        } else {
            kept.settled |= record.settled;
        }
    }

    /// The process dies, and another one goes on.
    pub(super) fn crash(&mut self) {
        self.up = false;
        self.process += 1;
        self.redeliver();
        // Documented: that a task may be lost is known to a later process once it is stored.
        let unknown: Vec<_> = self.users.keys().filter(|id| self.book.loss_is_unknown(id)).cloned().collect();
        for id in unknown {
            self.users.get_mut(&id).unwrap().exempt = true;
        }
        for (record, _) in std::mem::take(&mut self.writing) {
            if self.random.one_in(2) {
                self.write(record);
            }
        }
        for (record, _) in std::mem::take(&mut self.inserting) {
            if self.random.one_in(2) {
                self.store.insert(record.task.task_id.clone(), record);
            }
        }
        self.link.clear();
        for user in self.users.values_mut() {
            // Documented: the process may die after the store took it and before its user had it.
            user.taken += u32::from(user.taking);
            (user.holds, user.taking, user.crashed, user.handed) = (false, false, true, false);
            user.delegation = None;
            (user.executor, user.ended_at, user.untaken, user.given_up) = (None, None, 0, false);
            user.may_be_lost();
        }
        self.book = Book::new(true);
        self.epoch = 0;
        // In an own count: 0 as long as the session of the earlier process goes on.
        let lost = self.random.one_in(2);
        self.session = u64::from(lost);
        if lost {
            self.queue.clear();
        }
        let open: Vec<_> = self.store.values().filter(|record| record.is_open()).cloned().collect();
        for record in open {
            let id = record.task.task_id.clone();
            if record.task.status.is_terminal() {
                self.users.get_mut(&id).unwrap().released += 1;
                continue;
            }
            let (sent, lost, canceled) = (record.sent, record.lost, record.canceled);
            self.users.get_mut(&id).unwrap().executor = record.executor.as_deref().map(Arc::from);
            let delegation = Arc::new(Delegation::of(record).0);
            self.delegation.insert(id, Arc::clone(&delegation));
            self.event(Event::Recovered { delegation, sent, lost, canceled });
        }
        self.up = true;
        self.epoch = 1;
        let session = self.session;
        self.event(Event::Connected { session, epoch: 1 });
        for name in AGENTS {
            if self.agents[name].up {
                self.online(name, true);
            }
        }
    }
}
