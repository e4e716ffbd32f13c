//! Users: they delegate, take what came, cancel and leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Asked, Copy, Event, Mail, TaskRecord, User, World};
use crate::deadline;
use crate::wire::{Identifier, Intent, Part, Role, TaskMessage, TaskNotification, TaskState};

impl World {
    pub(super) fn user(&mut self, asked: &Asked) -> &mut User {
        self.users.entry(asked.task.task_id.clone()).or_default()
    }

    /// A user delegates a task.
    pub(super) fn give(&mut self) {
        let number = self.users.len();
        let to = ["alone", "forgetful", "team"][self.random.below(3)];
        let id = Identifier::parse(&format!("t-{number}")).unwrap();
        let mut task = TaskNotification::about(id.clone(), Intent::Task, "boss", to).into_task();
        task.status = TaskState::Submitted;
        let mut record = TaskRecord::new(task);
        // Between two ticks, which are whole seconds.
        let within =
            self.random.one_in(4).then(|| Duration::from_millis(500 + 1000 * (self.random.next() % 60)));
        let deadline = within.and_then(|within| self.now.checked_add(within));
        record.deadline_ms =
            deadline.map(|at| deadline::ms_within(at.saturating_duration_since(Instant::now())));
        let fails = !self.healthy && self.random.one_in(8);
        if fails {
            return;
        }
        self.store.insert(id.clone(), record.clone());
        let asked = Arc::new(Asked::of(record).0);
        self.asked.insert(id.clone(), Arc::clone(&asked));
        self.users.insert(id, User { holds: true, deadline, ..User::default() });
        self.event(Event::Asked(Arc::clone(&asked)));
        self.link.push(Copy { asked, first: true, arrived: false });
    }

    pub(super) fn cancel(&mut self) {
        let ids: Vec<_> = self.users.keys().cloned().collect();
        if let Some(id) = ids.get(self.random.below(ids.len())) {
            self.users.get_mut(id).unwrap().canceled = true;
            self.event(Event::Canceled(id.clone()));
        }
    }

    /// A user answers a question that it was told of.
    pub(super) fn user_answers(&mut self) {
        let mut answered = None;
        let wants = |user: &User| user.handed && user.holds && user.asked.is_some() && user.told.is_empty();
        self.some_user(
            wants,
            |user| user.answered = user.asked.take(),
            |id| {
                answered = Some(id.clone());
                Event::Said { id, message: TaskMessage::new(Role::User, vec![Part::text("an answer")]) }
            },
        );
        if let Some(id) = answered {
            let to = self.asked[&id].executor();
            self.say(&to, id);
        }
    }

    /// An answer is sent, and lost now and then, without a word of the broker.
    pub(super) fn say(&mut self, to: &str, id: Identifier) {
        if self.up && (self.healthy || !self.random.one_in(3)) {
            self.mail(to, Mail::Answer(id));
        }
    }

    pub(super) fn user_leaves(&mut self) {
        self.some_user(|user| user.promised && user.holds, |user| user.holds = false, Event::Dropped);
    }

    pub(super) fn user_takes(&mut self) {
        let wants = |user: &User| user.handed && user.holds && !user.told.is_empty() && !user.taking;
        self.some_user(wants, |user| user.taking = true, Event::Taken);
    }

    pub(super) fn some_user(
        &mut self,
        which: impl Fn(&User) -> bool,
        does: impl FnOnce(&mut User),
        event: impl FnOnce(Identifier) -> Event,
    ) {
        let some: Vec<_> =
            self.users.iter().filter(|(_, user)| which(user)).map(|(id, _)| id.clone()).collect();
        let Some(id) = some.get(self.random.below(some.len())).cloned() else { return };
        does(self.users.get_mut(&id).unwrap());
        self.event(event(id));
    }
}
