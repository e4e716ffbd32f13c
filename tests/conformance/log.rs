//! What this process logs: one log for all tests, for tasks of the runtime log on any of its threads.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

type Lines = Arc<Mutex<Vec<u8>>>;

struct Writer(Lines);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to log; what was logged before is not there.
pub(crate) fn begin() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Lines> = OnceLock::new();
    LOG.get_or_init(|| {
        let lines = Lines::default();
        let writer = Arc::clone(&lines);
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_env_filter("mqtt_agent=error,mqtt_agent::a2a=debug,mqtt_agent::session=debug")
            .with_writer(move || Writer(Arc::clone(&writer)))
            .init();
        lines
    })
}

/// The lines with this text.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let log = String::from_utf8(begin().lock().unwrap().clone()).unwrap();
    log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}
