//! [`Parked`]: tasks whose agent waits for an answer that comes with another call. A host only has a handle, which is
//! unguessable and valid once, for the same identity, tool and arguments.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::time::sleep;

/// How many wait at once.
const MOST: usize = 256;

/// How many of one identity.
const MOST_OWN: usize = 64;

/// How long one waits.
pub(super) const LONGEST: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 15 * 60 * 1000 });

/// What a handle is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Purpose {
    identity: Option<String>,
    tool: String,
    arguments: u64,
}

impl Purpose {
    pub(super) fn new(identity: Option<&str>, tool: &str, arguments: &Map<String, Value>) -> Self {
        let mut hasher = DefaultHasher::new();
        Value::Object(arguments.clone()).to_string().hash(&mut hasher);
        Self { identity: identity.map(str::to_owned), tool: tool.to_owned(), arguments: hasher.finish() }
    }
}

/// Tasks that wait. Dropped out of it, they are cancelled.
#[derive(Debug)]
pub(super) struct Parked<T>(Mutex<HashMap<String, Waiting<T>>>);

#[derive(Debug)]
struct Waiting<T> {
    task: T,
    purpose: Purpose,
    since: Instant,
}

impl<T> Default for Parked<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Parked<T> {
    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a task, and gives its handle; `None` where too many wait.
    pub(super) fn park(&self, task: T, purpose: Purpose, now: Instant) -> Option<String> {
        self.expire(now);
        let mut waiting = self.waiting();
        let own = waiting.values().filter(|waiting| waiting.purpose.identity == purpose.identity).count();
        if waiting.len() >= MOST || own >= MOST_OWN {
            return None;
        }
        let handle = uuid::Uuid::new_v4().to_string();
        waiting.insert(handle.clone(), Waiting { task, purpose, since: now });
        Some(handle)
    }

    /// Gives a task back.
    pub(super) fn take(&self, handle: &str, purpose: &Purpose, now: Instant) -> Option<T> {
        self.expire(now);
        let mut waiting = self.waiting();
        // The handle without the rest is of no use to anybody, and takes it from nobody.
        waiting.get(handle).filter(|waiting| waiting.purpose == *purpose)?;
        waiting.remove(handle).map(|waiting| waiting.task)
    }

    /// Drops those that have waited for too long.
    pub(super) fn expire(&self, now: Instant) {
        let is_old =
            |_: &String, waiting: &mut Waiting<T>| now.saturating_duration_since(waiting.since) >= LONGEST;
        let old: Vec<_> = self.waiting().extract_if(is_old).collect();
        // Not under the lock.
        drop(old);
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.waiting());
        drop(all);
    }

    /// Waits until what is parked now has waited for too long, and drops it. Each one that is parked needs a wait of its
    /// own.
    pub(super) async fn outlast(&self) {
        sleep(LONGEST).await;
        self.expire(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn purpose(identity: &str, tool: &str, city: &str) -> Purpose {
        Purpose::new(Some(identity), tool, &Map::from_iter([("city".to_owned(), json!(city))]))
    }

    #[test]
    fn a_handle_is_good_once_and_for_what_it_was_given_for() {
        let (parked, now) = (Parked::default(), Instant::now());
        let mine = purpose("scout", "greet", "Oslo");
        let handle = parked.park(7, mine.clone(), now).unwrap();
        for other in [
            purpose("probe", "greet", "Oslo"),
            purpose("scout", "poem", "Oslo"),
            purpose("scout", "greet", "Rome"),
        ] {
            assert_eq!(parked.take(&handle, &other, now), None);
        }
        assert_eq!(parked.take("guessed", &mine, now), None);
        assert_eq!(parked.take(&handle, &mine, now), Some(7));
        assert_eq!(parked.take(&handle, &mine, now), None);
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_in_time() {
        let (parked, now) = (Parked::default(), Instant::now());
        for number in 0..MOST {
            let identity = format!("scout-{}", number % 4);
            assert!(parked.park(number, purpose(&identity, "greet", "Oslo"), now).is_some());
        }
        assert!(parked.park(0, purpose("probe", "greet", "Oslo"), now).is_none());
        assert!(parked.park(0, purpose("probe", "greet", "Oslo"), now + LONGEST).is_some());
    }

    #[test]
    fn one_identity_leaves_room_for_the_others() {
        let (parked, now) = (Parked::default(), Instant::now());
        for number in 0..MOST_OWN {
            assert!(parked.park(number, purpose("scout", "greet", "Oslo"), now).is_some());
        }
        assert!(parked.park(0, purpose("scout", "greet", "Rome"), now).is_none());
        assert!(parked.park(0, purpose("probe", "greet", "Oslo"), now).is_some());
    }

    #[tokio::test]
    async fn what_was_parked_while_another_one_waited_ends_too() {
        let parked = Parked::default();
        let first = parked.park(1, purpose("scout", "greet", "Oslo"), Instant::now());
        let half = async {
            sleep(LONGEST / 2).await;
            let second = parked.park(2, purpose("scout", "greet", "Rome"), Instant::now());
            parked.outlast().await;
            second
        };
        let (second, ()) = tokio::join!(half, parked.outlast());
        assert!(first.is_some() && second.is_some());
        assert_eq!(parked.waiting().len(), 0);
    }
}
