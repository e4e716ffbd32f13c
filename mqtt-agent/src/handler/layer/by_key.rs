//! [`ConcurrencyByKey`]: limits the concurrent calls of each key.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::next::{Layer, Next};
use super::outcome::{Outcome, Refusal};
use super::request::Request;
use crate::handler::param::with_integers;
use crate::handler::refusal::{busy_within, unavailable};
use crate::wire::codes;

/// How many calls of one key wait, where nothing else is said.
const QUEUE: usize = 64;

/// Limits how many calls with the same key run concurrently. A key is, for example, a caller, a tenant or a device.
///
/// Up to [`queue`](Self::queue) further calls wait, in order; calls beyond that are refused as `unavailable` with the
/// code `busy`. A waiting call does not count as a running handler, and ends at its caller's deadline. A call that is
/// made in a handler of the same agent never waits, because that handler might hold the key: it runs at once or is
/// refused as `busy`. A key uses memory only while it has a waiting or running call.
///
/// ```
/// use mqtt_agent::layer::ConcurrencyByKey;
/// use mqtt_agent::prelude::*;
///
/// /// Opens or closes a valve: one command at a time for each.
/// #[tool(layer = ConcurrencyByKey::by_argument(1, "valve"))]
/// async fn turn(valve: u32, open: bool) {}
/// ```
pub struct ConcurrencyByKey {
    most: usize,
    queue: usize,
    key: Box<Key>,
    places: Places,
}

/// What tells a request's key.
type Key = dyn Fn(&Request) -> Option<String> + Send + Sync;

/// Of each key that is in use.
type Places = Arc<Mutex<HashMap<String, Arc<Semaphore>>>>;

/// One use of a key, which may wait or run. The last one takes its entry along.
struct Using {
    places: Places,
    key: String,
    semaphore: Option<Arc<Semaphore>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl ConcurrencyByKey {
    /// At most `most` calls run concurrently for each key that `key` returns; 0 counts as 1. Calls without a key are
    /// not limited.
    pub fn new(most: usize, key: impl Fn(&Request) -> Option<String> + Send + Sync + 'static) -> Self {
        // What a semaphore holds.
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self { most, queue: QUEUE, key: Box::new(key), places: Places::default() }
    }

    /// At most `most` calls run concurrently for each [client](Request::client).
    pub fn by_client(most: usize) -> Self {
        Self::new(most, |request| Some(request.client().to_owned()))
    }

    /// At most `most` calls run concurrently for each value of an argument; `7.0` and `7` are the same value (`MCP-8`).
    /// Calls without the argument are not limited: a `default` of a tool's parameter is filled in after the layers.
    pub fn by_argument(most: usize, name: &'static str) -> Self {
        Self::new(most, move |request| match request.arguments().get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            value => Some(with_integers(value).as_ref().unwrap_or(value).to_string()),
        })
    }

    /// Sets how many calls of each key wait. Default: 64.
    #[must_use]
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// Counts itself among the uses of a key, or says that there are too many.
    fn enter(&self, key: String) -> Result<Using, Refusal> {
        let mut places = lock(&self.places);
        let semaphore = places.entry(key.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.most)));
        // All but the entry's own.
        let in_use = Arc::strong_count(semaphore) - 1;
        if in_use >= self.most.saturating_add(self.queue) {
            return Err(
                unavailable("as many calls of this key wait as may; try again later", codes::BUSY).into()
            );
        }
        let semaphore = Some(Arc::clone(semaphore));
        drop(places);
        Ok(Using { places: Arc::clone(&self.places), key, semaphore, permit: None })
    }
}

impl Using {
    /// Takes a place of the key: in turn, or at once or not at all.
    async fn run(&mut self, waits: bool) -> Result<(), Refusal> {
        // Handed over: each use counts once.
        let Some(semaphore) = self.semaphore.take() else { return Ok(()) };
        self.permit = match waits {
            true => semaphore.acquire_owned().await.ok(),
            false => Some(semaphore.try_acquire_owned().map_err(|_| busy_within())?),
        };
        Ok(())
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        // A waiter is next, before anybody else comes.
        self.permit = None;
        self.semaphore = None;
        let mut places = lock(&self.places);
        if places.get(&self.key).is_some_and(|entry| Arc::strong_count(entry) == 1) {
            places.remove(&self.key);
        }
    }
}

/// Short look-ups only: the lock is never held across an await.
fn lock(places: &Places) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

#[diagnostic::do_not_recommend]
impl Layer for ConcurrencyByKey {
    async fn call(&self, request: Request, next: Next) -> Outcome {
        let Some(key) = (self.key)(&request) else { return next.run(request).await };
        let mut using = self.enter(key)?;
        using.run(!request.context().is_nested()).await?;
        let outcome = next.run(request).await;
        drop(using);
        outcome
    }
}

impl fmt::Debug for ConcurrencyByKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyByKey")
            .field("most", &self.most)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_key_waits_in_its_order_and_up_to_its_queue() {
        let layer = ConcurrencyByKey::new(1, |_| None).queue(1);
        let mut first = layer.enter("a".to_owned()).unwrap();
        first.run(true).now_or_never().unwrap().unwrap();
        let mut second = layer.enter("a".to_owned()).unwrap();
        let mut waiting = Box::pin(second.run(true));
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(layer.enter("a".to_owned()).err().unwrap().code(), Some("busy"));
        let mut other = layer.enter("b".to_owned()).unwrap();
        other.run(true).now_or_never().unwrap().unwrap();
        drop(first);
        waiting.now_or_never().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_call_in_a_call_does_not_wait_for_its_key() {
        let layer = ConcurrencyByKey::new(1, |_| None);
        let mut outer = layer.enter("a".to_owned()).unwrap();
        outer.run(false).now_or_never().unwrap().unwrap();
        let mut inner = layer.enter("a".to_owned()).unwrap();
        assert_eq!(inner.run(false).now_or_never().unwrap().unwrap_err().code(), Some("busy"));
    }

    #[tokio::test]
    async fn a_key_that_nobody_uses_is_forgotten() {
        let layer = ConcurrencyByKey::new(1, |_| None);
        let mut first = layer.enter("a".to_owned()).unwrap();
        first.run(true).await.unwrap();
        let mut gives_up = layer.enter("a".to_owned()).unwrap();
        let mut waiting = Box::pin(gives_up.run(true));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        assert_eq!(lock(&layer.places).len(), 1, "somebody waits");
        drop(waiting);
        drop(gives_up);
        assert!(lock(&layer.places).is_empty());
    }
}
