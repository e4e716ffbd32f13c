//! The windows of one caller, one for each tool that it calls, and the two steps of a call in its window: [`Turn`],
//! then [`Place`].

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::window::{OFFER, Want, Window};
use crate::spawn;

/// How long a window is kept that no call uses.
const IDLE: Duration = Duration::from_secs(60);

/// How many windows are kept before those that no call uses are looked for earlier.
const MANY: usize = 1024;

/// The windows of one caller by the name of the tool: a tool that does not answer holds up no calls of another one.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<Tools>);

#[derive(Debug, Default)]
struct Tools {
    windows: HashMap<Arc<str>, Kept>,
    /// When to look for windows that no call uses, and from which number on.
    look_at: Option<Instant>,
    look_from: usize,
}

#[derive(Debug)]
struct Kept {
    window: Arc<ToolWindow>,
    used: Instant,
}

impl Windows {
    /// The window of a tool.
    pub(crate) fn of(&self, tool: &str, now: Instant) -> Arc<ToolWindow> {
        let mut tools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tools.forget_idle(now);
        if let Some(kept) = tools.windows.get_mut(tool) {
            kept.used = now;
            return Arc::clone(&kept.window);
        }
        let tool: Arc<str> = tool.into();
        let window = ToolWindow {
            tool: Arc::clone(&tool),
            window: Mutex::new(Window::new(now)),
            watcher: Mutex::default(),
        };
        let window = Arc::new(window);
        tools.windows.insert(tool, Kept { window: Arc::clone(&window), used: now });
        window
    }
}

impl Tools {
    fn forget_idle(&mut self, now: Instant) {
        let look_at = *self.look_at.get_or_insert(now + IDLE);
        let many = self.windows.len() >= self.look_from.max(MANY);
        if now < look_at && !many {
            return;
        }
        // A call holds its window. Of many windows those go too that were in use a moment ago.
        let in_use = |kept: &Kept| Arc::strong_count(&kept.window) > 1;
        self.windows.retain(|_, kept| in_use(kept) || (!many && now.duration_since(kept.used) < IDLE));
        self.look_at = Some(now + IDLE);
        self.look_from = self.windows.len() * 2;
    }
}

/// The window of one tool.
#[derive(Debug)]
pub(crate) struct ToolWindow {
    tool: Arc<str>,
    window: Mutex<Window<Waker>>,
    /// Who looks after places that nobody uses; ends with the window.
    watcher: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// Too many calls wait for a place already.
#[derive(Debug)]
pub(crate) struct Full;

impl ToolWindow {
    /// The tool's name.
    pub(crate) fn tool(&self) -> &Arc<str> {
        &self.tool
    }

    /// Waits for a place, first come first served.
    pub(crate) fn turn(self: &Arc<Self>) -> Turn {
        Turn { window: Arc::clone(self), stage: Stage::New }
    }

    /// Tells how a call ended that was sent under this number. Its place was given back before.
    pub(crate) fn ended(self: &Arc<Self>, call: u64, ending: Ending) {
        let now = Instant::now();
        self.after(|window| match ending {
            Ending::Answered { delay } => window.answered(call, delay, now),
            Ending::Busy => window.busy(call, now),
            Ending::TimedOut => window.timed_out(call),
        });
    }

    /// Does something, and wakes the calls that have a place after it.
    fn after<T>(self: &Arc<Self>, event: impl FnOnce(&mut Window<Waker>) -> T) -> T {
        let now = Instant::now();
        let mut window = self.lock();
        let outcome = event(&mut window);
        let mut next = window.next(now);
        // Where there is no runtime nobody is polled either.
        let needs_watch = window.needs_watch() || (window.is_watched() && self.is_left_alone());
        let watch = needs_watch && Handle::try_current().is_ok();
        if watch {
            window.watch();
        }
        drop(window);
        // Never under the lock: a waker runs code of others.
        while let Some(waker) = next {
            waker.wake();
            next = self.lock().next(now);
        }
        if watch {
            self.watch();
        }
        outcome
    }

    /// Sees to it that places which nobody claims go to others: a future that waits for one may be kept and not polled.
    fn watch(self: &Arc<Self>) {
        let window = Arc::downgrade(self);
        let watch = async move {
            loop {
                sleep(OFFER).await;
                let Some(window) = window.upgrade() else { return };
                // What is taken back is offered to the next ones.
                if !window.after(|window| window.lapse(Instant::now())) {
                    return;
                }
            }
        };
        // Spawned under the lock, so that the handle of the latest one is kept.
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        *watcher = Some(spawn::owned(watch));
    }

    /// Whether the runtime has ended on which somebody looked after the places.
    fn is_left_alone(&self) -> bool {
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.as_ref().is_some_and(AbortOnDropHandle::is_finished)
    }

    fn lock(&self) -> MutexGuard<'_, Window<Waker>> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a call, as far as it tells of the servers' load.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// Answered. The time on the way, without the server's own.
    Answered { delay: Duration },
    /// Answered `busy`.
    Busy,
    /// Not answered in time.
    TimedOut,
}

/// A call that waits for a place. Dropping it gives back what it was given meanwhile.
#[derive(Debug)]
#[must_use]
pub(crate) struct Turn {
    window: Arc<ToolWindow>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    New,
    Waiting(u64),
    Over,
}

impl Future for Turn {
    type Output = Result<Place, Full>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { window, stage } = &mut *self;
        let (waker, now) = (cx.waker().clone(), Instant::now());
        let want = match *stage {
            Stage::New => window.after(|window| window.want(waker, now)),
            // One that let its offer lapse may get another one at once.
            Stage::Waiting(number) if window.after(|window| window.claim(number, waker, now)) => {
                Want::Go(number)
            }
            Stage::Waiting(number) => Want::Wait(number),
            // Polled again after it was ready: nothing will come.
            Stage::Over => return Poll::Pending,
        };
        *stage = if let Want::Wait(number) = want { Stage::Waiting(number) } else { Stage::Over };
        match want {
            Want::Go(number) => {
                Poll::Ready(Ok(Place { window: Arc::clone(window), call: Call::Preparing(number) }))
            }
            Want::Wait(_) => Poll::Pending,
            Want::Refuse => Poll::Ready(Err(Full)),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Stage::Waiting(number) = self.stage {
            self.window.after(|window| window.left(number));
        }
    }
}

/// A call's place in the window. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    window: Arc<ToolWindow>,
    call: Call,
}

/// A call under its number, which it has another one of when it is sent.
#[derive(Debug, Clone, Copy)]
enum Call {
    Preparing(u64),
    Sent(u64),
}

impl Place {
    /// The call is sent: its number. `None` if it prepared for so long that others got the place.
    pub(crate) fn sent(&mut self) -> Option<u64> {
        let Call::Preparing(number) = self.call else { return None };
        let number = self.window.lock().sent(number, Instant::now())?;
        self.call = Call::Sent(number);
        Some(number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let call = self.call;
        self.window.after(|window| match call {
            Call::Preparing(number) => window.left(number),
            Call::Sent(number) => window.off_the_wire(number),
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn take(window: &Arc<ToolWindow>) -> Option<Place> {
        window.turn().now_or_never().map(Result::unwrap)
    }

    #[tokio::test]
    async fn sub_17_a_dropped_turn_gives_back_the_place_that_it_was_given() {
        let window = Windows::default().of("slow", Instant::now());
        let mut places: Vec<_> = std::iter::from_fn(|| take(&window)).collect();
        let mut turns: Vec<_> = (0..3).map(|_| Box::pin(window.turn())).collect();
        for turn in &mut turns {
            assert!(turn.as_mut().now_or_never().is_none(), "waits");
        }
        places.pop();
        // The first was given the place and is dropped before it looks, the second is dropped while it waits.
        let third = turns.pop().unwrap();
        drop(turns);
        third.now_or_never().unwrap().unwrap();
    }

    #[test]
    fn sub_17_places_go_on_when_the_runtime_of_the_first_waiting_call_ends() {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let window = Windows::default().of("slow", Instant::now());
        let mut places: Vec<_> = std::iter::from_fn(|| take(&window)).collect();
        let first = runtime();
        let mut left: Vec<_> = (0..2).map(|_| Box::pin(window.turn())).collect();
        first.block_on(async { assert!(left[0].as_mut().now_or_never().is_none(), "waits") });
        drop(first);
        runtime().block_on(async {
            assert!(left[1].as_mut().now_or_never().is_none(), "waits");
            // Offered to the one that nobody polls any more; the other one gets it in time.
            places.pop();
            tokio::time::timeout(Duration::from_secs(5), left[1].as_mut()).await.unwrap().unwrap();
        });
    }

    #[test]
    fn sub_17_windows_that_no_call_uses_are_forgotten() {
        let windows = Windows::default();
        let start = Instant::now();
        let _used = windows.of("used", start);
        for number in 0..20_000 {
            windows.of(&number.to_string(), start);
        }
        assert!(windows.0.lock().unwrap().windows.len() < 2 * MANY + 2);
        windows.of("late", start + IDLE);
        let tools = windows.0.lock().unwrap();
        let mut names: Vec<_> = tools.windows.keys().map(|name| &**name).collect();
        names.sort_unstable();
        assert_eq!(names, ["late", "used"]);
    }
}
