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
