//! [`Places`]: limits how many handlers run at once; callers take turns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// One caller has at most so many times as much as is free: seven eighths of all where it is alone. What is left lets
/// others begin at once, however slow the calls of the first are.
const SHARE: usize = 7;

/// Whether somebody who holds so much may have more of what is free.
pub(super) fn may_take(caller: Caller, held: usize, free: usize) -> bool {
    free > 0 && (caller == Caller::ANYBODY || held < free.saturating_mul(SHARE))
}

/// Who asks: told by where the answers go. A hash, so that an address of any length costs nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Caller(Option<u64>);

impl Caller {
    /// Not told apart: first come first served, and without a share.
    pub(crate) const ANYBODY: Self = Self(None);

    /// The reply address; calls without one count as one caller.
    pub(crate) fn at(reply_address: Option<&str>) -> Self {
        static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(Some(HASHER.hash_one(reply_address)))
    }
}

/// The places.
#[derive(Debug)]
pub(crate) struct Places(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Those that hold places or wait.
    callers: HashMap<Caller, Standing>,
    /// Those that wait: who holds the least is next, and among these who had a turn, or came, the longest ago.
    order: BTreeSet<(usize, u64, Caller)>,
    next: u64,
}

#[derive(Debug, Default)]
struct Standing {
    held: usize,
    /// When it had a turn, or came.
    turn: u64,
    /// In their order.
    waiting: BTreeMap<u64, oneshot::Sender<Place>>,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    caller: Caller,
}

/// Waits in a caller's queue until it is dropped.
struct Waiter<'a> {
    places: &'a Places,
    caller: Caller,
    number: u64,
    granted: oneshot::Receiver<Place>,
}

impl Places {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (callers, order) = (HashMap::new(), BTreeSet::new());
        Arc::new(Self(Mutex::new(State { free: count.max(1), callers, order, next: 0 })))
    }

    /// A place, if the caller may have one now.
    pub(crate) fn try_take(self: &Arc<Self>, caller: Caller) -> Option<Place> {
        self.state().take(caller).then(|| Place { places: Arc::clone(self), caller })
    }

    /// A place, in turn.
    pub(crate) async fn take(self: &Arc<Self>, caller: Caller) -> Place {
        loop {
            let mut waiter = {
                let mut state = self.state();
                if state.take(caller) {
                    return Place { places: Arc::clone(self), caller };
                }
                let (grant, granted) = oneshot::channel();
                Waiter { places: self, caller, number: state.wait(caller, grant), granted }
            };
            // Nobody drops a grant; if somebody did, waiting again would be right.
            if let Ok(place) = (&mut waiter.granted).await {
                return place;
            }
        }
    }

    /// Short: the lock is never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out what is free. Places that nobody waited for after all have to be dropped without the lock.
    fn hand_out(self: &Arc<Self>, state: &mut State) -> Vec<Place> {
        let mut unwanted = Vec::new();
        while let Some(&(held, _, caller)) = state.order.first() {
            // The others hold more.
            if !may_take(caller, held, state.free) {
                break;
            }
            let Some(grant) = state.first_waiting(caller) else { break };
            state.take(caller);
            let place = Place { places: Arc::clone(self), caller };
            unwanted.extend(grant.send(place).err());
        }
        unwanted
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Changes what is known of a caller, and its place in the order with it.
    fn change<T>(&mut self, caller: Caller, change: impl FnOnce(&mut Standing) -> T) -> T {
        let number = self.number();
        let standing =
            self.callers.entry(caller).or_insert_with(|| Standing { turn: number, ..Standing::default() });
        let before = (standing.held, standing.turn, caller);
        let was_waiting = !standing.waiting.is_empty();
        let changed = change(standing);
        let after = (standing.held, standing.turn, caller);
        let is_waiting = !standing.waiting.is_empty();
        if standing.held == 0 && !is_waiting {
            self.callers.remove(&caller);
        }
        if was_waiting {
            self.order.remove(&before);
        }
        if is_waiting {
            self.order.insert(after);
        }
        changed
    }

    /// Takes a place where there is one for the caller.
    fn take(&mut self, caller: Caller) -> bool {
        let held = self.callers.get(&caller).map_or(0, |standing| standing.held);
        if !may_take(caller, held, self.free) {
            return false;
        }
        self.free -= 1;
        let turn = self.number();
        self.change(caller, |standing| {
            standing.held += 1;
            standing.turn = turn;
        });
        true
    }

    fn give_back(&mut self, caller: Caller) {
        self.free += 1;
        self.change(caller, |standing| standing.held = standing.held.saturating_sub(1));
    }

    fn wait(&mut self, caller: Caller, grant: oneshot::Sender<Place>) -> u64 {
        let number = self.number();
        self.change(caller, |standing| standing.waiting.insert(number, grant));
        number
    }

    fn first_waiting(&mut self, caller: Caller) -> Option<oneshot::Sender<Place>> {
        self.change(caller, |standing| standing.waiting.pop_first().map(|(_, grant)| grant))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let unwanted = {
            let mut state = self.places.state();
            state.give_back(self.caller);
            self.places.hand_out(&mut state)
        };
        drop(unwanted);
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.places.state().change(self.caller, |standing| standing.waiting.remove(&self.number));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn caller(name: &str) -> Caller {
        Caller::at(Some(name))
    }

    fn at_once(places: &Arc<Places>, name: &str, count: usize) -> Vec<Place> {
        (0..count).map_while(|_| places.try_take(caller(name))).collect()
    }

    #[test]
    fn one_caller_leaves_places_for_others_and_has_all_where_there_are_few() {
        let places = Places::new(256);
        let first = at_once(&places, "flooder", 300);
        assert_eq!(first.len(), 224);
        let second = at_once(&places, "other", 300);
        assert_eq!(second.len(), 28, "and it leaves some for a third");
        drop(first);
        assert_eq!(at_once(&places, "third", 300).len(), 200);
        for count in 1..=7 {
            assert_eq!(at_once(&Places::new(count), "alone", 10).len(), count);
        }
        let anybody = Places::new(16);
        let taken: Vec<_> = (0..20).map_while(|_| anybody.try_take(Caller::ANYBODY)).collect();
        assert_eq!(taken.len(), 16, "those that are not told apart have all");
    }

    #[tokio::test]
    async fn who_holds_the_least_is_next_and_each_waits_in_its_own_order() {
        let places = Places::new(1);
        let holder = places.take(caller("flooder")).await;
        let mut flood: Vec<_> = (0..5).map(|_| Box::pin(places.take(caller("flooder")))).collect();
        for waiting in &mut flood {
            assert!(waiting.now_or_never().is_none());
        }
        let (mut a, mut b) = (pin!(places.take(caller("a"))), pin!(places.take(caller("b"))));
        assert!(a.as_mut().now_or_never().is_none() && b.as_mut().now_or_never().is_none());
        drop(holder);
        // It had its last turn before the others came. Then it is theirs, though its second one came first.
        drop(flood[0].as_mut().now_or_never().expect("in turn"));
        assert!(flood[1].as_mut().now_or_never().is_none());
        drop(a.now_or_never().expect("in turn"));
        assert!(flood[1].as_mut().now_or_never().is_none());
        drop(b.now_or_never().expect("in turn"));
        drop(flood[1].as_mut().now_or_never().expect("in its own order"));
    }

    #[tokio::test]
    async fn who_gives_up_leaves_nothing_behind() {
        let places = Places::new(1);
        let holder = places.take(caller("a")).await;
        for name in ["a", "b", "b"] {
            assert!(places.take(caller(name)).now_or_never().is_none());
        }
        let mut last = pin!(places.take(caller("c")));
        assert!(last.as_mut().now_or_never().is_none());
        drop(holder);
        drop(last.now_or_never().unwrap());
        let state = places.state();
        assert!(state.callers.is_empty() && state.order.is_empty() && state.free == 1);
    }

    #[tokio::test]
    async fn a_place_that_was_granted_and_not_taken_goes_to_the_next() {
        let places = Places::new(1);
        let holder = places.take(caller("a")).await;
        let mut given_up = Box::pin(places.take(caller("b")));
        assert!((&mut given_up).now_or_never().is_none());
        let mut next = pin!(places.take(caller("c")));
        assert!(next.as_mut().now_or_never().is_none());
        drop(holder);
        drop(given_up);
        next.now_or_never().unwrap();
    }
}
