//! [`Relay`]: the connection's future, which another task goes on with when the one that polls it is held up.
//!
//! A task that a handler has woken waits for that handler's thread, and no other thread may take it from there. So when a
//! handler holds its thread for long, the [`watchdog`](super::watchdog) has a new task go on.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::task::AtomicWaker;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio_util::task::TaskTracker;

use super::watchdog::{Pulse, look_after};
use crate::spawn;

type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future that one task after the other polls.
struct Relay {
    /// `None` when it has ended.
    run: Mutex<Option<Run>>,
    /// The number of the task whose turn it is.
    turn: AtomicU64,
    /// Of the task whose turn it is.
    waker: AtomicWaker,
    /// Whether somebody came while another one was polling: it is polled once more.
    missed: AtomicBool,
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
        turn: AtomicU64::new(0),
        waker: AtomicWaker::new(),
        missed: AtomicBool::new(false),
    });
    let (weak, handle) = (Arc::downgrade(&relay), runtime.clone());
    relay.go_on(0, runtime);
    pulse.on_held_up(move || {
        if let Some(relay) = weak.upgrade() {
            let turn = relay.turn.fetch_add(1, Ordering::SeqCst) + 1;
            // It ends if it can.
            relay.waker.wake();
            relay.go_on(turn, &handle);
        }
    });
    look_after(pulse);
}

impl Relay {
    /// Spawns the task of a turn. It ends with the turn, or with the future, which has an owner.
    fn go_on(self: &Arc<Self>, turn: u64, runtime: &Handle) {
        let relay = Arc::clone(self);
        let task = poll_fn(move |cx| {
            relay.waker.register(cx.waker());
            if relay.turn.load(Ordering::SeqCst) == turn { relay.poll(cx) } else { Poll::Ready(()) }
        });
        drop(runtime.spawn(task.boxed()));
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
                        self.waker.wake();
                        cx.waker().wake_by_ref();
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
