//! The end of a schedule: everything works again, and the contract has to hold.

use std::time::Duration;

use super::{AGENTS, User, World};
use crate::wire::Identifier;

impl World {
    /// Everything works again, and for long enough. Then nothing is lost, and nothing was told twice.
    pub(in super::super) fn finish(mut self) -> Result<(), String> {
        self.healthy = true;
        self.connect(true);
        for name in AGENTS {
            if !self.agents[name].up {
                self.agents.get_mut(name).unwrap().up = true;
                self.users.values_mut().for_each(User::may_be_lost);
                self.online(name, false);
            }
        }
        for _ in 0..64 {
            self.nobody_answers();
            for _ in 0..self.users.len() {
                self.user_answers();
            }
            for _ in 0..self.inserting.len() {
                self.inserted();
            }
            for _ in 0..self.link.len() {
                self.acknowledged();
            }
            for _ in 0..16 {
                self.agent_works();
            }
            for _ in 0..self.queue.len().min(16) {
                self.deliver();
            }
            for _ in 0..self.writing.len() {
                self.store_works();
            }
            self.pass(Duration::from_secs(31));
            self.check()?;
            if self.is_quiet() {
                break;
            }
        }
        self.check()?;
        if self.writing.is_empty()
            && let Some((result, _)) = self.queue.iter().find(|(_, delivery)| delivery.is_some())
        {
            return Err(format!("a message of {} is never acknowledged", result.task_id));
        }
        let ids: Vec<_> = self.users.keys().cloned().collect();
        for id in ids {
            self.check_task(&id)?;
        }
        Ok(())
    }

    /// Agents ask no longer where nobody is left who could answer.
    fn nobody_answers(&mut self) {
        for agent in self.agents.values_mut() {
            agent.asking.retain(|id, _| self.users.get(id).is_some_and(|user| user.holds));
        }
    }

    /// Whether nothing is under way any more.
    pub(super) fn is_quiet(&self) -> bool {
        let over = |(id, user): (&Identifier, &User)| {
            !user.told.is_empty() || user.released > 0 || !self.book.is_known(id)
        };
        self.inserting.is_empty()
            && self.link.is_empty()
            && self.writing.is_empty()
            && self.queue.is_empty()
            && self.book.is_kept()
            && self.users.iter().all(over)
    }

    pub(super) fn check_task(&self, id: &Identifier) -> Result<(), String> {
        let user = &self.users[id];
        // The store never had it, and the delegator was told.
        let Some(record) = self.store.get(id) else {
            let unknown = !user.promised && user.told.is_empty() && !self.book.is_known(id);
            return if unknown { Ok(()) } else { Err(format!("{id} is not in the store: {user:?}")) };
        };
        if user.withdrawn {
            let over = record.task.status.is_terminal() && record.settled;
            return if over || user.crashed {
                Ok(())
            } else {
                Err(format!("withdrawn {id} is open in the store"))
            };
        }
        if user.released > 0 && self.book.is_known(id) {
            return Err(format!("{id} was released, and takes memory"));
        }
        if !user.promised || user.exempt {
            return Ok(());
        }
        let ended = !user.told.is_empty() || user.released > 0;
        if !ended {
            return Err(format!("task {id} never ended: {user:?}, {record:?}"));
        }
        if !record.task.status.is_terminal() {
            return Err(format!("the end of {id} was told and is not stored"));
        }
        if record.settled && user.taken == 0 && user.released == 0 {
            return Err(format!("{id} counts as settled, and nobody took its result"));
        }
        if user.taken > 0 && user.released > 0 && !user.crashed {
            return Err(format!("{id} was taken, and released as well"));
        }
        Ok(())
    }
}
