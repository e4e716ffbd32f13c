//! Detects duplicate partial results of a stream, and counts missed ones: those without room, and those that the broker
//! dropped.

/// Detects duplicates and counts missed partial results. No I/O.
///
/// If the server numbers its messages from 0, as this library does, dropped messages show as a gap in `seq`, and
/// redelivered ones repeat a number. Other servers may use any numbers (`MCP-10`): if the first message is not number
/// 0, or all are, the numbers are ignored.
#[derive(Debug, Default)]
pub(super) struct Missed {
    numbering: Numbering,
    missed: u64,
}

#[derive(Debug, Default)]
enum Numbering {
    /// No message yet.
    #[default]
    Unknown,
    /// Numbered from 0; this number is next.
    Next(u64),
    /// Numbers are ignored.
    None,
}

impl Missed {
    /// Handles a partial result: calls `keep` if it is not a duplicate; `keep` returns whether there was room.
    pub(super) fn partial(&mut self, seq: Option<u64>, keep: impl FnOnce() -> bool) {
        if self.is_new(seq) && !keep() {
            self.missed = self.missed.saturating_add(1);
        }
    }

    /// Handles the end of the partial results, which has a number as well.
    pub(super) fn done(&mut self, seq: Option<u64>) {
        self.is_new(seq);
    }

    /// Counts the gap before a message, and returns whether it is new.
    fn is_new(&mut self, seq: Option<u64>) -> bool {
        match (&mut self.numbering, seq) {
            (numbering @ Numbering::Unknown, Some(0)) => *numbering = Numbering::Next(1),
            (numbering @ Numbering::Unknown, _) => *numbering = Numbering::None,
            // A server that gives 0 to all of them; or else the first one comes twice.
            (numbering @ Numbering::Next(1), Some(0)) => *numbering = Numbering::None,
            (Numbering::Next(next), Some(seq)) => {
                let Some(gap) = seq.checked_sub(*next) else { return false };
                self.missed = self.missed.saturating_add(gap);
                *next = seq.saturating_add(1);
            }
            (Numbering::Next(_) | Numbering::None, _) => {}
        }
        true
    }

    /// How many were missed so far.
    pub(super) fn count(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn missed(messages: &[(Option<u64>, bool)]) -> u64 {
        let mut missed = Missed::default();
        for (seq, is_kept) in messages {
            missed.partial(*seq, || *is_kept);
        }
        missed.count()
    }

    fn given(numbers: &[u64]) -> Vec<u64> {
        let (mut missed, mut given) = (Missed::default(), Vec::new());
        for seq in numbers {
            missed.partial(Some(*seq), || {
                given.push(*seq);
                true
            });
        }
        given
    }

    #[test]
    fn gaps_of_a_server_that_counts_from_0_are_missed_partials() {
        assert_eq!(missed(&[(Some(0), true), (Some(3), true), (Some(4), false)]), 3);
    }

    #[test]
    fn numbers_of_other_servers_say_nothing() {
        assert_eq!(missed(&[(Some(1_700_000_000_000), true), (Some(1_700_000_000_900), true)]), 0);
        assert_eq!(missed(&[(None, true), (None, false), (Some(7), false)]), 2);
        assert_eq!(missed(&[(Some(5), true), (Some(0), false)]), 1);
    }

    #[test]
    fn a_repeated_partial_is_not_missed() {
        assert_eq!(missed(&[(Some(0), true), (Some(1), true), (Some(0), false), (Some(1), false)]), 0);
    }

    #[test]
    fn a_repeated_partial_is_not_given_again() {
        assert_eq!(given(&[0, 1, 2, 0, 1, 2, 3]), [0, 1, 2, 3]);
        assert_eq!(given(&[0, 1, 1, 3, 2]), [0, 1, 3]);
    }

    #[test]
    fn all_partials_of_a_server_that_does_not_count_are_given() {
        assert_eq!(given(&[0, 0, 0]), [0, 0, 0]);
        assert_eq!(given(&[7, 7, 3]), [7, 7, 3]);
    }

    #[test]
    fn the_end_tells_of_those_before_it() {
        let mut missed = Missed::default();
        missed.partial(Some(0), || true);
        missed.done(Some(5));
        assert_eq!(missed.count(), 4);
    }

    proptest! {
        #[test]
        fn what_was_kept_and_what_was_missed_are_what_was_sent(
            fates in proptest::collection::vec(0..3u8, 1..200),
        ) {
            // Kept, no room, or dropped by the broker.
            let mut missed = Missed::default();
            let mut kept = 1;
            missed.partial(Some(0), || true);
            for (seq, fate) in (1..).zip(&fates) {
                match fate {
                    0 => { missed.partial(Some(seq), || true); kept += 1; }
                    1 => missed.partial(Some(seq), || false),
                    _ => {}
                }
            }
            let sent = fates.len() as u64 + 1;
            missed.done(Some(sent));
            prop_assert_eq!(kept + missed.count(), sent);
        }
    }
}
