//! [`Hold`]: whether acknowledgements wait for a moment, to be sent together with the responses to their messages.

use std::time::Duration;

use tokio::time::Instant;

/// How long they wait at most: the receiver of the message may not be polled.
const LONGEST: Duration = Duration::from_millis(5);

/// What to do after the packets of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Write what there is.
    Write,
    /// Let those run first that were handed something: what they send goes out in the same write.
    Yield,
    /// Wait for the one who was handed something, who will say so in a moment.
    Wait,
}

/// Pure bookkeeping of one connection.
///
/// Yielding wakes another thread of the runtime as a rule, which is worth it for several messages and not for one. One
/// message is waited for instead: its receiver settles it, publishes something, or [tells](super::Link::flush) that it
/// was read.
#[derive(Debug, Default)]
pub(super) struct Hold {
    handed: usize,
    /// Whether somebody of this round will say nothing.
    is_silent: bool,
    until: Option<Instant>,
    /// Whether somebody was heard of and nothing was written since: what they settled goes out next.
    owes: bool,
}

impl Hold {
    /// Somebody was handed a message; `reacts` when that one will be heard of.
    pub(super) fn handed(&mut self, reacts: bool) {
        self.handed += 1;
        self.is_silent |= !reacts;
    }

    /// All packets of a round were looked at. `may_wait` is false for a connection that is about to end.
    pub(super) fn after_packets(&mut self, now: Instant, may_wait: bool) -> Next {
        let waited = self.until.is_some();
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
        }
        match (std::mem::take(&mut self.handed), std::mem::take(&mut self.is_silent)) {
            (0, _) => Next::Write,
            (1, false) if may_wait && !waited && !self.owes => {
                self.until = Some(now + LONGEST);
                Next::Wait
            }
            (1, _) => {
                self.until = None;
                Next::Write
            }
            _ => {
                self.until = None;
                Next::Yield
            }
        }
    }

    /// Somebody was heard of.
    pub(super) fn reacted(&mut self) {
        self.until = None;
        self.owes = true;
    }

    /// Acknowledgements that were due are encoded.
    pub(super) fn wrote(&mut self) {
        self.owes = false;
    }

    /// Until when acknowledgements wait.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_waited_for_until_somebody_is_heard_of() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        assert_eq!(hold.after_packets(now, true), Next::Wait);
        assert_eq!(hold.until(), Some(now + LONGEST));
        // Other packets don't end the wait.
        assert_eq!(hold.after_packets(now, true), Next::Write);
        assert!(hold.until().is_some());
        hold.reacted();
        assert_eq!(hold.until(), None);
    }

    #[test]
    fn nobody_is_waited_for_longer_than_a_moment() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        hold.after_packets(now, true);
        hold.after_packets(now + LONGEST, true);
        assert_eq!(hold.until(), None);
    }

    #[test]
    fn a_second_message_ends_the_wait() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        hold.after_packets(now, true);
        hold.handed(true);
        assert_eq!(hold.after_packets(now, true), Next::Write);
        assert_eq!(hold.until(), None);
    }

    #[test]
    fn what_was_settled_goes_out_before_anybody_else_is_waited_for() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        hold.after_packets(now, true);
        hold.reacted();
        hold.handed(true);
        assert_eq!((hold.after_packets(now, true), hold.until()), (Next::Write, None));
        hold.wrote();
        hold.handed(true);
        assert_eq!(hold.after_packets(now, true), Next::Wait);
    }

    #[test]
    fn nobody_is_waited_for_at_the_end_of_a_connection() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        assert_eq!((hold.after_packets(now, false), hold.until()), (Next::Write, None));
    }

    #[test]
    fn those_who_will_not_be_heard_of_are_not_waited_for() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(false);
        assert_eq!((hold.after_packets(now, true), hold.until()), (Next::Write, None));
    }

    #[test]
    fn several_run_first() {
        let (mut hold, now) = (Hold::default(), Instant::now());
        hold.handed(true);
        hold.handed(false);
        assert_eq!((hold.after_packets(now, true), hold.until()), (Next::Yield, None));
    }
}
