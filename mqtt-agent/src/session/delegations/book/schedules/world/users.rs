//! Users: they delegate, take results, cancel and leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Copy, Delegation, Event, Mail, TaskRecord, User, World};
use crate::deadline;
use crate::wire::{Identifier, Intent, Part, Role, TaskError, TaskMessage, TaskNotification, TaskState};

impl World {
    pub(super) fn user(&mut self, delegation: &Delegation) -> &mut User {
        self.users.entry(delegation.task.task_id.clone()).or_default()
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
        let delegation = Arc::new(Delegation::of(record.clone()).0);
        self.delegation.insert(id.clone(), Arc::clone(&delegation));
        self.users.insert(id, User { holds: true, deadline, ..User::default() });
        self.inserting.push((record, Arc::clone(&delegation)));
        self.event(Event::Inserting(delegation));
        if self.random.one_in(2) {
            self.inserted();
        }
    }

    /// The store takes a task that it is being given, or fails; or nobody waits for that any more.
    pub(super) fn inserted(&mut self) {
        let Some((record, delegation)) = self.inserting.pop() else { return };
        let id = record.task.task_id.clone();
        let fails = !self.healthy && self.random.one_in(8);
        let leaves = !self.healthy && self.random.one_in(8);
        if !fails || self.random.one_in(2) {
            self.store.insert(id.clone(), record);
        }
        if fails || leaves {
            let user = self.user(&delegation);
            (user.withdrawn, user.holds) = (true, false);
        }
        if leaves {
            let error = TaskError::new("unavailable", "left");
            self.event(Event::Withdrawn { id, error });
        } else if fails {
            self.event(Event::Forgotten(id.clone()));
            if let Some(record) = self.store.get_mut(&id) {
                (record.task.status, record.settled) = (TaskState::Failed, true);
            }
        } else {
            self.event(Event::Asked(Arc::clone(&delegation)));
            self.link.push(Copy { delegation, first: true, arrived: false });
        }
    }

    pub(super) fn cancel(&mut self) {
        // Nobody has a handle of one that is still being inserted.
        let given = |id: &&Identifier| !self.inserting.iter().any(|(record, _)| record.task.task_id == **id);
        let ids: Vec<_> = self.users.keys().filter(given).cloned().collect();
        if let Some(id) = ids.get(self.random.below(ids.len())) {
            self.users.get_mut(id).unwrap().canceled = true;
            self.event(Event::Canceled(id.clone()));
        }
    }

    /// A user answers a question that it was told of.
    pub(super) fn user_answers(&mut self) {
        let mut answered = None;
        let wants =
            |user: &User| user.handed && user.holds && user.delegation.is_some() && user.told.is_empty();
        self.some_user(
            wants,
            |user| user.answered = user.delegation.take(),
            |id| {
                answered = Some(id.clone());
                Event::Said { id, message: TaskMessage::new(Role::User, vec![Part::text("an answer")]) }
            },
        );
        if let Some(id) = answered {
            let to = self.delegation[&id].executor();
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
