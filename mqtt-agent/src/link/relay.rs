//! [`Relay`]: the connection's future, which another task goes on with when the one that polls it is held up.
//!
//! A task that a handler has woken waits for that handler's thread, and no other thread may take it from there. So when a
//! handler holds its thread for long, the [`watchdog`](super::watchdog) has a new task go on.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_util::task::TaskTracker;

use super::watchdog::{Pulse, look_after};
use crate::spawn;

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future that one task after the other polls.
struct Relay {
    /// `None` when it has ended.
    run: Mutex<Option<Run>>,
    turn: Mutex<Turn>,
    /// Whether somebody came while another one was polling: it is polled once more.
    missed: AtomicBool,
}

/// Whose turn it is.
#[derive(Default)]
struct Turn {
    number: u64,
    /// Of that task.
    waker: Option<Waker>,
}

/// Spawns a future that a tracker waits for. Where there are several threads, another task goes on with it when the pulse
/// says so.
pub(super) fn spawn(
    tasks: &TaskTracker,
    run: impl Future<Output = ()> + Send + 'static,
    pulse: &Arc<Pulse>,
    runtime: &Handle,
) {
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return spawn::tracked_on(tasks, run, runtime);
    }
    let relay = Arc::new(Relay {
        // Tracked is the future and not the task: that may be held up when another one ends it.
        run: Mutex::new(Some(Box::pin(tasks.track_future(run)))),
        turn: Mutex::default(),
        missed: AtomicBool::new(false),
    });
    let (weak, handle) = (Arc::downgrade(&relay), runtime.clone());
    relay.go_on(0, runtime);
    pulse.on_held_up(move || {
        if let Some(relay) = weak.upgrade() {
            let (number, former) = {
                let mut turn = relay.turn();
                turn.number += 1;
                (turn.number, turn.waker.take())
            };
            // It ends if it can.
            former.into_iter().for_each(Waker::wake);
            relay.go_on(number, &handle);
        }
    });
    look_after(pulse);
}

impl Relay {
    /// Spawns the task of a turn. It ends with the turn, or with the future, which has an owner.
    fn go_on(self: &Arc<Self>, number: u64, runtime: &Handle) {
        let relay = Arc::clone(self);
        let task =
            poll_fn(move |cx| if relay.has_turn(number, cx) { relay.poll(cx) } else { Poll::Ready(()) });
        drop(runtime.spawn(task.boxed()));
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is this task's turn still. It is woken when that is over.
    fn has_turn(&self, number: u64, cx: &Context<'_>) -> bool {
        let mut turn = self.turn();
        if turn.number != number {
            return false;
        }
        if !turn.waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            turn.waker = Some(cx.waker().clone());
        }
        true
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Twice: the other one may have looked before it could see that somebody came.
        for _ in 0..2 {
            match self.run.try_lock() {
                Ok(mut slot) => {
                    let Some(run) = slot.as_mut() else { return Poll::Ready(()) };
                    if run.as_mut().poll(cx).is_ready() {
                        *slot = None;
                        return Poll::Ready(());
                    }
                    drop(slot);
                    if self.missed.swap(false, Ordering::SeqCst) {
                        // Whose turn it is now polls it again.
                        self.turn().waker.iter().for_each(Waker::wake_by_ref);
                    }
                    return Poll::Pending;
                }
                // It has panicked.
                Err(TryLockError::Poisoned(_)) => return Poll::Ready(()),
                Err(TryLockError::WouldBlock) => self.missed.store(true, Ordering::SeqCst),
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    use super::*;

    /// Counts its polls, and ends when it is told.
    struct Counting {
        polls: Arc<AtomicU32>,
        end: Arc<AtomicBool>,
    }

    impl Future for Counting {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            self.polls.fetch_add(1, Ordering::SeqCst);
            if self.end.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_turn_polls_it_and_the_former_ones_end() {
        let (polls, end) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let run = Counting { polls: Arc::clone(&polls), end: Arc::clone(&end) };
        let (tasks, pulse, runtime) = (TaskTracker::new(), Arc::new(Pulse::default()), Handle::current());
        let before = runtime.metrics().num_alive_tasks();
        spawn(&tasks, run, &pulse, &runtime);
        tasks.close();
        let until = async |what: &dyn Fn() -> bool| {
            while !what() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        for turn in 1..=10 {
            until(&|| polls.load(Ordering::SeqCst) >= turn).await;
            until(&|| runtime.metrics().num_alive_tasks() == before + 1).await;
            pulse.beat();
        }
        end.store(true, Ordering::SeqCst);
        pulse.beat();
        tasks.wait().await;
        until(&|| runtime.metrics().num_alive_tasks() == before).await;
    }
}
