//! Whether a call, a request or a task is taken, and when its turn comes.
//!
//! What is taken is in hand until it is answered. It waits, in memory, until its handler begins: so many may wait, and so
//! many bytes of them. So many handlers run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How much is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    /// Handlers that run.
    pub(crate) running: usize,
    /// What waits for its turn, once it was read.
    pub(crate) waiting: usize,
    /// All that is taken and not answered yet.
    pub(crate) in_hand: usize,
    /// Bytes of what was taken and does not run yet.
    pub(crate) bytes: usize,
}

/// The places of one profile of an agent.
#[derive(Debug)]
pub(crate) struct Admission {
    capacity: Capacity,
    running: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_hand: usize,
    waiting: usize,
    bytes: usize,
}

/// A place among what is in hand; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
    /// 0 from its turn on.
    bytes: usize,
}

/// A place among those that wait for their turn.
struct Waiting<'a>(&'a Admission);

/// The right to run; the places are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _agent: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

/// All places are taken, the waiting ones too.
#[derive(Debug)]
pub(crate) struct Busy;

fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)))
}

/// The places of one handler, where it has a limit of its own.
pub(crate) fn own_places(concurrency: Option<u32>) -> Option<Arc<Semaphore>> {
    concurrency.map(|count| places(count as usize))
}

impl Admission {
    pub(crate) fn new(capacity: Capacity) -> Arc<Self> {
        Arc::new(Self { running: places(capacity.running), taken: Mutex::default(), capacity })
    }

    /// Takes what has so many bytes, or says at once that there is too much already. However large it is, it is taken where
    /// nothing waits.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Result<Admitted, Busy> {
        let mut taken = self.taken();
        let has_room = taken.bytes == 0 || taken.bytes.saturating_add(bytes) <= self.capacity.bytes;
        if taken.in_hand >= self.capacity.in_hand || !has_room {
            return Err(Busy);
        }
        Ok(self.enter(&mut taken, bytes))
    }

    /// Takes what was promised before: it counts, and is never too much.
    pub(crate) fn admit_promised(self: &Arc<Self>, bytes: usize) -> Admitted {
        self.enter(&mut self.taken(), bytes)
    }

    fn enter(self: &Arc<Self>, taken: &mut Taken, bytes: usize) -> Admitted {
        taken.in_hand = taken.in_hand.saturating_add(1);
        taken.bytes = taken.bytes.saturating_add(bytes);
        Admitted { admission: Arc::clone(self), bytes }
    }

    /// Short look-ups only: the lock is never held across an await.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> Result<Waiting<'_>, Busy> {
        let mut taken = self.taken();
        if taken.waiting >= self.capacity.waiting {
            return Err(Busy);
        }
        taken.waiting += 1;
        Ok(Waiting(self))
    }

    fn at_once(&self, own: Option<&Arc<Semaphore>>) -> Result<Option<Turn>, Busy> {
        let own = match own.map(|own| Arc::clone(own).try_acquire_owned()).transpose() {
            Ok(own) => own,
            Err(TryAcquireError::NoPermits) => return Ok(None),
            Err(TryAcquireError::Closed) => return Err(Busy),
        };
        match Arc::clone(&self.running).try_acquire_owned() {
            Ok(agent) => Ok(Some(Turn { _agent: agent, _own: own })),
            Err(TryAcquireError::NoPermits) => Ok(None),
            Err(TryAcquireError::Closed) => Err(Busy),
        }
    }

    async fn in_turn(&self, own: Option<&Arc<Semaphore>>) -> Result<Turn, Busy> {
        if let Some(turn) = self.at_once(own)? {
            return Ok(turn);
        }
        let _waiting = self.wait()?;
        let own = match own {
            Some(own) => Some(Arc::clone(own).acquire_owned().await.map_err(|_| Busy)?),
            None => None,
        };
        let agent = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        Ok(Turn { _agent: agent, _own: own })
    }
}

impl Admitted {
    /// Waits for its turn, first come first served. `Busy` at once when no more may wait.
    ///
    /// A place of the handler's own comes before the agent's: what waits for its own handler holds back no other.
    pub(crate) async fn turn(&mut self, own: Option<&Arc<Semaphore>>) -> Result<Turn, Busy> {
        let turn = self.admission.in_turn(own).await?;
        let bytes = std::mem::take(&mut self.bytes);
        let mut taken = self.admission.taken();
        taken.bytes = taken.bytes.saturating_sub(bytes);
        Ok(turn)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut taken = self.admission.taken();
        taken.in_hand = taken.in_hand.saturating_sub(1);
        taken.bytes = taken.bytes.saturating_sub(self.bytes);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        taken.waiting = taken.waiting.saturating_sub(1);
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
