//! Copies of one message, on brokers without subscription identifiers.
//!
//! A broker may send a message once for each filter that matches it, or once for all of them. Without identifiers all
//! copies look the same, and each copy would run all handlers. Copies arrive one after the other, one for each filter,
//! so the first message that several filters match shows which kind of broker this is.

use std::time::Duration;

use tokio::time::Instant;

/// How long copies may be apart until it is known what kind of broker this is.
const APART: Duration = Duration::from_millis(100);

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Deliver,
    /// It is a copy of one that was delivered.
    Drop,
    /// It may be one; [`Copies::decide`] tells.
    Hold,
}

/// Equal messages, one behind the other.
#[derive(Debug)]
struct Run {
    print: u64,
    filters: usize,
    count: usize,
    last: Instant,
}

/// What is known of the broker, and the equal messages that came last. Pure bookkeeping.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Whether the broker sends a copy for each filter.
    for_each: Option<bool>,
    run: Option<Run>,
}

impl Copies {
    /// Looks at a message that so many filters match. What was held before is to be decided first where `print` is another.
    pub(super) fn see(&mut self, print: u64, filters: usize, now: Instant) -> Verdict {
        if filters < 2 || self.for_each == Some(false) {
            self.run = None;
            return Verdict::Deliver;
        }
        match &mut self.run {
            Some(run) if run.print == print && run.filters == filters && now <= run.last + APART => {
                let copy = run.count % filters != 0;
                run.count += 1;
                run.last = now;
                if self.for_each.is_none() && run.count == filters {
                    self.for_each = Some(true);
                }
                match (copy, self.for_each) {
                    (false, _) => Verdict::Deliver,
                    (true, Some(true)) => Verdict::Drop,
                    (true, _) => Verdict::Hold,
                }
            }
            _ => {
                self.run = Some(Run { print, filters, count: 1, last: now });
                Verdict::Deliver
            }
        }
    }

    /// Whether this message belongs to the last ones.
    pub(super) fn continues(&self, print: u64, now: Instant) -> bool {
        self.run.as_ref().is_some_and(|run| run.print == print && now <= run.last + APART)
    }

    /// When the held messages are decided on, without more coming in.
    pub(super) fn decides_at(&self) -> Option<Instant> {
        let run = self.run.as_ref().filter(|run| self.for_each.is_none() && run.count > 1)?;
        Some(run.last + APART)
    }

    /// No more copies come: whether the held messages are to be delivered after all.
    pub(super) fn decide(&mut self) -> bool {
        let Some(run) = self.run.take() else { return false };
        // One alone tells as well: there was to be another.
        let for_each = *self.for_each.get_or_insert(run.count >= run.filters);
        !for_each
    }

    /// Another connection may lead to another broker.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(copies: &mut Copies, prints: &[u64]) -> Vec<Verdict> {
        prints.iter().map(|print| copies.see(*print, 3, Instant::now())).collect()
    }

    use Verdict::{Deliver, Drop, Hold};

    #[test]
    fn a_broker_that_sends_copies_is_known_by_the_last_of_them() {
        let mut copies = Copies::default();
        assert_eq!(see(&mut copies, &[1, 1, 1]), [Deliver, Hold, Drop]);
        assert!(!copies.decide(), "what was held was a copy");
        assert_eq!(see(&mut copies, &[2, 2, 2, 2, 2, 2]), [Deliver, Drop, Drop, Deliver, Drop, Drop]);
    }

    #[test]
    fn a_broker_that_sends_one_for_all_is_known_by_the_next_message() {
        let mut copies = Copies::default();
        assert_eq!(see(&mut copies, &[1]), [Deliver]);
        assert!(!copies.continues(2, Instant::now()));
        assert!(!copies.continues(1, Instant::now() + 2 * APART), "they come one behind the other");
        copies.decide();
        assert_eq!(see(&mut copies, &[2, 2, 2]), [Deliver; 3]);
    }

    #[test]
    fn equal_messages_of_such_a_broker_are_held_and_then_delivered() {
        let mut copies = Copies::default();
        assert_eq!(see(&mut copies, &[1, 1]), [Deliver, Hold]);
        assert!(copies.decides_at().is_some());
        assert!(copies.decide());
        assert_eq!(see(&mut copies, &[1, 1]), [Deliver; 2]);
    }

    #[test]
    fn a_message_of_one_filter_is_never_a_copy() {
        let mut copies = Copies::default();
        let verdicts: Vec<_> = (0..3).map(|_| copies.see(1, 1, Instant::now())).collect();
        assert_eq!(verdicts, [Deliver; 3]);
    }
}
