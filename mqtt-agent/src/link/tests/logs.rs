//! The errors that are logged on the test's own thread.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

pub(super) struct Errors {
    text: Arc<Mutex<String>>,
    _guard: tracing::subscriber::DefaultGuard,
}

/// Listens from now on. A test without worker threads runs the connection's task on its own thread, too.
pub(super) fn errors() -> Errors {
    let text = Arc::new(Mutex::new(String::new()));
    let guard = tracing::subscriber::set_default(Listener(Arc::clone(&text)));
    Errors { text, _guard: guard }
}

impl Errors {
    pub(super) fn contain(&self, part: &str) -> bool {
        self.text.lock().unwrap().contains(part)
    }
}

struct Listener(Arc<Mutex<String>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == &Level::ERROR
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Writer(&mut self.0.lock().unwrap()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0, "{field}: {value:?}").unwrap();
    }
}
