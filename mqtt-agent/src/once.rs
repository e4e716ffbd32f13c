//! [`Once`]: a value that is made once for all who want it, by whoever of them is polled.

use std::fmt;
use std::future::{Future, ready};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

type Attempt<T, E> = BoxFuture<'static, Result<T, E>>;

/// A value that is made when it is first wanted.
///
/// All who wait for it drive the same attempt. So one who is kept and not polled holds up nobody else, as the first one
/// would in a `tokio::sync::OnceCell`. An attempt ends when all who wait for it are dropped. After one that failed, the
/// next who wants the value tries again.
pub(crate) struct Once<T, E> {
    made: OnceLock<T>,
    attempt: Mutex<Option<WeakShared<Attempt<T, E>>>>,
}

impl<T, E> Once<T, E> {
    /// The value, if it was made.
    pub(crate) fn get(&self) -> Option<&T> {
        self.made.get()
    }
}

impl<T: Clone + Send + 'static, E: Clone + Send + 'static> Once<T, E> {
    /// The value, or the error of the attempt that was waited for.
    pub(crate) async fn get_or_try_init<F>(&self, make: impl FnOnce() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if let Some(made) = self.get() {
            return Ok(made.clone());
        }
        let attempt = self.attempt(make);
        let made = attempt.clone().await?;
        // Kept before this attempt is let go: whoever has the lock finds one of them.
        let _locked = self.lock();
        Ok(self.made.get_or_init(|| made).clone())
    }

    /// The attempt that is under way, or a new one.
    fn attempt<F>(&self, make: impl FnOnce() -> F) -> Shared<Attempt<T, E>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut attempt = self.lock();
        if let Some(made) = self.get() {
            return ready(Ok(made.clone())).boxed().shared();
        }
        let under_way = attempt.as_ref().and_then(WeakShared::upgrade);
        match under_way {
            // One that failed has told those who waited for it, and may still be kept by one who is not polled.
            Some(under_way) if !matches!(under_way.peek(), Some(Err(_))) => under_way,
            _ => {
                let new = make().boxed().shared();
                *attempt = new.downgrade();
                new
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<WeakShared<Attempt<T, E>>>> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E> From<T> for Once<T, E> {
    fn from(made: T) -> Self {
        Self { made: made.into(), attempt: Mutex::new(None) }
    }
}

impl<T, E> Default for Once<T, E> {
    fn default() -> Self {
        Self { made: OnceLock::new(), attempt: Mutex::new(None) }
    }
}

impl<T: fmt::Debug, E> fmt::Debug for Once<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Once").field(&self.get()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Counts attempts, of which the first few fail, and each waits until it is let go.
    #[derive(Clone, Default)]
    struct Making {
        begun: Arc<AtomicUsize>,
        go_on: Arc<Notify>,
        fail: usize,
    }

    impl Making {
        fn attempt(&self) -> impl Future<Output = Result<usize, usize>> + Send + use<> {
            let Self { begun, go_on, fail } = self.clone();
            let number = begun.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                go_on.notified().await;
                if number <= fail { Err(number) } else { Ok(number) }
            }
        }

        fn begun(&self) -> usize {
            self.begun.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn whoever_is_polled_drives_the_attempt_of_one_who_is_kept() {
        let (once, making) = (Once::default(), Making::default());
        let mut kept = Box::pin(once.get_or_try_init(|| making.attempt()));
        assert_eq!(kept.as_mut().now_or_never(), None);
        making.go_on.notify_one();
        assert_eq!(once.get_or_try_init(|| making.attempt()).now_or_never(), Some(Ok(1)));
        assert_eq!((once.get(), making.begun()), (Some(&1), 1));
        assert_eq!(kept.now_or_never(), Some(Ok(1)));
    }

    #[test]
    fn after_an_attempt_that_failed_the_next_one_tries_again_whoever_still_keeps_it() {
        let (once, making) = (Once::default(), Making { fail: 1, ..Making::default() });
        let mut kept = Box::pin(once.get_or_try_init(|| making.attempt()));
        assert_eq!(kept.as_mut().now_or_never(), None);
        making.go_on.notify_one();
        assert_eq!(once.get_or_try_init(|| making.attempt()).now_or_never(), Some(Err(1)));
        making.go_on.notify_one();
        assert_eq!(once.get_or_try_init(|| making.attempt()).now_or_never(), Some(Ok(2)));
        assert_eq!(kept.now_or_never(), Some(Err(1)));
    }

    #[test]
    fn an_attempt_that_nobody_waits_for_any_more_is_dropped() {
        let (once, making) = (Once::default(), Making::default());
        let mut left = Box::pin(once.get_or_try_init(|| making.attempt()));
        assert_eq!(left.as_mut().now_or_never(), None);
        assert_eq!(Arc::strong_count(&making.go_on), 2);
        drop(left);
        assert_eq!(Arc::strong_count(&making.go_on), 1);
        making.go_on.notify_one();
        assert_eq!(once.get_or_try_init(|| making.attempt()).now_or_never(), Some(Ok(2)));
    }
}
