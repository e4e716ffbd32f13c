//! How many calls of one tool may be unanswered. The limit adapts to the delay of the answers.
//!
//! It follows LEDBAT (RFC 6817) and its successors, which limit a sender by the delay in a shared queue. Delay above
//! the lowest recent delay is time spent in queues. While that time is short, the limit grows; when it is long, the
//! limit shrinks. So all callers of a server together keep its queue short, however many there are. With a limit by the
//! number of queued calls (TCP Vegas), the queue would grow with the number of callers.

use std::time::{Duration, Instant};

const START: f64 = 64.0;
/// The lowest after answers that say busy and calls without an answer.
const LOWEST: f64 = 4.0;
/// The lowest after long delays: they may have other causes than queues, such as acknowledgements that are held back.
const LOWEST_BY_DELAY: f64 = 16.0;
const HIGHEST: f64 = 4096.0;

/// The delay in queues that is aimed at: half of what the way itself takes, within these bounds.
const TARGET: Duration = Duration::from_millis(10);
const LONGEST_TARGET: Duration = Duration::from_millis(50);

/// How long the lowest delay is valid; what was measured up to twice as long ago counts.
const VALID: Duration = Duration::from_secs(30);

/// How long the limit does not grow beyond the one at which a server was too busy.
const CAUTION: Duration = Duration::from_secs(30);

/// The limit of one tool. Calls are numbered in the order in which they were sent; a round ends with the answer to a
/// call that was sent after the last round ended.
#[derive(Debug)]
pub(super) struct Limit {
    value: f64,
    /// Grows by half in each round, until the first whose delay shows a queue.
    rising: bool,
    base: Base,
    /// The first call whose answer ends the round.
    round: u64,
    /// The least delay in queues of the round.
    least: Duration,
    /// Calls before this one were sent under a limit that was cut since.
    cut: u64,
    /// Where a server was too busy, and until when that counts.
    ceiling: Option<(f64, Instant)>,
}

impl Limit {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            value: START,
            rising: true,
            base: Base::new(now),
            round: 0,
            least: Duration::MAX,
            cut: 0,
            ceiling: None,
        }
    }

    /// As many calls may be unanswered.
    pub(super) fn places(&self) -> usize {
        self.value as usize
    }

    /// The answer to `call` took `delay`; `next` is the number of the next call to be sent. The limit grows only where
    /// more is `wanted`.
    pub(super) fn answered(&mut self, call: u64, next: u64, delay: Duration, wanted: bool, now: Instant) {
        if self.base.note(delay, now) {
            // What is the lowest now may be the delay of a queue that never emptied, so empty it.
            self.shrink(0.5, LOWEST_BY_DELAY);
            self.rising = true;
            self.begin_round(next);
        }
        let base = self.base.lowest();
        let target = (base / 2).clamp(TARGET, LONGEST_TARGET);
        let queued = delay.saturating_sub(base);
        self.least = self.least.min(queued);
        if call >= self.round {
            let least = self.least;
            self.begin_round(next);
            self.rising &= least <= target / 2;
            if least > target {
                let factor = (base + target).as_secs_f64() / (base + least).as_secs_f64();
                return self.shrink(factor.max(0.5), LOWEST_BY_DELAY);
            }
        }
        if wanted && queued <= target / 2 {
            // A part of the limit in each round: a half at first, then an eighth, and eight where that is more.
            let step = if self.rising { 0.5 } else { (8.0 / self.value).clamp(0.125, 0.5) };
            self.grow(step, now);
        }
    }

    /// A server was too busy for `call`.
    pub(super) fn busy(&mut self, call: u64, next: u64, now: Instant) {
        if self.cut(call, next, 0.7) {
            self.ceiling = Some((self.value, now + CAUTION));
        }
    }

    /// `call` was not answered in time.
    pub(super) fn timed_out(&mut self, call: u64, next: u64) {
        self.cut(call, next, 0.5);
    }

    /// Cuts the limit, but once only for all calls that were sent under it.
    fn cut(&mut self, call: u64, next: u64, factor: f64) -> bool {
        if call < self.cut {
            return false;
        }
        self.cut = next;
        self.begin_round(next);
        self.rising = false;
        self.shrink(factor, LOWEST);
        true
    }

    fn begin_round(&mut self, next: u64) {
        self.round = next;
        self.least = Duration::MAX;
    }

    fn shrink(&mut self, factor: f64, lowest: f64) {
        self.value = (self.value * factor).max(lowest.min(self.value));
    }

    fn grow(&mut self, step: f64, now: Instant) {
        let highest = match self.ceiling {
            Some((ceiling, until)) if now < until => ceiling,
            _ => HIGHEST,
        };
        self.value = self.value.max((self.value + step).min(highest));
    }
}

/// The lowest delay of late.
#[derive(Debug)]
struct Base {
    current: Duration,
    former: Duration,
    since: Instant,
}

impl Base {
    fn new(now: Instant) -> Self {
        Self { current: Duration::MAX, former: Duration::MAX, since: now }
    }

    fn lowest(&self) -> Duration {
        self.current.min(self.former)
    }

    /// Notes a delay. True when an older, clearly lower one was forgotten.
    fn note(&mut self, delay: Duration, now: Instant) -> bool {
        let mut rose = false;
        if now.saturating_duration_since(self.since) >= VALID {
            let before = self.lowest();
            self.former = std::mem::replace(&mut self.current, Duration::MAX);
            self.since = now;
            rose = self.former.min(delay) > before.saturating_add(TARGET / 4);
        }
        self.current = self.current.min(delay);
        rose
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    /// Answers that all take as long, each to a call sent when the one before it was answered.
    fn answers(limit: &mut Limit, calls: std::ops::Range<u64>, delay: Duration, now: Instant) {
        for call in calls {
            limit.answered(call, call + limit.places() as u64, delay, true, now);
        }
    }

    #[test]
    fn sub_17_it_grows_by_half_each_round_while_no_queue_shows() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        answers(&mut limit, 0..64, QUICK, now);
        assert_eq!(limit.places(), 96);
        answers(&mut limit, 64..160, QUICK, now);
        assert_eq!(limit.places(), 144);
        answers(&mut limit, 160..10_000, QUICK, now);
        assert_eq!(limit.places(), 4096);
    }

    #[test]
    fn it_does_not_grow_beyond_what_is_wanted() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        for call in 0..1000 {
            limit.answered(call, call + 1, QUICK, false, now);
        }
        assert_eq!(limit.places(), 64);
    }

    #[test]
    fn sub_17_it_shrinks_in_the_rounds_whose_delay_shows_a_queue() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        answers(&mut limit, 0..1, QUICK, now);
        // One late answer is no queue.
        limit.answered(1, 70, Duration::from_secs(1), true, now);
        assert!(limit.places() >= 64);
        answers(&mut limit, 2..5000, Duration::from_millis(100), now);
        assert_eq!(limit.places(), 16);
    }

    #[test]
    fn one_long_wait_in_a_round_of_short_ones_does_not_shrink_it() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        for call in 0..10_000_u64 {
            let delay = if call % 10 == 0 { Duration::from_secs(2) } else { QUICK };
            limit.answered(call, call + limit.places() as u64, delay, true, now);
        }
        assert!(limit.places() > 1000, "{}", limit.places());
    }

    #[test]
    fn sub_17_busy_cuts_once_for_all_calls_of_one_limit_and_holds_it_there_for_a_while() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        for call in 0..64 {
            limit.busy(call, 64, now);
        }
        assert_eq!(limit.places(), 44);
        answers(&mut limit, 64..10_000, QUICK, now);
        assert_eq!(limit.places(), 44);
        answers(&mut limit, 10_000..20_000, QUICK, now + CAUTION);
        assert!(limit.places() > 1000);
        limit.busy(0, 20_000, now);
        assert!(limit.places() > 1000, "sent before the last cut");
    }

    #[test]
    fn sub_17_calls_without_an_answer_cut_to_the_lowest_and_answers_grow_it_again() {
        let now = Instant::now();
        let mut limit = Limit::new(now);
        for call in 0..1000 {
            limit.timed_out(call, call + 1);
        }
        assert_eq!(limit.places(), 4);
        answers(&mut limit, 1000..2000, QUICK, now);
        assert!(limit.places() > 64);
    }

    #[test]
    fn a_queue_that_never_empties_is_not_taken_for_the_way() {
        let mut now = Instant::now();
        let mut limit = Limit::new(now);
        answers(&mut limit, 0..2000, QUICK, now);
        let before = limit.places();
        let slow = Duration::from_millis(9);
        for step in 0..3 {
            now += VALID;
            answers(&mut limit, 2000 + step..2001 + step, slow, now);
        }
        assert!(limit.places() < before * 3 / 5, "{before} to {}", limit.places());
    }
}
