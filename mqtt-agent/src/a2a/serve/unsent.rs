//! [`Unsent`]: ended tasks whose results nobody received yet. They are in the store; here are their ids, and when they are
//! sent again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{MissedTickBehavior, interval};

use super::Shared;
use crate::shown::shown;
use crate::store::TaskSide;
use crate::wire::Identifier;

/// When a result is sent again at first, and at the latest: its owner may be back at any time.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_MOST: Duration = Duration::from_secs(600);

/// How often it is looked whose time has come.
const LOOK: Duration = Duration::from_secs(1);

/// Results that are sent at once: they go out beside what the agent is asked for now.
const AT_ONCE: usize = 64;

/// How many are remembered. The next start sends the others.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Unsent(Mutex<HashMap<Identifier, Waiting>>);

#[derive(Debug)]
struct Waiting {
    at: Instant,
    pause: Duration,
}

impl Unsent {
    fn waiting(&self) -> MutexGuard<'_, HashMap<Identifier, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_known(&self, id: &Identifier) -> bool {
        self.waiting().contains_key(id)
    }

    /// Nobody received it: it is sent again, later each time.
    pub(super) fn add(&self, id: Identifier) {
        let mut waiting = self.waiting();
        let now = Instant::now();
        if let Some(known) = waiting.get_mut(&id) {
            known.pause = known.pause.saturating_mul(2).min(AGAIN_MOST);
            known.at = now + known.pause;
        } else if waiting.len() < MOST {
            waiting.insert(id, Waiting { at: now + AGAIN, pause: AGAIN });
        }
    }

    /// An earlier process left it: it is sent as soon as the agent is there.
    pub(super) fn add_recovered(&self, id: Identifier) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST {
            waiting.insert(id, Waiting { at: Instant::now(), pause: AGAIN });
        }
    }

    fn remove(&self, id: &Identifier) {
        self.waiting().remove(id);
    }

    /// Those whose time has come. They come again after their pause unless they are removed.
    fn due(&self, now: Instant) -> Vec<Identifier> {
        let waiting = self.waiting();
        waiting.iter().filter(|(_, waiting)| waiting.at <= now).map(|(id, _)| id.clone()).collect()
    }
}

/// Sends them again for as long as the agent serves.
pub(super) async fn send_again(shared: Arc<Shared>) {
    if !shared.announced().await {
        return;
    }
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            _ = look.tick() => {}
        }
        let due = shared.unsent.due(Instant::now());
        let again = stream::iter(due).for_each_concurrent(AT_ONCE, |id| shared.again_unsent(id));
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            () = again => {}
        }
    }
}

impl Shared {
    async fn again_unsent(&self, id: Identifier) {
        match self.store.get(TaskSide::Executor, id.as_str()).await {
            Ok(Some(record)) if record.task.status.is_terminal() && record.is_open() => {
                if self.finish(record).await {
                    self.unsent.remove(&id);
                }
            }
            // It was sent to whoever asked again, or removed as too old.
            Ok(_) => self.unsent.remove(&id),
            Err(error) => {
                self.unsent.add(id.clone());
                tracing::warn!(task = %shown(&id), %error, "failed to read a result that is to be sent again");
            }
        }
    }
}
