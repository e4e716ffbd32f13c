//! Ended tasks without a waiter, until [`Results`](crate::a2a::Results) takes them.

use std::collections::{HashSet, VecDeque};

use crate::wire::Identifier;

/// How many wait at most. Older ones are in the store, as far as it keeps them, and are read there when these are taken.
const MOST: usize = if cfg!(test) { 100 } else { 10_000 };

/// Their ids, each once, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    order: VecDeque<Identifier>,
    known: HashSet<Identifier>,
    /// Those that were read in the store while others were taken: they may have been taken since.
    unsure: HashSet<Identifier>,
    /// Those that somebody is about to take.
    taking: HashSet<Identifier>,
    /// Whether the store has some that are not in here.
    overflowed: bool,
}

/// One that is about to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) task_id: Identifier,
    /// Whether it may have been taken already, which the store knows.
    pub(crate) unsure: bool,
}

impl Unclaimed {
    pub(crate) fn push(&mut self, task_id: Identifier) {
        self.taking.remove(&task_id);
        self.unsure.remove(&task_id);
        if !self.known.insert(task_id.clone()) {
            return;
        }
        self.order.push_back(task_id);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.unsure.remove(&oldest);
            // Who never takes a result is told once, not with each task.
            if !std::mem::replace(&mut self.overflowed, true) {
                crate::log::warn!(
                    "more than {MOST} results wait to be taken, and the oldest are left to the store; take them with \
                     `Client::results`"
                );
            }
        }
    }

    /// One that was read in the store; whether there is room for more.
    pub(crate) fn push_read(&mut self, task_id: Identifier) -> bool {
        if self.order.len() >= MOST {
            self.overflowed = true;
            return false;
        }
        if !self.taking.contains(&task_id) && self.known.insert(task_id.clone()) {
            self.unsure.insert(task_id.clone());
            self.order.push_back(task_id);
        }
        true
    }

    /// Whether the store is to be read for more: it has some, and all that were in here are taken.
    pub(crate) fn is_to_read(&mut self) -> bool {
        self.order.is_empty() && std::mem::take(&mut self.overflowed)
    }

    /// Reading the store failed.
    pub(crate) fn was_not_read(&mut self) {
        self.overflowed = true;
    }

    /// The next one, which comes back by [`push`](Self::push) or is [`taken`](Self::taken).
    pub(crate) fn pop(&mut self) -> Option<Unread> {
        let task_id = self.order.pop_front()?;
        self.known.remove(&task_id);
        self.taking.insert(task_id.clone());
        let unsure = self.unsure.remove(&task_id);
        Some(Unread { task_id, unsure })
    }

    /// This one, which comes back like the [next](Self::pop). `None` where somebody is about to take it. One that only the
    /// store has may have been taken.
    pub(crate) fn claim(&mut self, task_id: &Identifier) -> Option<Unread> {
        if !self.taking.insert(task_id.clone()) {
            return None;
        }
        let known = self.known.remove(task_id);
        if known {
            self.order.retain(|waiting| waiting != task_id);
        }
        let unsure = self.unsure.remove(task_id) || !known;
        Some(Unread { task_id: task_id.clone(), unsure })
    }

    /// The waiter that was about to take it has it.
    pub(crate) fn taken(&mut self, task_id: &Identifier) {
        self.taking.remove(task_id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn id(number: usize) -> Identifier {
        Identifier::parse(&format!("t-{number}")).unwrap()
    }

    fn sure(number: usize) -> Option<Unread> {
        Some(Unread { task_id: id(number), unsure: false })
    }

    #[test]
    fn one_that_is_claimed_by_its_id_is_nobody_elses_until_it_comes_back() {
        let mut unclaimed = Unclaimed::default();
        (1..=3).for_each(|number| unclaimed.push(id(number)));
        assert_eq!(unclaimed.claim(&id(2)), sure(2));
        assert_eq!(unclaimed.claim(&id(2)), None, "it is being taken");
        assert_eq!(unclaimed.pop(), sure(1));
        assert_eq!(unclaimed.claim(&id(1)), None, "it is being taken");
        assert_eq!(unclaimed.pop(), sure(3));
        unclaimed.push(id(2));
        assert_eq!(unclaimed.pop(), sure(2));
        unclaimed.taken(&id(2));
        assert_eq!(unclaimed.claim(&id(2)), Some(Unread { task_id: id(2), unsure: true }), "the store knows");
    }

    #[test]
    fn each_is_given_once_and_again_when_it_was_put_back() {
        let mut unclaimed = Unclaimed::default();
        for number in [1, 2, 1] {
            unclaimed.push(id(number));
        }
        assert_eq!(unclaimed.pop(), sure(1));
        unclaimed.push(id(1));
        assert_eq!([unclaimed.pop(), unclaimed.pop(), unclaimed.pop()], [sure(2), sure(1), None]);
        assert!(!unclaimed.is_to_read(), "nothing was left out");
    }

    #[test]
    fn the_oldest_make_room_and_are_read_again_when_the_others_are_taken() {
        let mut unclaimed = Unclaimed::default();
        for number in 0..MOST + 2 {
            unclaimed.push(id(number));
            // Known already: nothing has to go for it.
            unclaimed.push(id(number));
        }
        assert_eq!(unclaimed.order.len(), MOST);
        assert_eq!(unclaimed.known.len(), MOST);
        for number in 2..MOST + 2 {
            assert!(!unclaimed.is_to_read());
            assert_eq!(unclaimed.pop(), sure(number));
            if number > 2 {
                unclaimed.taken(&id(number));
            }
        }
        assert!(unclaimed.is_to_read());
        assert!(!unclaimed.is_to_read(), "once");
        for number in 0..3 {
            assert!(unclaimed.push_read(id(number)));
        }
        // The third is with the waiter that takes it, and comes back.
        assert_eq!(unclaimed.pop(), Some(Unread { task_id: id(0), unsure: true }));
        unclaimed.push(id(2));
        unclaimed.push(id(1));
        assert_eq!([unclaimed.pop(), unclaimed.pop(), unclaimed.pop()], [sure(1), sure(2), None]);
    }

    #[test]
    fn what_does_not_fit_of_a_store_is_read_later() {
        let mut unclaimed = Unclaimed::default();
        assert!((0..MOST).all(|number| unclaimed.push_read(id(number))));
        assert!(!unclaimed.push_read(id(MOST)));
        while let Some(next) = unclaimed.pop() {
            unclaimed.taken(&next.task_id);
        }
        assert!(unclaimed.is_to_read());
        assert!(unclaimed.taking.is_empty() && unclaimed.unsure.is_empty() && unclaimed.known.is_empty());
    }
}
