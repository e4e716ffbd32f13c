//! How long to wait before the next attempt to connect.

use std::time::Duration;

/// The first step: a broker that restarts is back soon.
const FIRST: Duration = Duration::from_millis(100);

/// Exponential steps with full jitter, so that a fleet that lost its broker doesn't return in one wave.
#[derive(Debug)]
pub(super) struct Backoff {
    step: Duration,
    longest: Duration,
}

impl Backoff {
    pub(super) fn new(longest: Duration) -> Self {
        let longest = longest.max(FIRST);
        Self { step: FIRST, longest }
    }

    /// The next delay, anything from nothing to the step; `random` is in `0.0..1.0`.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let delay = self.step.mul_f64(random.clamp(0.0, 1.0));
        self.step = self.step.saturating_mul(2).min(self.longest);
        delay
    }

    /// The most that the next delay may be.
    pub(super) fn step(&self) -> Duration {
        self.step
    }

    /// Starts over, after a connection that held.
    pub(super) fn reset(&mut self) {
        self.step = FIRST;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn steps_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_secs(30));
        let steps: Vec<u128> = (0..10).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(steps, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000]);
        assert_eq!(backoff.next(0.5), Duration::from_secs(15));
        backoff.reset();
        assert_eq!(backoff.next(0.0), Duration::ZERO);
        assert_eq!(backoff.next(1.0).as_millis(), 200);
    }
}
