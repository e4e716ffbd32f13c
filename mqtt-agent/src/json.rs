//! JSON text: pointers into it (RFC 6901), and its size.

use std::io;

use serde::Serialize;

/// One step deeper: a name, or an index as text.
pub(crate) fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// The name of the last step.
pub(crate) fn last_step(pointer: &str) -> String {
    pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// How many bytes a value takes as JSON, without making it; `Err` with those before what cannot be written.
pub(crate) fn size(value: &impl Serialize) -> Result<usize, usize> {
    let mut counter = Counter(0);
    let written = serde_json::to_writer(&mut counter, value);
    written.map(|()| counter.0).map_err(|_| counter.0)
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
