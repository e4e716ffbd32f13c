//! [`Tally`]: the counters of one tool (`MCP-20`). Only atomic counters: a call takes no lock and allocates nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::wire::{ErrorKind, Quantiles, ToolStats};

/// The types of errors that are counted, each at its own place; the last one counts all others.
const KINDS: [&str; 6] =
    ["invalid_arguments", "unauthorized", "tool_error", "timeout", "unavailable", "other"];

/// What is counted of one tool.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: AtomicU64,
    errors: [AtomicU64; KINDS.len()],
    in_hand: AtomicU64,
    queue: Histogram,
    handling: Histogram,
}

/// A call in hand, until it is dropped.
pub(super) struct InHand<'t>(&'t Tally);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.in_hand.fetch_sub(1, Relaxed);
    }
}

/// How long a call waited and ran, as far as it came.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Times {
    pub(super) queue: Option<Duration>,
    pub(super) handling: Option<Duration>,
}

impl Tally {
    /// Counts a call in hand.
    pub(super) fn enter(&self) -> InHand<'_> {
        self.in_hand.fetch_add(1, Relaxed);
        InHand(self)
    }

    /// Counts an answer.
    pub(super) fn answered(&self, error: Option<&ErrorKind>, times: Times) {
        self.calls.fetch_add(1, Relaxed);
        if let Some(kind) = error {
            let place = KINDS.iter().position(|known| *known == kind.as_str()).unwrap_or(KINDS.len() - 1);
            if let Some(count) = self.errors.get(place) {
                count.fetch_add(1, Relaxed);
            }
        }
        times.queue.iter().for_each(|time| self.queue.add(*time));
        times.handling.iter().for_each(|time| self.handling.add(*time));
    }

    /// The calls in hand.
    pub(crate) fn in_hand(&self) -> u64 {
        self.in_hand.load(Relaxed)
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> ToolStats {
        let counted = KINDS.iter().zip(&self.errors).map(|(kind, count)| (*kind, count.load(Relaxed)));
        let errors: BTreeMap<_, _> =
            counted.filter(|(_, count)| *count > 0).map(|(kind, count)| (kind.to_owned(), count)).collect();
        ToolStats {
            calls: self.calls.load(Relaxed),
            errors,
            in_hand: self.in_hand(),
            queue_ms: self.queue.quantiles(),
            handling_ms: self.handling.quantiles(),
        }
    }
}

/// Places for each doubling of the time: what is told is at most an eighth off.
const STEPS: u32 = 4;

/// Up to 2^32 microseconds, which is over an hour; what takes longer counts as that.
const BUCKETS: usize = 32 * STEPS as usize;

/// Times by their logarithm.
#[derive(Debug)]
struct Histogram([AtomicU32; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; BUCKETS])
    }
}

impl Histogram {
    fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.0.get(bucket(micros)) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn quantiles(&self) -> Quantiles {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Relaxed).into()).collect();
        let all: u64 = counts.iter().sum();
        Quantiles::new([50, 95, 99].map(|percent| {
            let rank = (all * percent).div_ceil(100);
            let mut before = 0;
            let at = counts.iter().position(|count| {
                before += count;
                before >= rank
            });
            at.filter(|_| all > 0).map_or(0.0, |at| middle(at) / 1000.0)
        }))
    }
}

/// Where a time counts: the first two bits below its highest one are told apart.
fn bucket(micros: u64) -> usize {
    let micros = micros.clamp(1, (1 << 32) - 1);
    let doublings = micros.ilog2();
    let step = match doublings.checked_sub(2) {
        Some(shift) => (micros >> shift) & 3,
        None => (micros << (2 - doublings)) & 3,
    };
    (doublings * STEPS) as usize + step as usize
}

/// The time in the middle of a place, in microseconds.
fn middle(bucket: usize) -> f64 {
    let (doublings, step) = (bucket / STEPS as usize, bucket % STEPS as usize);
    let width = 2_f64.powi(i32::try_from(doublings).unwrap_or(0)) / f64::from(STEPS);
    width * (f64::from(STEPS) + step as f64 + 0.5)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_time_is_told_with_an_error_of_an_eighth() {
        for micros in (0..32).flat_map(|power| [1_u64 << power, (1 << power) * 3 / 2, (1 << power) + 7]) {
            let told = middle(bucket(micros));
            let off = (told - micros as f64).abs() / micros as f64;
            assert!(off <= 0.13 || micros < 4, "{micros} µs are told as {told}");
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (bucket(1), BUCKETS - 1));
    }

    #[test]
    fn quantiles_are_those_of_the_times_that_were_added() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantiles(), Quantiles::default());
        for millis in 1..=100 {
            histogram.add(Duration::from_millis(millis));
        }
        let Quantiles { p50, p95, p99 } = histogram.quantiles();
        for (told, real) in [(p50, 50.0), (p95, 95.0), (p99, 99.0)] {
            assert!((told - real).abs() / real < 0.13, "{told} for {real}");
        }
    }

    #[test]
    fn errors_count_by_their_types_and_what_is_in_hand_until_it_ends() {
        let tally = Tally::default();
        let in_hand = tally.enter();
        tally.answered(None, Times::default());
        tally.answered(Some(&ErrorKind::Timeout), Times::default());
        tally.answered(Some(&ErrorKind::Other("novel".to_owned())), Times::default());
        let stats = tally.stats();
        assert_eq!((stats.calls, stats.in_hand, stats.errors.len()), (3, 1, 2));
        assert_eq!((stats.errors["timeout"], stats.errors["other"]), (1, 1));
        drop(in_hand);
        assert_eq!(tally.stats().in_hand, 0);
    }
}
