//! [`Unsent`]: ended tasks whose results had no receiver yet. The results are in the store; this has the tasks' ids,
//! and when the results are sent again.
//!
//! A result without a receiver shows that its owner is offline; a received result shows that the owner is back. So only
//! one of the results that wait for an owner is tried, and the others follow when it was received. A request has a topic
//! of its own, which nobody may ever subscribe again: its result is an owner's only one, and is tried less and less.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{MissedTickBehavior, interval};

use super::Executor;
use crate::shown::shown;
use crate::store::{TaskRecord, TaskSide};
use crate::wire::Identifier;

/// When a result is tried again at first, and at the latest: its owner may be back at any time.
const AGAIN: Duration = Duration::from_secs(5);
const AGAIN_MOST: Duration = Duration::from_secs(60);

/// The same of a request's result. A requester that is there asks for it.
const REQUEST_MOST: Duration = Duration::from_secs(60 * 60);

/// How often it is looked whose time has come.
const LOOK: Duration = Duration::from_secs(1);

/// Results that are sent at once: they go out beside what the agent is asked for now.
const AT_ONCE: usize = 64;

/// How many results are tried after one look of delegators that are away, and how many of requests.
const AWAY: usize = 64;

/// How many of one owner's results are sent after one look.
const A_LOOK: usize = 4096;

/// How many are remembered. The next start sends the others.
const MOST: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Unsent(Mutex<Owners>);

/// Whose results wait: by the topic that they go to.
#[derive(Debug, Default)]
struct Owners {
    owners: HashMap<Arc<str>, Owner>,
    /// The owner of each.
    of: HashMap<Identifier, Arc<str>>,
}

#[derive(Debug)]
struct Owner {
    ids: BTreeSet<Identifier>,
    at: Instant,
    pause: Duration,
    is_request: bool,
    /// Whether the last result that was sent was received.
    is_back: bool,
}

impl Owner {
    fn most(&self) -> Duration {
        if self.is_request { REQUEST_MOST } else { AGAIN_MOST }
    }
}

impl Unsent {
    fn owners(&self) -> MutexGuard<'_, Owners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_known(&self, id: &Identifier) -> bool {
        self.owners().of.contains_key(id)
    }

    /// Nobody received it: it is sent again.
    pub(super) fn add(&self, record: &TaskRecord) {
        self.owners().add(record, Instant::now(), AGAIN);
    }

    /// An earlier process left it: it is sent as soon as the agent is there.
    pub(super) fn add_recovered(&self, record: &TaskRecord) {
        self.owners().add(record, Instant::now(), Duration::ZERO);
    }

    /// It is not to be sent any more; `received`: somebody has it.
    fn remove(&self, id: &Identifier, received: bool) {
        self.owners().remove(id, received, Instant::now());
    }

    /// It could not be read: that says nothing of its owner.
    fn put_off(&self, id: &Identifier) {
        self.owners().put_off(id, Instant::now(), |_| AGAIN_MOST);
    }
}

impl Owners {
    fn add(&mut self, record: &TaskRecord, now: Instant, first: Duration) {
        let id = &record.task.task_id;
        if self.of.contains_key(id) {
            return self.failed(id, now);
        }
        if self.of.len() >= MOST {
            return;
        }
        let topic: Arc<str> = record.reply_topic.as_deref().unwrap_or_default().into();
        // The topic of one task (`A2A-7`).
        let is_request = topic.ends_with("/result");
        let new =
            || Owner { ids: BTreeSet::new(), at: now + first, pause: AGAIN, is_request, is_back: false };
        let owner = self.owners.entry(Arc::clone(&topic)).or_insert_with(new);
        owner.ids.insert(id.clone());
        owner.is_back = false;
        self.of.insert(id.clone(), topic);
    }

    /// Nobody was there.
    fn failed(&mut self, id: &Identifier, now: Instant) {
        self.put_off(id, now, Owner::most);
    }

    /// Later each time, once for all that was tried together.
    fn put_off(&mut self, id: &Identifier, now: Instant, most: fn(&Owner) -> Duration) {
        let Some(owner) = self.of.get(id).and_then(|topic| self.owners.get_mut(topic)) else { return };
        if owner.at <= now {
            owner.at = now + owner.pause;
            owner.pause = owner.pause.saturating_mul(2).min(most(owner));
        }
        owner.is_back = false;
    }

    fn remove(&mut self, id: &Identifier, received: bool, now: Instant) {
        let Some(topic) = self.of.remove(id) else { return };
        let Some(owner) = self.owners.get_mut(&topic) else { return };
        owner.ids.remove(id);
        if received {
            (owner.at, owner.pause, owner.is_back) = (now, AGAIN, true);
        }
        if owner.ids.is_empty() {
            self.owners.remove(&topic);
        }
    }

    /// Those whose time has come: many of each owner that is back, and one of each that is away, up to a number of these:
    /// who has waited longest comes first.
    fn due(&self, now: Instant) -> Vec<Identifier> {
        let due = self.owners.values().filter(|owner| owner.at <= now);
        let (back, mut away): (Vec<_>, Vec<_>) = due.partition(|owner| owner.is_back);
        away.sort_unstable_by_key(|owner| owner.at);
        let (requests, delegators): (Vec<_>, Vec<_>) = away.into_iter().partition(|owner| owner.is_request);
        // Any: one that cannot be read must not stand before the others.
        let any = |owner: &Owner| owner.ids.iter().nth(fastrand::usize(..owner.ids.len().max(1))).cloned();
        let back = back.into_iter().flat_map(|owner| owner.ids.iter().take(A_LOOK).cloned());
        let away = delegators.into_iter().take(AWAY).chain(requests.into_iter().take(AWAY));
        back.chain(away.filter_map(any)).collect()
    }
}

/// Sends them again for as long as the agent serves.
pub(super) async fn send_again(executor: Arc<Executor>) {
    if !executor.announced().await {
        return;
    }
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = executor.stopping.cancelled() => return,
            _ = look.tick() => {}
        }
        let due = executor.unsent.owners().due(Instant::now());
        let again = stream::iter(due).for_each_concurrent(AT_ONCE, |id| executor.again_unsent(id));
        tokio::select! {
            () = executor.stopping.cancelled() => return,
            () = again => {}
        }
    }
}

impl Executor {
    async fn again_unsent(&self, id: Identifier) {
        match self.store.get(TaskSide::Executor, id.as_str()).await {
            Ok(Some(record)) if record.task.status.is_terminal() && record.is_open() => {
                if self.finish(record).await {
                    self.unsent.remove(&id, true);
                }
            }
            // It was sent to a peer that asked again, or removed as too old.
            Ok(_) => self.unsent.remove(&id, false),
            Err(error) => {
                self.unsent.put_off(&id);
                crate::log::warn!(task = %shown(&id), %error, "failed to read a result that is to be sent again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::wire::{Intent, TaskNotification};

    fn result(id: &str, topic: &str) -> TaskRecord {
        let id = Identifier::parse(id).unwrap();
        let task = TaskNotification::about(id, Intent::Task, "boss", "worker").into_task();
        TaskRecord { reply_topic: Some(topic.to_owned()), ..TaskRecord::new(task) }
    }

    #[test]
    fn of_an_owner_that_is_away_one_result_is_tried_and_the_others_follow_when_it_is_received() {
        let (mut owners, now) = (Owners::default(), Instant::now());
        for id in ["a", "b", "c"] {
            owners.add(&result(id, "ann"), now, AGAIN);
        }
        owners.add(&result("d", "bob"), now, AGAIN);
        assert!(owners.due(now).is_empty());
        let mut at = now + AGAIN;
        for pause in [5, 10, 20, 40, 60, 60] {
            let due = owners.due(at);
            assert_eq!(due.len(), 2, "one of each");
            due.iter().for_each(|id| owners.failed(id, at));
            at += Duration::from_secs(pause);
            assert!(owners.due(at - Duration::from_secs(1)).is_empty());
        }
        let first = owners.due(at).into_iter().min().unwrap();
        owners.remove(&first, true, at);
        assert_eq!(owners.due(at).len(), 3, "two of the one that is back, and one of the other");
    }

    #[test]
    fn many_that_fail_together_are_one_failure_and_none_is_left_behind() {
        let (mut owners, now) = (Owners::default(), Instant::now());
        for id in ["a", "b", "c"] {
            owners.add(&result(id, "ann"), now, Duration::ZERO);
        }
        owners.remove(&Identifier::parse("a").unwrap(), true, now);
        for id in owners.due(now) {
            owners.add(&result(id.as_str(), "ann"), now, AGAIN);
        }
        assert_eq!(owners.due(now + AGAIN).len(), 1);
        for id in ["b", "c"] {
            owners.remove(&Identifier::parse(id).unwrap(), true, now);
        }
        assert!(owners.owners.is_empty() && owners.of.is_empty());
    }

    /// Owners that are away, with one result each, on topics that end so.
    fn away(count: usize, now: Instant, end: &str) -> Owners {
        let mut owners = Owners::default();
        for number in 0..count {
            owners.add(&result(&format!("t-{number}"), &format!("a2a/v1/tasks/{number}/{end}")), now, AGAIN);
        }
        owners
    }

    /// How often each was tried in so many looks, a second apart; nobody receives any.
    fn tries(owners: &mut Owners, now: Instant, looks: u64) -> HashMap<Identifier, usize> {
        let mut tries: HashMap<_, _> = owners.of.keys().map(|id| (id.clone(), 0)).collect();
        for second in 0..looks {
            let now = now + LOOK.saturating_mul(second as u32);
            let due = owners.due(now);
            assert!(due.len() <= AWAY, "{} in one look", due.len());
            for id in due {
                owners.failed(&id, now);
                *tries.get_mut(&id).unwrap() += 1;
            }
        }
        tries
    }

    #[test]
    fn results_of_requests_that_nobody_waits_for_are_tried_less_and_less() {
        let now = Instant::now();
        let mut owners = away(1000, now, "result");
        let tries = tries(&mut owners, now, 60 * 60);
        // After 5, 10, 20 .. s. With at most a minute between they were 62.
        assert!(tries.values().all(|tries| (7..=10).contains(tries)), "{:?}", tries.values().max());
    }

    #[test]
    fn of_many_owners_that_are_away_each_has_its_turn() {
        let now = Instant::now();
        // More than can be tried in a minute.
        let mut owners = away(100 * AWAY, now, "results");
        let tries = tries(&mut owners, now, 310);
        let (least, most) = (tries.values().min().unwrap(), tries.values().max().unwrap());
        assert!(*least >= 2 && *most <= 4, "{least} {most}");
    }

    #[test]
    fn requests_that_nobody_waits_for_hold_back_no_delegator() {
        let now = Instant::now();
        let mut owners = away(10 * AWAY, now, "result");
        owners.add(&result("d", "a2a/v1/tasks/ann/results"), now, AGAIN);
        let due = owners.due(now + AGAIN);
        assert_eq!(due.len(), AWAY + 1);
        assert!(due.contains(&Identifier::parse("d").unwrap()));
    }
}
