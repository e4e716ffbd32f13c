//! Points in time in the future, for any duration: `Duration::MAX` is how one says «no limit».

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
