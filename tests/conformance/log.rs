//! What this process logs: one log for all tests, for tasks of the runtime log on any of its threads.

use std::sync::OnceLock;

use support::Log;

/// Begins to log; what was logged before is not there.
pub(crate) fn begin() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter("mqtt_agent=error,mqtt_agent::a2a=debug,mqtt_agent::session=debug")
            .with_writer(move || writer.clone())
            .init();
        log
    })
}

/// The lines with this text.
pub(crate) fn lines(text: &str) -> Vec<String> {
    begin().lines(text)
}
