//! Whether a call, a request or a task is accepted, and when its turn comes.
//!
//! Accepted work is pending until it is answered. It waits in memory until its handler begins. The number and the bytes
//! of waiting work are limited, and so is the number of running handlers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::places::{Caller, Place, Places, may_take};
use crate::handler::refusal::{busy, busy_within};
use crate::wire::{CallPath, ErrorBody};

/// How much is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    /// Handlers that run.
    pub(crate) running: usize,
    /// What waits for its turn, once it was read.
    pub(crate) waiting: usize,
    /// All that is taken and not answered yet.
    pub(crate) in_hand: usize,
    /// Bytes of what was taken, until it runs or its outcome is known.
    pub(crate) bytes: usize,
}

/// The places of one profile of an agent.
#[derive(Debug)]
pub(crate) struct Admission {
    /// At random: what handlers that run here are known by in the calls that they make.
    id: u64,
    capacity: Capacity,
    running: Arc<Places>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: Amount,
    /// Of each caller that has something in hand.
    callers: HashMap<Caller, Amount>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Amount {
    in_hand: usize,
    waiting: usize,
    bytes: usize,
}

/// A place among what is in hand; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    caller: Caller,
    /// 0 from its turn on.
    bytes: usize,
}

/// A place among those that wait for their turn.
struct Waiting<'a>(&'a Admission, Caller);

/// The right to run; the places are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _agent: Place,
    _own: Option<Place>,
}

/// All places are taken, the waiting ones too, or all that the caller may have of them.
#[derive(Debug)]
pub(crate) struct Busy;

/// The places of one handler, where it has a limit of its own.
pub(crate) fn own_places(concurrency: Option<u32>) -> Option<Arc<Places>> {
    concurrency.map(|count| Places::new(count as usize))
}

impl Admission {
    pub(crate) fn new(capacity: Capacity) -> Arc<Self> {
        Arc::new(Self {
            id: fastrand::u64(..),
            running: Places::new(capacity.running),
            taken: Mutex::default(),
            capacity,
        })
    }

    /// What its handlers are known by.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// What a call of this path is told that has no turn.
    pub(crate) fn full(&self, path: &CallPath, what: &str) -> ErrorBody {
        if path.contains(self.id) { busy_within() } else { busy(what) }
    }

    /// Takes what has so many bytes, or says at once that there is too much already. However large it is, it is taken where
    /// nothing waits.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Result<Admitted, Busy> {
        self.admit_from(Caller::ANYBODY, bytes)
    }

    /// The same of one caller of several, which leaves some room to the others.
    pub(crate) fn admit_from(self: &Arc<Self>, caller: Caller, bytes: usize) -> Result<Admitted, Busy> {
        let mut taken = self.taken();
        let (all, own) = (taken.all, taken.of(caller));
        let free = self.capacity.bytes.saturating_sub(all.bytes);
        let has_room = all.bytes == 0 || (bytes <= free && may_take(caller, own.bytes, free));
        if !has_room || !may_take(caller, own.in_hand, self.capacity.in_hand.saturating_sub(all.in_hand)) {
            return Err(Busy);
        }
        Ok(self.enter(&mut taken, caller, bytes))
    }

    /// Takes what was promised before: it counts, and is never too much.
    pub(crate) fn admit_promised(self: &Arc<Self>, bytes: usize) -> Admitted {
        self.enter(&mut self.taken(), Caller::ANYBODY, bytes)
    }

    fn enter(self: &Arc<Self>, taken: &mut Taken, caller: Caller, bytes: usize) -> Admitted {
        taken.change(caller, |amount| {
            amount.in_hand = amount.in_hand.saturating_add(1);
            amount.bytes = amount.bytes.saturating_add(bytes);
        });
        Admitted { admission: Arc::clone(self), caller, bytes }
    }

    /// The lock is held only for a moment, never across an await.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, caller: Caller) -> Result<Waiting<'_>, Busy> {
        let mut taken = self.taken();
        let free = self.capacity.waiting.saturating_sub(taken.all.waiting);
        if !may_take(caller, taken.of(caller).waiting, free) {
            return Err(Busy);
        }
        taken.change(caller, |amount| amount.waiting = amount.waiting.saturating_add(1));
        Ok(Waiting(self, caller))
    }

    fn at_once(&self, caller: Caller, own: Option<&Arc<Places>>) -> Option<Turn> {
        let own = match own {
            Some(own) => Some(own.try_take(caller)?),
            None => None,
        };
        Some(Turn { _agent: self.running.try_take(caller)?, _own: own })
    }

    async fn in_turn(&self, caller: Caller, own: Option<&Arc<Places>>) -> Result<Turn, Busy> {
        if let Some(turn) = self.at_once(caller, own) {
            return Ok(turn);
        }
        let _waiting = self.wait(caller)?;
        let own = match own {
            Some(own) => Some(own.take(caller).await),
            None => None,
        };
        Ok(Turn { _agent: self.running.take(caller).await, _own: own })
    }
}

impl Taken {
    fn of(&self, caller: Caller) -> Amount {
        self.callers.get(&caller).copied().unwrap_or_default()
    }

    fn change(&mut self, caller: Caller, change: impl Fn(&mut Amount)) {
        change(&mut self.all);
        let amount = self.callers.entry(caller).or_default();
        change(amount);
        if amount.in_hand == 0 {
            self.callers.remove(&caller);
        }
    }
}

impl Admitted {
    /// Waits for its turn: callers take turns, and what one of them asks for is first come first served. `Busy` at once when
    /// no more may wait.
    ///
    /// A place of the handler's own comes before the agent's: what waits for its own handler holds back no other.
    pub(crate) async fn turn(&mut self, own: Option<&Arc<Places>>) -> Result<Turn, Busy> {
        let turn = self.turn_unsettled(own).await?;
        self.is_settled();
        Ok(turn)
    }

    /// The same for what may wait again after all: its bytes count on.
    pub(crate) async fn turn_unsettled(&self, own: Option<&Arc<Places>>) -> Result<Turn, Busy> {
        self.admission.in_turn(self.caller, own).await
    }

    /// Its turn if that is now: the first step of the others, which need not be waited for then.
    pub(crate) fn turn_now(&mut self, own: Option<&Arc<Places>>) -> Option<Turn> {
        let turn = self.admission.at_once(self.caller, own)?;
        self.is_settled();
        Some(turn)
    }

    /// The same as [`turn`](Self::turn) for a call that is made in a handler. Where that, or one around it, runs here it holds a place while it waits
    /// for this call: then this one is run at once or is `Busy` at once, for it might wait for its own callers.
    pub(crate) async fn turn_within(
        &mut self,
        path: &CallPath,
        own: Option<&Arc<Places>>,
    ) -> Result<Turn, Busy> {
        if !path.contains(self.admission.id) {
            return self.turn(own).await;
        }
        let turn = self.admission.at_once(self.caller, own).ok_or(Busy)?;
        self.is_settled();
        Ok(turn)
    }

    /// How many bytes it counts.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// It takes more than it was taken with, now that it was read, or there is no room for it. However much it is, there is
    /// where nothing else waits.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Busy> {
        let more = bytes.saturating_sub(self.bytes);
        let mut taken = self.admission.taken();
        let (all, own) = (taken.all, taken.of(self.caller));
        let free = self.admission.capacity.bytes.saturating_sub(all.bytes);
        let has_room = all.bytes == self.bytes || (more <= free && may_take(self.caller, own.bytes, free));
        if more > 0 && !has_room {
            return Err(Busy);
        }
        taken.change(self.caller, |amount| amount.bytes = amount.bytes.saturating_add(more));
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }

    /// Its bytes don't wait any more: it runs, or its outcome is known without that.
    pub(crate) fn is_settled(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            let settle = |amount: &mut Amount| amount.bytes = amount.bytes.saturating_sub(bytes);
            self.admission.taken().change(self.caller, settle);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let bytes = self.bytes;
        self.admission.taken().change(self.caller, |amount| {
            amount.in_hand = amount.in_hand.saturating_sub(1);
            amount.bytes = amount.bytes.saturating_sub(bytes);
        });
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self(admission, caller) = self;
        admission.taken().change(*caller, |amount| amount.waiting = amount.waiting.saturating_sub(1));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const CAPACITY: Capacity = Capacity { running: 1, waiting: 1, in_hand: 8, bytes: 100 };

    #[tokio::test]
    async fn a_call_over_the_queue_is_busy_and_one_in_it_gets_its_turn() {
        let admission = Admission::new(CAPACITY);
        let [mut one, mut two, mut three] = [(); 3].map(|()| admission.admit(1).unwrap());
        let first = one.turn(None).await.unwrap();
        let mut second = Box::pin(two.turn(None));
        assert!((&mut second).now_or_never().is_none(), "waits");
        assert!(matches!(three.turn(None).now_or_never(), Some(Err(Busy))));
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_handler_at_its_limit_holds_back_no_other() {
        let admission = Admission::new(Capacity { running: 2, waiting: 8, ..CAPACITY });
        let slow = own_places(Some(1));
        let [mut one, mut two, mut quick] = [(); 3].map(|()| admission.admit(1).unwrap());
        let _running = one.turn(slow.as_ref()).await.unwrap();
        let waiting = Box::pin(two.turn(slow.as_ref()));
        assert!(waiting.now_or_never().is_none());
        quick.turn(None).now_or_never().unwrap().unwrap();
    }

    #[test]
    fn so_many_are_in_hand_and_no_more() {
        let admission = Admission::new(Capacity { in_hand: 2, ..CAPACITY });
        let (_one, two) = (admission.admit(1).unwrap(), admission.admit(1).unwrap());
        assert!(admission.admit(1).is_err());
        drop(two);
        admission.admit(1).unwrap();
    }

    #[tokio::test]
    async fn what_has_its_outcome_does_not_count_in_bytes_though_it_is_in_hand() {
        let admission = Admission::new(Capacity { in_hand: 2, ..CAPACITY });
        let mut one = admission.admit(100).unwrap();
        assert!(admission.admit(1).is_err(), "full");
        one.is_settled();
        let _two = admission.admit(100).unwrap();
        assert!(admission.admit(0).is_err(), "both are in hand");
    }

    #[tokio::test]
    async fn a_flood_of_one_caller_leaves_room_to_another() {
        let (flooder, other) = (Caller::at(Some("flooder")), Caller::at(Some("other")));
        let admission = Admission::new(Capacity { running: 8, waiting: 8, in_hand: 24, bytes: 2400 });
        let mut flood = Vec::new();
        while let Ok(mut place) = admission.admit_from(flooder, 10) {
            let turn = place.turn(None).now_or_never();
            flood.push((place, turn));
        }
        assert_eq!(flood.len(), 21);
        assert_eq!(flood.iter().filter(|(_, turn)| matches!(turn, Some(Ok(_)))).count(), 7);
        for _ in 0..80 {
            let mut place = admission.admit_from(other, 10).unwrap();
            place.turn(None).now_or_never().unwrap().unwrap();
        }
        drop(flood);
        assert!(admission.taken().callers.is_empty());
    }

    #[test]
    fn the_bytes_of_one_caller_leave_room_to_another() {
        let (flooder, other) = (Caller::at(Some("flooder")), Caller::at(Some("other")));
        let admission = Admission::new(Capacity { in_hand: 1000, bytes: 800, ..CAPACITY });
        let flood: Vec<_> = std::iter::from_fn(|| admission.admit_from(flooder, 10).ok()).collect();
        assert_eq!(flood.len(), 70);
        admission.admit_from(other, 10).unwrap();
    }

    #[tokio::test]
    async fn so_many_bytes_wait_and_what_runs_does_not_count() {
        let admission = Admission::new(CAPACITY);
        let (mut one, two) = (admission.admit(60).unwrap(), admission.admit(40).unwrap());
        assert!(admission.admit(1).is_err(), "full");
        let _turn = one.turn(None).await.unwrap();
        let three = admission.admit(60).unwrap();
        assert!(admission.admit(1).is_err(), "full again");
        drop((one, two));
        let _four = admission.admit(40).unwrap();
        drop(three);
        admission.admit(60).unwrap();
    }

    #[test]
    fn what_turns_out_to_be_larger_is_taken_as_far_as_there_is_room() {
        let admission = Admission::new(CAPACITY);
        let (mut one, mut two) = (admission.admit(10).unwrap(), admission.admit(10).unwrap());
        one.grow(80).unwrap();
        one.grow(5).unwrap();
        assert!(two.grow(30).is_err());
        assert_eq!((one.bytes(), two.bytes(), admission.taken().all.bytes), (80, 10, 90));
        drop(one);
        two.grow(1000).unwrap();
        drop(two);
        assert_eq!(admission.taken().all.bytes, 0);
    }

    #[test]
    fn what_is_larger_than_all_room_is_taken_where_nothing_waits() {
        let admission = Admission::new(CAPACITY);
        let large = admission.admit(1000).unwrap();
        assert!(admission.admit(1).is_err());
        drop(large);
        let _small = admission.admit(1).unwrap();
        assert!(admission.admit(1000).is_err());
    }

    #[test]
    fn what_was_promised_is_taken_and_counts() {
        let admission = Admission::new(Capacity { in_hand: 1, ..CAPACITY });
        let promised = [(); 3].map(|()| admission.admit_promised(90));
        assert!(admission.admit(1).is_err());
        drop(promised);
        admission.admit(100).unwrap();
    }
}
