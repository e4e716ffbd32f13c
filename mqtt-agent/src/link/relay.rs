//! [`Relay`]: the connection's future, which another tokio task continues when the task that polls it is blocked.
//!
//! A task that a handler has woken waits for that handler's thread, and no other thread can take it. So when a handler
//! blocks its thread for long, the [`watchdog`](super::watchdog) starts a new task that continues.

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
    /// Whether that task has begun.
    begun: bool,
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
                if !turn.begun {
                    // No thread is free to go on with it.
                    return;
                }
                (turn.number, turn.begun) = (turn.number + 1, false);
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
        let task = poll_fn(
            move |cx| if relay.has_turn(number, cx) { relay.poll(number, cx) } else { Poll::Ready(()) },
        );
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
        turn.begun = true;
        if !turn.waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            turn.waker = Some(cx.waker().clone());
        }
        true
    }

    fn poll(&self, number: u64, cx: &mut Context<'_>) -> Poll<()> {
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
                    let missed = self.missed.swap(false, Ordering::SeqCst);
                    let turn = self.turn();
                    if missed || turn.number != number {
                        // Whose turn it is now polls it again: what wakes it is this task's waker still.
                        turn.waker.iter().for_each(Waker::wake_by_ref);
                    }
                    return Poll::Pending;
                }
                // It has panicked, and a waiter for its end waits no longer.
                Err(TryLockError::Poisoned(slot)) => {
                    *slot.into_inner() = None;
                    return Poll::Ready(());
                }
                Err(TryLockError::WouldBlock) => self.missed.store(true, Ordering::SeqCst),
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::AtomicU32;
    use std::task::Wake;
    use std::time::{Duration, Instant};

    use tokio::sync::Notify;

    use super::super::watchdog::Watched;
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

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_former_turn_that_polls_last_wakes_the_one_whose_turn_it_is() {
        let inner: Arc<Mutex<Option<Waker>>> = Arc::default();
        let seen = Arc::clone(&inner);
        let run = poll_fn(move |cx| {
            *seen.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        });
        let relay = Relay {
            run: Mutex::new(Some(Box::pin(run))),
            turn: Mutex::default(),
            missed: AtomicBool::new(false),
        };
        let (old, new) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let (old_waker, new_waker) = (Waker::from(Arc::clone(&old)), Waker::from(Arc::clone(&new)));
        let (mut old_cx, mut new_cx) = (Context::from_waker(&old_waker), Context::from_waker(&new_waker));
        // The former one has its turn when it looks, and is held up before it polls.
        assert!(relay.has_turn(0, &old_cx));
        relay.turn().number = 1;
        assert!(relay.has_turn(1, &new_cx));
        assert!(relay.poll(1, &mut new_cx).is_pending());
        assert!(relay.poll(0, &mut old_cx).is_pending());
        assert!(new.0.load(Ordering::SeqCst) > 0, "it polls again, so that it is woken from now on");
        assert!(!relay.has_turn(0, &old_cx));
    }

    #[test]
    fn others_that_go_on_do_not_hide_a_handler_that_computes() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (tasks, pulse, notify) =
            (TaskTracker::new(), Arc::new(Pulse::default()), Arc::new(Notify::new()));
        let (listening, polled) = (Arc::clone(&notify), Arc::new(Mutex::new(None)));
        let noted = Arc::clone(&polled);
        let run = async move {
            loop {
                listening.notified().await;
                *noted.lock().unwrap() = Some(Instant::now());
            }
        };
        spawn(&tasks, run, &pulse, runtime.handle());
        // Another handler, which is polled again and again.
        let ticking = async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        drop(runtime.spawn(Watched::new(ticking, Arc::clone(&pulse))));
        std::thread::sleep(Duration::from_millis(100));
        let began = Instant::now();
        let computing = async move {
            tokio::task::yield_now().await;
            notify.notify_one();
            std::thread::sleep(Duration::from_secs(3));
        };
        runtime.block_on(runtime.spawn(Watched::new(computing, Arc::clone(&pulse)))).unwrap();
        let at = polled.lock().unwrap().map(|at| at - began);
        runtime.shutdown_background();
        assert!(at.is_some_and(|at| at < Duration::from_secs(2)), "the connection was polled after {at:?}");
    }
}
