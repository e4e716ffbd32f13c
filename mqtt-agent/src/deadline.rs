//! Points in time in the future, for any duration (`Duration::MAX` means «no limit»), and how durations are printed.

use std::fmt;
use std::time::{Duration, Instant};

/// Further off than any process lives.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// So long after `start`, or far off where a clock cannot hold it.
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    start.checked_add(duration.min(FAR)).unwrap_or(start)
}

/// So long from now.
pub(crate) fn within(duration: Duration) -> Instant {
    after(Instant::now(), duration)
}

/// So long from now, in milliseconds since 1970: for what has to outlive the process.
pub(crate) fn ms_within(duration: Duration) -> i64 {
    let left = i64::try_from(duration.min(FAR).as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::now().as_millisecond().saturating_add(left)
}

/// The point in time of [`ms_within`]; now for one that has passed.
pub(crate) fn at_ms(milliseconds: i64) -> Instant {
    let left = milliseconds.saturating_sub(jiff::Timestamp::now().as_millisecond());
    within(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
}

/// A duration for people to read: `300 ms`, `3 s`, `1.5 s`; from one second on to a tenth of a second.
#[derive(Clone, Copy)]
pub(crate) struct Lasting(pub(crate) Duration);

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        if milliseconds < 1000 {
            return write!(f, "{milliseconds} ms");
        }
        let tenths = (milliseconds + 50) / 100;
        match tenths % 10 {
            0 => write!(f, "{} s", tenths / 10),
            tenth => write!(f, "{}.{tenth} s", tenths / 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_what_people_read() {
        for (milliseconds, printed) in [
            (0, "0 ms"),
            (300, "300 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (1500, "1.5 s"),
            (2001, "2 s"),
            (2999, "3 s"),
        ] {
            assert_eq!(Lasting(Duration::from_millis(milliseconds)).to_string(), printed);
        }
        assert_eq!(Lasting(Duration::from_nanos(2_001_364_040)).to_string(), "2 s");
    }
}
