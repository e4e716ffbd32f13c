//! Counts how often a message was left to the session, until it is a poison message.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::inbound::Inbound;

/// Left so often, a message is poison: it is refused when it comes again.
const POISON: u8 = 3;

/// How many messages are remembered.
const REMEMBERED: usize = 1024;

/// How often which message was left. Pure bookkeeping.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// The times, and the connection that the last was on.
    times: HashMap<u64, (u8, u64)>,
    /// Oldest first.
    order: VecDeque<u64>,
}

/// Tells a message from others: it comes again with another packet id and another expiry. One that has Correlation Data is
/// hardly like any other, so that its length and its ends do for a large payload.
pub(super) fn print(message: &Inbound) -> u64 {
    const END: usize = 256;
    let mut hasher = hashed_properties(message);
    let (payload, correlated) = (&message.payload, message.properties.correlation_data.is_some());
    match (payload.first_chunk::<END>(), payload.last_chunk::<END>()) {
        (Some(first), Some(last)) if correlated => {
            (payload.len(), first.as_slice(), last.as_slice()).hash(&mut hasher);
        }
        _ => payload.hash(&mut hasher),
    }
    hasher.finish()
}

/// Tells a message from all that are not equal to it.
pub(super) fn whole_print(message: &Inbound) -> u64 {
    let mut hasher = hashed_properties(message);
    message.payload.hash(&mut hasher);
    hasher.finish()
}

fn hashed_properties(message: &Inbound) -> DefaultHasher {
    let mut hasher = DefaultHasher::new();
    message.topic.hash(&mut hasher);
    message.properties.correlation_data.hash(&mut hasher);
    message.properties.response_topic.hash(&mut hasher);
    hasher
}

impl Left {
    /// Whether nothing is remembered, so that no message need be told from others.
    pub(super) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Whether a message that comes in was left so often that it is to be refused.
    pub(super) fn is_poison(&self, print: u64) -> bool {
        self.times.get(&print).is_some_and(|(times, _)| *times >= POISON)
    }

    /// Notes that a message was left on a connection; whether it was poison already, and is to be acknowledged all the same.
    /// Equal messages of one connection count once: they are not the same one again.
    pub(super) fn note(&mut self, print: u64, epoch: u64) -> bool {
        let (times, last) = self.times.entry(print).or_insert_with(|| {
            self.order.push_back(print);
            (0, 0)
        });
        if std::mem::replace(last, epoch) == epoch {
            return false;
        }
        *times += 1;
        let give_up = *times > POISON;
        if give_up {
            self.forget(print);
        } else if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.times.remove(&oldest);
        }
        give_up
    }

    fn forget(&mut self, print: u64) {
        self.times.remove(&print);
        self.order.retain(|known| *known != print);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_was_left_three_times_is_poison_and_is_given_up_when_it_is_left_again() {
        let mut left = Left::default();
        for epoch in 1..=3 {
            assert!(!left.is_poison(7));
            assert!(!left.note(7, epoch));
            assert!(!left.note(7, epoch), "another one that is equal");
        }
        assert!(left.is_poison(7));
        assert!(left.note(7, 4));
        assert!(left.times.is_empty(), "it may come again as another message");
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut left = Left::default();
        for print in 0..2 * REMEMBERED as u64 {
            assert!(!left.note(print, 1));
        }
        assert_eq!((left.times.len(), left.order.len()), (REMEMBERED, REMEMBERED));
    }
}
