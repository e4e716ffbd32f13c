//! JSON text: pointers into it (RFC 6901), its size, and the size of its tree.

mod finite;

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

pub(crate) use finite::{to_raw, to_value};

/// One step deeper: a name, or an index as text.
pub(crate) fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// The name of the last step.
pub(crate) fn last_step(pointer: &str) -> String {
    pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// An error as text, without the place of a whole value, `at line 1 column 0`.
pub(crate) fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_suffix(" at line 1 column 0") {
        Some(cause) => cause.to_owned(),
        None => text,
    }
}

/// How many bytes a value takes as JSON, without making it; `Err` with those before what cannot be written.
pub(crate) fn size(value: &impl Serialize) -> Result<usize, usize> {
    let mut counter = Counter(0);
    let written = serde_json::to_writer(&mut counter, value);
    written.map(|()| counter.0).map_err(|_| counter.0)
}

/// About how many bytes a value takes in memory, with what it holds as trees of JSON: a short text of JSON, such as
/// `[[],[],..]`, makes a tree of many times its size.
pub(crate) fn memory(value: &impl Serialize) -> usize {
    weigh(value, Nodes { of_objects: MEMBER, bytes: 0 })
}

/// The same of structures without trees in them, whose fields have their places beforehand.
pub(crate) fn memory_of_fields(value: &impl Serialize) -> usize {
    weigh(value, Nodes { of_objects: 0, bytes: 0 })
}

fn weigh(value: &impl Serialize, mut nodes: Nodes) -> usize {
    let mut counter = Counter(0);
    // What cannot be written counts as far as it goes.
    drop(value.serialize(&mut Serializer::with_formatter(&mut counter, &mut nodes)));
    counter.0.saturating_add(nodes.bytes)
}

/// What an item of a list takes beside its text: its place in a vector that grows by doubling.
const ITEM: usize = 48;

/// What a member of an object takes: two places in a node of a tree that is two thirds full, and the memory of the name.
const MEMBER: usize = 128;

/// Counts the nodes of a tree.
struct Nodes {
    /// What a member of an object counts.
    of_objects: usize,
    bytes: usize,
}

impl Formatter for &mut Nodes {
    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.bytes += ITEM;
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.bytes += self.of_objects;
        if first { Ok(()) } else { writer.write_all(b",") }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn memory_is_about_what_a_tree_takes() {
        let list: Vec<Value> = vec![json!([]); 1000];
        assert!((32_000..64_000).contains(&memory(&list)), "{}", memory(&list));
        let object: serde_json::Map<_, _> = (0..1000).map(|i| (i.to_string(), json!({}))).collect();
        assert!((64_000..256_000).contains(&memory(&object)), "{}", memory(&object));
        assert!((1000..1100).contains(&memory(&"x".repeat(1000))));
    }
}
