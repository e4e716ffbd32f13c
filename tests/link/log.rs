//! What a test's own thread logs.

use support::Log;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

/// Logs for as long as the guard is held. Only of this thread: a test's runtime has one.
pub(crate) fn begin(level: Level) -> (Log, DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(move || writer.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

/// Takes what libraries log by the crate `log` as well, in the whole process.
pub(crate) fn with_libraries() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| tracing_log::LogTracer::init().unwrap());
}
