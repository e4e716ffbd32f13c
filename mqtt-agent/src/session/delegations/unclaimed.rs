//! Ended tasks that nobody waits for, until [`Results`](crate::a2a::Results) takes them.

use std::collections::{HashSet, VecDeque};

use crate::wire::Identifier;

/// How many wait at most. Older ones are in the store for the next start, as far as it keeps them.
const MOST: usize = 10_000;

/// Their ids, each once, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    order: VecDeque<Identifier>,
    known: HashSet<Identifier>,
    /// Whether it was logged that the oldest make room. Who never takes a result is told once, not with each task.
    overflowed: bool,
}

impl Unclaimed {
    pub(crate) fn push(&mut self, task_id: Identifier) {
        if !self.known.insert(task_id.clone()) {
            return;
        }
        self.order.push_back(task_id);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            if !std::mem::replace(&mut self.overflowed, true) {
                tracing::warn!(
                    "more than {MOST} results wait to be taken, and the oldest are left to the next start; take them with \
                     `Client::results`"
                );
            }
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Identifier> {
        let oldest = self.order.pop_front()?;
        self.known.remove(&oldest);
        self.overflowed = false;
        Some(oldest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn id(number: usize) -> Identifier {
        Identifier::parse(&format!("t-{number}")).unwrap()
    }

    #[test]
    fn each_is_given_once_and_again_when_it_was_put_back() {
        let mut unclaimed = Unclaimed::default();
        for number in [1, 2, 1] {
            unclaimed.push(id(number));
        }
        assert_eq!(unclaimed.pop(), Some(id(1)));
        unclaimed.push(id(1));
        assert_eq!([unclaimed.pop(), unclaimed.pop(), unclaimed.pop()], [Some(id(2)), Some(id(1)), None]);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut unclaimed = Unclaimed::default();
        for number in 0..MOST + 2 {
            unclaimed.push(id(number));
            // Known already: nothing has to go for it.
            unclaimed.push(id(number));
        }
        assert_eq!(unclaimed.order.len(), MOST);
        assert_eq!(unclaimed.known.len(), MOST);
        assert_eq!(unclaimed.pop(), Some(id(2)));
        unclaimed.push(id(0));
        assert_eq!(unclaimed.order.back(), Some(&id(0)), "it was forgotten");
    }
}
