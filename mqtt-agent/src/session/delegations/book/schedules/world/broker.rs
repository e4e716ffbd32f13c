//! The broker and the connection to it: what is sent, delivered, acknowledged and lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{AGENTS, AT_ONCE, Copy, Delegation, Event, Handed, Mail, User, World};
use crate::wire::{Identifier, TaskError, TaskResult};

impl World {
    /// A message is gone from the broker: what it brought has to be somewhere else.
    pub(super) fn acknowledge(&mut self, message: u64) {
        let Some(index) = self.queue.iter().position(|(_, delivery)| *delivery == Some(message)) else {
            return;
        };
        let (result, _) = self.queue.remove(index);
        let id = &result.task_id;
        let genuine = result.from != "thief" && result.status.is_terminal();
        let user = self.users.get(id);
        let ours = user.is_some_and(|user| user.promised && !user.withdrawn);
        let stored = self.store.get(id).is_none_or(|record| record.task.status.is_terminal());
        // The broker still has it in another message.
        let again = |(other, delivery): &(TaskResult, Option<u64>)| {
            delivery.is_some() && other.task_id == *id && other.status.is_terminal() && other.from != "thief"
        };
        let kept = self.queue.iter().any(again);
        let late = user.and_then(|user| user.deadline).is_some_and(|deadline| deadline < self.now);
        let given_up = late || user.is_some_and(|user| user.given_up);
        if genuine && ours && !stored && !kept && !given_up && !self.may_be_let_go(id) {
            self.broke(format!("the result of {id} was acknowledged before it was stored"));
        }
    }

    /// Whether the store has failed for so long that the broker need not keep a result any longer.
    pub(super) fn may_be_let_go(&self, id: &Identifier) -> bool {
        let long = |since: Instant| self.now.saturating_duration_since(since) >= Duration::from_secs(10);
        self.users.get(id).is_some_and(|user| user.untaken >= 3 || user.ended_at.is_some_and(long))
    }

    /// What the broker keeps for us stays within bounds, and so does the time for which it keeps back what comes behind.
    pub(super) fn check_held(&mut self) {
        let mut held: HashMap<&Identifier, u32> = HashMap::new();
        for (result, _) in self.queue.iter().filter(|(_, delivery)| delivery.is_some()) {
            *held.entry(&result.task_id).or_default() += 1;
        }
        let too_long = held.iter().find(|(id, count)| **count > 1 || self.may_be_let_go(id));
        if let Some((id, count)) = too_long {
            let what = format!("{count} messages of {id} are not acknowledged");
            self.broke(what);
        }
    }

    pub(super) fn send(&mut self, delegation: Arc<Delegation>) {
        let id = delegation.task.task_id.clone();
        if self.link.iter().any(|other| other.delegation.task.task_id == id) {
            self.broke(format!("a second copy of {id} beside the one that the connection has"));
        }
        let to = delegation.executor();
        let now = self.now;
        let user = self.user(&delegation);
        user.sends += 1;
        user.out = Some(now);
        let (sends, allowed) = (user.sends, user.losses + user.asks / 2);
        if user.withdrawn && !user.crashed {
            self.broke(format!("task {id} was withdrawn and is sent"));
        } else if user.executor.as_ref().is_some_and(|executor| *executor != to) {
            self.broke(format!("task {id} is sent to another replica"));
        } else if sends > allowed {
            self.broke(format!("task {id} was sent again {sends} times for {allowed} losses"));
        }
        self.link.push(Copy { delegation, first: false, arrived: false });
        self.check_pace(&to);
    }

    pub(super) fn ask(&mut self, delegation: &Arc<Delegation>) {
        let (id, to, now) = (delegation.task.task_id.clone(), delegation.executor(), self.now);
        let user = self.user(delegation);
        user.asks += 1;
        user.out = Some(now);
        if self.up {
            self.mail(&to, Mail::Ask(id));
        }
        self.check_pace(&to);
    }

    /// So many are out without a sign of life, and no more.
    pub(super) fn check_pace(&mut self, to: &str) {
        let recent = |user: &&User| {
            user.out.is_some_and(|out| self.now.saturating_duration_since(out) < Duration::from_secs(10))
        };
        let of =
            |id: &Identifier| self.delegation.get(id).is_some_and(|delegation| *delegation.executor() == *to);
        let out = self.users.iter().filter(|(id, user)| of(id) && recent(user)).count();
        if out > AT_ONCE {
            self.broke(format!("{out} tasks are on their way to {to} at once"));
        }
    }

    /// Puts a message into an inbox; whether somebody receives it.
    pub(super) fn mail(&mut self, to: &str, mail: Mail) -> bool {
        let names: Vec<_> =
            AGENTS.iter().filter(|id| **id == to || (to == "team" && id.starts_with("team"))).collect();
        let Some(name) = names.get(self.random.below(names.len())) else { return false };
        self.agents.get_mut(*name).unwrap().inbox.push_back(mail);
        true
    }

    /// The broker acknowledges a copy, or knows nobody for it; or its user leaves before.
    pub(super) fn acknowledged(&mut self) {
        if self.link.is_empty() {
            return;
        }
        let index = self.random.below(self.link.len());
        if !self.healthy && self.link[index].first && self.random.one_in(6) {
            let Copy { delegation, .. } = self.link.remove(index);
            let user = self.user(&delegation);
            (user.withdrawn, user.holds) = (true, false);
            let error = TaskError::new("unavailable", "left");
            return self.event(Event::Withdrawn { id: delegation.task.task_id.clone(), error });
        }
        if !self.up {
            return;
        }
        let Copy { delegation, first, arrived } = self.link.remove(index);
        let id = delegation.task.task_id.clone();
        let nobody = !self.healthy && !first && self.random.one_in(8);
        let failed = !self.healthy && !first && self.random.one_in(8);
        let outcome = if nobody || failed {
            self.user(&delegation).may_be_lost();
            if nobody { Handed::Nowhere } else { Handed::Failed }
        } else {
            if !arrived {
                self.mail(&delegation.executor(), Mail::Task(id.clone()));
            }
            Handed::Taken { session: self.session_number(), epoch: self.epoch }
        };
        self.user(&delegation).handed |= first;
        self.event(Event::Handed { id, outcome });
    }

    /// An agent has a task before the broker's word is here.
    pub(super) fn arrives_early(&mut self) {
        let index = self.random.below(self.link.len());
        let Some(copy) = self.link.get_mut(index).filter(|copy| self.up && !copy.arrived) else { return };
        copy.arrived = true;
        let (to, id) = (copy.delegation.executor(), copy.delegation.task.task_id.clone());
        self.mail(&to, Mail::Task(id));
    }

    pub(super) fn session_number(&self) -> u64 {
        self.session
    }

    /// The broker delivers what it has for us, now and then twice.
    pub(super) fn deliver(&mut self) {
        if !self.up || self.queue.is_empty() {
            return;
        }
        let index = self.random.below(self.queue.len());
        if self.queue[index].1.is_some() {
            return;
        }
        self.deliveries += 1;
        let message = self.deliveries;
        self.queue[index].1 = Some(message);
        let result = self.queue[index].0.clone();
        if !self.healthy && self.random.one_in(6) {
            self.post(result.clone());
        }
        let now = self.now;
        if result.from != "thief"
            && let Some(user) = self.users.get_mut(&result.task_id)
        {
            user.out = None;
            if result.status.is_terminal() {
                user.ended_at.get_or_insert(now);
            }
        }
        self.event(Event::Heard { result, proven: false, redelivered: false, message });
        self.check_held();
    }

    pub(super) fn post(&mut self, result: TaskResult) {
        self.queue.push((result, None));
    }

    pub(super) fn redeliver(&mut self) {
        for (_, delivery) in &mut self.queue {
            *delivery = None;
        }
    }

    pub(super) fn cut(&mut self) {
        if self.up {
            self.up = false;
            self.redeliver();
            // The next connection sends them again.
            self.link.iter_mut().for_each(|copy| copy.arrived = false);
            self.event(Event::Disconnected);
        }
    }

    pub(super) fn connect(&mut self, kept: bool) {
        if self.up {
            return;
        }
        self.up = true;
        self.epoch += 1;
        if !kept && !self.healthy && self.random.one_in(2) {
            self.session += 1;
            self.queue.clear();
            self.users.values_mut().for_each(User::may_be_lost);
        }
        let (session, epoch) = (self.session_number(), self.epoch);
        self.event(Event::Connected { session, epoch });
        for name in AGENTS {
            if self.agents[name].up {
                self.online(name, true);
            }
        }
    }

    pub(super) fn online(&mut self, name: &str, retained: bool) {
        if self.up {
            self.event(Event::Online { agent: name.into(), retained });
        }
    }
}
