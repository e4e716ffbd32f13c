//! [`Pulse`]: whether a handler blocks a thread of the runtime, and the thread that watches for it.
//!
//! A handler that computes without awaiting should block one thread, not the whole program. Two properties of tokio's
//! scheduler let it block more. First, the thread that waits for the network may be the one that then runs the handler,
//! and no other thread replaces it until an outside event wakes one. Second, a task that was woken by a handler waits
//! for that handler's thread, and no other thread can take it. So while a handler's poll takes long, a separate thread
//! makes its connection continue in a new task (see [`relay`](super::relay)), which also wakes another thread of the
//! runtime.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};
use std::thread::{self, Thread};
use std::time::Duration;

use pin_project_lite::pin_project;

/// How often it is looked whether a handler holds a thread.
const LOOK: Duration = Duration::from_millis(50);

/// After so many looks without a handler that is being polled the thread sleeps until there is one.
const IDLE: u32 = 20;

/// The handlers of one connection.
#[derive(Default)]
pub(super) struct Pulse {
    /// How many are being polled now, by the look at which their polls began, of three in turn.
    polling: [AtomicUsize; 3],
    /// Has the connection go on elsewhere.
    held_up: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Pulse {
    /// Says what to do when a handler holds a thread.
    pub(super) fn on_held_up(&self, go_on: impl Fn() + Send + Sync + 'static) {
        drop(self.held_up.set(Box::new(go_on)));
    }

    /// Where the polls are counted that begin at a look.
    fn slot(&self, look: u64) -> &AtomicUsize {
        let [one, two, three] = &self.polling;
        match look % 3 {
            0 => one,
            1 => two,
            _ => three,
        }
    }

    fn is_polling(&self) -> bool {
        self.polling.iter().any(|polls| polls.load(Ordering::SeqCst) > 0)
    }

    /// Has the connection go on in a new task.
    pub(super) fn beat(&self) {
        self.held_up.get().into_iter().for_each(|go_on| go_on());
    }
}

pin_project! {
    /// A future whose polls are looked after.
    pub(super) struct Watched<F> {
        #[pin]
        future: F,
        pulse: Arc<Pulse>,
    }
}

impl<F: Future> Watched<F> {
    pub(super) fn new(future: F, pulse: Arc<Pulse>) -> Self {
        Self { future, pulse }
    }
}

/// A poll that has begun.
struct Polling<'p>(&'p AtomicUsize);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(watchdog) = WATCHDOG.get() else { return this.future.poll(cx) };
        let slot = this.pulse.slot(watchdog.looks.load(Ordering::Relaxed));
        // Counted before it is looked whether the watchdog sleeps, which looks at the count before it does.
        slot.fetch_add(1, Ordering::SeqCst);
        let _polling = Polling(slot);
        watchdog.wake();
        this.future.poll(cx)
    }
}

/// The thread that looks after all connections of the process.
struct Watchdog {
    pulses: Mutex<Vec<Weak<Pulse>>>,
    /// Counts the looks.
    looks: AtomicU64,
    sleeps: AtomicBool,
    thread: OnceLock<Thread>,
}

static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();

/// Has a connection looked after from now on, for as long as its pulse is there.
pub(super) fn look_after(pulse: &Arc<Pulse>) {
    let new = || Watchdog {
        pulses: Mutex::default(),
        looks: AtomicU64::new(0),
        sleeps: AtomicBool::new(false),
        thread: OnceLock::new(),
    };
    let watchdog = WATCHDOG.get_or_init(new);
    {
        let mut pulses = watchdog.pulses();
        pulses.retain(|pulse| pulse.strong_count() > 0);
        pulses.push(Arc::downgrade(pulse));
    }
    watchdog.thread.get_or_init(|| {
        let thread = thread::Builder::new().name("mqtt-agent-watchdog".to_owned()).stack_size(256 * 1024);
        match thread.spawn(|| WATCHDOG.get().into_iter().for_each(Watchdog::run)) {
            Ok(thread) => thread.thread().clone(),
            Err(error) => {
                crate::log::warn!(%error, "failed to make a thread: handlers that compute for long may hold up the connection");
                thread::current()
            }
        }
    });
}

impl Watchdog {
    fn pulses(&self) -> MutexGuard<'_, Vec<Weak<Pulse>>> {
        self.pulses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if self.sleeps.load(Ordering::SeqCst)
            && self.sleeps.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn run(&self) {
        let mut idle = 0;
        loop {
            if self.look() {
                idle = 0;
            } else {
                idle += 1;
            }
            if idle < IDLE {
                thread::sleep(LOOK);
                continue;
            }
            self.sleeps.store(true, Ordering::SeqCst);
            let is_polling = self.pulses().iter().filter_map(Weak::upgrade).any(|pulse| pulse.is_polling());
            if !is_polling {
                thread::park();
            }
            self.sleeps.store(false, Ordering::SeqCst);
            idle = 0;
        }
    }

    /// Has the connections go on of which a poll goes on that began two looks ago, or five and so on. Whether any handler is
    /// being polled.
    fn look(&self) -> bool {
        let look = self.looks.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
        let pulses: Vec<_> = self.pulses().iter().filter_map(Weak::upgrade).collect();
        let mut polling = false;
        for pulse in pulses {
            polling |= pulse.is_polling();
            if pulse.slot(look.wrapping_add(1)).load(Ordering::Acquire) > 0 {
                // To spawn may drop what others wrote.
                drop(catch_unwind(AssertUnwindSafe(|| pulse.beat())));
            }
        }
        polling
    }
}
