//! The time of a store's changes: the system's clock, or a clock that tests set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(all(test, feature = "sqlite"))]
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Where a store has the time from.
#[derive(Debug, Clone, Default)]
pub(super) enum Clock {
    #[default]
    System,
    #[cfg(all(test, feature = "sqlite"))]
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
            #[cfg(all(test, feature = "sqlite"))]
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// What changed at this time or before is at least `age` old.
    pub(super) fn before(&self, age: Duration) -> i64 {
        self.now_ms().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    }
}
