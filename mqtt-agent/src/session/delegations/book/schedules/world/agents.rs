//! The agents of a schedule: they take tasks, end them, die and come back.

use super::{AGENTS, Event, Mail, User, World};
use crate::wire::{Identifier, Part, Role, TaskMessage, TaskResult, TaskState};

impl World {
    /// An agent takes a message, or ends a task.
    pub(super) fn agent_works(&mut self) {
        let name = AGENTS[self.random.below(AGENTS.len())];
        let (ends, asks) = (self.random.one_in(2), !self.healthy && self.random.one_in(4));
        let agent = self.agents.get_mut(name).unwrap();
        if !agent.up {
            return;
        }
        if ends {
            let running =
                agent.tasks.iter().filter(|(id, end)| end.is_none() && !agent.asking.contains_key(*id));
            let mut running: Vec<_> = running.map(|(id, _)| id.clone()).collect();
            running.sort();
            if let Some(id) = running.first().cloned() {
                self.runs += 1;
                agent.tasks.insert(id.clone(), Some(self.runs));
                self.result(name, &id, self.runs);
            }
            return;
        }
        let Some(mail) = agent.inbox.pop_front() else { return };
        let (id, is_task) = match mail {
            Mail::Task(id) => (id, true),
            Mail::Ask(id) => (id, false),
            Mail::Answer(id) => {
                if agent.asking.remove(&id).is_some() {
                    self.update(name, &id);
                }
                return;
            }
        };
        match agent.tasks.get(&id).copied() {
            Some(Some(number)) => self.result(name, &id, number),
            Some(None) => self.update(name, &id),
            None if is_task => {
                agent.tasks.insert(id.clone(), None);
                if asks {
                    agent.asking.insert(id.clone(), self.seq);
                }
                self.update(name, &id);
            }
            None => {}
        }
    }

    pub(super) fn update(&mut self, from: &str, id: &Identifier) {
        self.seq += 1;
        let asks = self.agents[from].asking.get(id).copied();
        let state = if asks.is_some() { TaskState::InputRequired } else { TaskState::Working };
        let mut update = TaskResult::update(id.clone(), state, from, self.seq);
        update.message = asks.map(|number| TaskMessage {
            timestamp: number.to_string(),
            ..TaskMessage::new(Role::Agent, vec![Part::text("a question")])
        });
        self.post(update);
    }

    pub(super) fn result(&mut self, from: &str, id: &Identifier, number: u64) {
        let mut result = TaskResult::update(id.clone(), TaskState::Completed, from, 0);
        (result.seq, result.result) = (None, Some(number.into()));
        result.completed_at = Some(String::new());
        self.given.entry(id.clone()).or_default().insert(number);
        self.post(result);
    }

    pub(super) fn forge(&mut self) {
        let ids: Vec<_> = self.users.keys().cloned().collect();
        let Some(id) = ids.get(self.random.below(ids.len())) else { return };
        let mut result = TaskResult::update(id.clone(), TaskState::Completed, "thief", 0);
        (result.seq, result.result) = (None, Some(u64::MAX.into()));
        self.post(result);
    }

    /// An agent dies. The forgetful one forgets, and what the broker had for it is lost.
    pub(super) fn agent_falls(&mut self) {
        let name = AGENTS[self.random.below(AGENTS.len())];
        let agent = self.agents.get_mut(name).unwrap();
        if !agent.up || !self.up {
            return;
        }
        agent.up = false;
        if name == "forgetful" {
            agent.tasks.clear();
            agent.asking.clear();
            agent.inbox.clear();
        }
        self.event(Event::Offline { agent: name.into() });
    }

    pub(super) fn agent_rises(&mut self) {
        let name = AGENTS[self.random.below(AGENTS.len())];
        let agent = self.agents.get_mut(name).unwrap();
        if agent.up || !self.up {
            return;
        }
        agent.up = true;
        self.users.values_mut().for_each(User::may_be_lost);
        self.online(name, false);
    }

    pub(super) fn agent_repeats(&mut self) {
        let name = AGENTS[self.random.below(AGENTS.len())];
        if self.agents[name].up {
            self.online(name, false);
        }
    }
}
