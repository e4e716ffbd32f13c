//! [`limited`]: rate-limited log lines, for events that a peer's message can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// So many lines of one cause are logged within [`WINDOW`].
const MOST: u32 = 10;

const WINDOW: Duration = Duration::from_secs(10);

/// Logs an event that a peer can cause with one message, by a level, a message and fields: at most ten times in 10 s
/// for each place in the code, then one line at the end of these that says how many more there were, which are logged
/// at debug level. A log must not grow with what strangers send.
macro_rules! limited {
    ($level:ident, $message:literal $(, $($fields:tt)+)?) => {{
        static RATE: $crate::log_rate::LogRate = $crate::log_rate::LogRate::new(|more| {
            $crate::log::$level!("{more} more like this were not logged, but at debug level: {}", $message);
        });
        if RATE.admits() {
            $crate::log::$level!($($($fields)+,)? $message);
        } else {
            $crate::log::debug!($($($fields)+,)? $message);
        }
    }};
}

pub(crate) use limited;

/// What was logged of one cause.
pub(crate) struct LogRate {
    window: Mutex<Window>,
    /// For how long it is counted.
    length: Duration,
    /// Tells how many were left out.
    tell: fn(u64),
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Option<Instant>,
    logged: u32,
    left_out: u64,
}

/// What becomes of one event.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is logged, after what is to be told of the window before.
    Log {
        left_out: u64,
    },
    /// It is the first of a window that is left out: the window's end is to be waited for.
    First,
    LeftOut,
}

impl LogRate {
    pub(crate) const fn new(tell: fn(u64)) -> Self {
        Self { window: Mutex::new(Window::new()), length: WINDOW, tell }
    }

    /// Whether an event is logged that happens now.
    pub(crate) fn admits(&'static self) -> bool {
        let verdict = self.on_window(|window| window.see(Instant::now(), self.length));
        match verdict {
            Verdict::Log { left_out: 0 } => true,
            Verdict::Log { left_out } => {
                (self.tell)(left_out);
                true
            }
            Verdict::First => {
                self.tell_at_the_end();
                false
            }
            Verdict::LeftOut => false,
        }
    }

    /// Without a runtime, and where that ends before, it is told with the next event that is logged.
    fn tell_at_the_end(&'static self) {
        let Ok(runtime) = Handle::try_current() else { return };
        // It belongs to the process, as the log does, and ends by itself.
        runtime.spawn(async move {
            tokio::time::sleep(self.length).await;
            match self.on_window(|window| std::mem::take(&mut window.left_out)) {
                0 => {}
                left_out => (self.tell)(left_out),
            }
        });
    }

    fn on_window<T>(&self, work: impl FnOnce(&mut Window) -> T) -> T {
        work(&mut self.window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Window {
    const fn new() -> Self {
        Self { began: None, logged: 0, left_out: 0 }
    }

    fn see(&mut self, now: Instant, length: Duration) -> Verdict {
        let runs = self.began.is_some_and(|began| now.saturating_duration_since(began) < length);
        if !runs {
            let left_out = self.left_out;
            *self = Self { began: Some(now), logged: 1, left_out: 0 };
            return Verdict::Log { left_out };
        }
        if self.logged < MOST {
            self.logged += 1;
            return Verdict::Log { left_out: 0 };
        }
        self.left_out += 1;
        if self.left_out == 1 { Verdict::First } else { Verdict::LeftOut }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn ten_of_a_cause_are_logged_in_ten_seconds_and_the_others_counted() {
        let mut window = Window::new();
        let began = Instant::now();
        for _ in 0..MOST {
            assert_eq!(window.see(began, WINDOW), Verdict::Log { left_out: 0 });
        }
        assert_eq!(window.see(began, WINDOW), Verdict::First);
        assert_eq!(window.see(began + Duration::from_secs(9), WINDOW), Verdict::LeftOut);
        assert_eq!(window.see(began + WINDOW, WINDOW), Verdict::Log { left_out: 2 });
        assert_eq!(window.see(began + WINDOW, WINDOW), Verdict::Log { left_out: 0 });
    }

    #[tokio::test]
    async fn at_the_end_it_is_told_how_many_were_left_out() {
        static TOLD: Mutex<Option<oneshot::Sender<u64>>> = Mutex::new(None);
        static RATE: LogRate = LogRate {
            window: Mutex::new(Window::new()),
            length: Duration::from_secs(1),
            tell: |more| {
                let told = TOLD.lock().unwrap().take();
                told.unwrap().send(more).unwrap();
            },
        };
        let (sender, told) = oneshot::channel();
        *TOLD.lock().unwrap() = Some(sender);
        let logged = (0..1000).filter(|_| RATE.admits()).count();
        assert_eq!(logged, 10);
        let told = tokio::time::timeout(Duration::from_secs(20), told).await.unwrap().unwrap();
        assert_eq!(told, 990);
    }
}
