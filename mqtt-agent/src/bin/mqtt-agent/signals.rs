//! Ctrl-C, and the signal by which a supervisor ends a process.

use std::sync::LazyLock;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit::{Exit, Failure};

/// Whether the process was asked to end. It stays so: whoever asks later hears of it as well.
static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(watch::Sender::default);

/// Listens for signals from now on. The second one ends the process, whatever it waits for: stdout may be blocked by its
/// reader.
pub(crate) fn listen() {
    let mut signals = Signals::new();
    tokio::spawn(async move {
        signals.next().await;
        ASKED.send_replace(true);
        signals.next().await;
        std::process::exit(Exit::Interrupted as i32);
    });
}

/// Those that ask for the end. The system ends the process itself by one that cannot be listened for.
struct Signals {
    #[cfg(unix)]
    interrupt: Option<Signal>,
    #[cfg(unix)]
    terminate: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.interrupt) => {}
            () = received(&mut self.terminate) => {}
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits until the process is asked to end; at once where it was.
pub(crate) async fn asked_to_end() {
    if ASKED.subscribe().wait_for(|asked| *asked).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Does something, unless the process is asked to end before it is done.
pub(crate) async fn unless_asked<T, E: Into<Failure>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = asked_to_end() => Err(Failure::interrupted()),
        done = work => done.map_err(Into::into),
    }
}
