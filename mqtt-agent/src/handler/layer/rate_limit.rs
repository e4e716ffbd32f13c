//! [`RateLimit`]: limits the rate of calls of each caller and tool.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::next::{Layer, Next};
use super::outcome::{Outcome, Refusal};
use super::request::Request;
use crate::wire::codes;

/// How many callers are remembered, where nothing else is said.
const CALLERS: usize = 10_000;

/// A limit of one caller and one handler.
type Limiter = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>;

/// Limits how many calls of each tool each caller can make in a period (feature `rate-limit`).
///
/// That number of calls may come at once; then one more is allowed after each fraction of the period:
/// `RateLimit::new(60, minute)` allows 60 calls at once, and then one call per second. Calls above the limit are
/// refused as `unavailable` with the code `rate_limited` and `retry_after_ms`, for which
/// [`ToolCall::retry`](crate::ToolCall::retry) waits. Each skill and each `#[request]` handler is limited in the same
/// way.
///
/// Callers are distinguished by the client that their answers go to ([`Request::client`]), because a caller's claimed
/// id can change with each call (`SUB-7`). Up to [`remember`](Self::remember) pairs of a caller and a tool are
/// remembered, each until its limit has recovered. While there are that many pairs, all new pairs share one limit.
///
/// ```
/// use std::time::Duration;
///
/// use mqtt_agent::layer::RateLimit;
/// use mqtt_agent::prelude::*;
///
/// let agent = Agent::new("calculator").layer(RateLimit::new(100, Duration::from_secs(1)));
/// ```
pub struct RateLimit {
    quota: Quota,
    /// After that long a caller is as good as a new one.
    recovery: Duration,
    most: usize,
    hasher: RandomState,
    callers: Mutex<Callers>,
}

struct Callers {
    known: HashMap<u64, (Limiter, Instant)>,
    /// Those that came when no more could be remembered.
    others: Limiter,
    swept: Instant,
}

impl RateLimit {
    /// Allows `calls` calls in each period `per`, for each caller and each tool. 0 calls count as 1; a period of zero
    /// counts as one nanosecond per call.
    pub fn new(calls: u32, per: Duration) -> Self {
        let calls = NonZeroU32::new(calls).unwrap_or(NonZeroU32::MIN);
        let each = (per / calls.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or(Quota::per_second(calls)).allow_burst(calls);
        let now = Instant::now();
        let callers = Callers { known: HashMap::new(), others: limiter(quota), swept: now };
        Self { quota, recovery: per, most: CALLERS, hasher: RandomState::new(), callers: Mutex::new(callers) }
    }

    /// Sets how many pairs of a caller and a tool are remembered, at about 150 bytes each. Default: 10,000.
    #[must_use]
    pub fn remember(mut self, pairs: usize) -> Self {
        self.most = pairs;
        self
    }

    /// Counts a call, or says when to try again.
    fn count(&self, key: u64) -> Result<(), Duration> {
        let now = Instant::now();
        // Short: no more is done than counting, and now and then a sweep.
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let Callers { known, others, swept } = &mut *callers;
        let is_new = !known.contains_key(&key);
        // At most twice in the time that a limit takes to recover.
        if is_new && known.len() >= self.most && now.duration_since(*swept) >= self.recovery / 2 {
            *swept = now;
            known.retain(|_, (_, last)| now.duration_since(*last) < self.recovery);
        }
        let limiter = if is_new && known.len() >= self.most {
            others
        } else {
            let (limiter, last) = known.entry(key).or_insert_with(|| (limiter(self.quota), now));
            *last = now;
            limiter
        };
        limiter.check().map_err(|early| early.wait_time_from(limiter.clock().now()))
    }
}

fn limiter(quota: Quota) -> Limiter {
    RateLimiter::direct_with_clock(quota, MonotonicClock)
}

#[diagnostic::do_not_recommend]
impl Layer for RateLimit {
    async fn call(&self, request: Request, next: Next) -> Outcome {
        let key = self.hasher.hash_one((request.kind(), request.name(), request.client()));
        match self.count(key) {
            Ok(()) => next.run(request).await,
            // Rounded up: what comes back that soon is taken.
            Err(wait) => Err(Refusal::unavailable("too many calls of this caller; try again later")
                .with_code(codes::RATE_LIMITED)
                .with_retry_after(wait + Duration::from_millis(1))),
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("calls", &self.quota.burst_size())
            .field("per", &self.recovery)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn each_caller_has_its_calls_and_is_told_when_to_come_back() {
        let limit = RateLimit::new(2, HOUR);
        assert_eq!([limit.count(1), limit.count(1), limit.count(2)], [Ok(()); 3]);
        let wait = limit.count(1).err().unwrap_or_default();
        assert!(wait > HOUR / 3 && wait <= HOUR / 2, "{wait:?}");
    }

    #[test]
    fn callers_over_what_is_remembered_share_a_limit_and_the_known_ones_keep_theirs() {
        let limit = RateLimit::new(2, HOUR).remember(3);
        for known in 0..3 {
            assert_eq!(limit.count(known), Ok(()));
        }
        assert_eq!([limit.count(100), limit.count(101)], [Ok(()); 2]);
        assert!(limit.count(102).is_err());
        assert_eq!(limit.count(0), Ok(()));
        let known = limit.callers.lock().map(|callers| callers.known.len());
        assert_eq!(known.unwrap_or_default(), 3);
    }

    #[test]
    fn who_has_recovered_makes_room() {
        let limit = RateLimit::new(1, Duration::from_millis(20)).remember(1);
        assert_eq!(limit.count(1), Ok(()));
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(limit.count(2), Ok(()));
        let callers = limit.callers.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(callers.known.keys().collect::<Vec<_>>(), [&2]);
    }

    #[test]
    fn nothing_is_no_limit_and_no_panic() {
        assert_eq!(RateLimit::new(0, HOUR).count(1), Ok(()));
        let open = RateLimit::new(u32::MAX, Duration::ZERO);
        assert_eq!([open.count(1), open.count(1)], [Ok(()); 2]);
    }
}
