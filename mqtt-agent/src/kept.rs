//! [`Kept`]: a future that a stream keeps between its polls.
//!
//! All streams of this crate are a [`Stream`](futures_util::Stream) with an inherent `next`, and have one shape: items
//! are not wrapped in `Result`, `None` is the permanent end, and the method for the final result (`finish`, `result`)
//! says why the stream ended. So a combinator has no error to pass on, and no error is lost. `next` and `poll_next` are
//! cancel safe.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

/// A future that is made when it is first polled, and kept until it has ended.
///
/// A wait that is dropped is not woken any more: so a poll that makes one anew and drops it would wait for nothing.
// The lock is never taken, for a poll has the future alone. It makes streams `Sync`, which a boxed future is not.
pub(crate) struct Kept<T>(Mutex<Option<BoxFuture<'static, T>>>);

impl<T> Kept<T> {
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        make: impl FnOnce() -> BoxFuture<'static, T>,
    ) -> Poll<T> {
        let kept = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let outcome = kept.get_or_insert_with(make).as_mut().poll(cx);
        if outcome.is_ready() {
            *kept = None;
        }
        outcome
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
