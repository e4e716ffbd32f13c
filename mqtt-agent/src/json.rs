//! JSON text: pointers into it (RFC 6901), its size, and the size of its tree.

mod finite;

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value};

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

/// The same of an object that is a tree already, without looking at its texts.
pub(crate) fn memory_of_members(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, value)| MEMBER + name.len() + memory_of_tree(value)).sum()
}

fn memory_of_tree(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| ITEM + memory_of_tree(item)).sum(),
        Value::Object(members) => memory_of_members(members),
    }
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
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn memory_is_about_what_a_tree_takes() {
        let list: Vec<Value> = vec![json!([]); 1000];
        assert!((32_000..64_000).contains(&memory(&list)), "{}", memory(&list));
        let object: serde_json::Map<_, _> = (0..1000).map(|i| (i.to_string(), json!({}))).collect();
        assert!((64_000..256_000).contains(&memory(&object)), "{}", memory(&object));
        assert!((1000..1100).contains(&memory(&"x".repeat(1000))));
    }

    /// Any value but texts with much to escape, which take more bytes as JSON than in memory.
    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z ]{0,200}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::btree_map("[a-z]{1,20}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tree_weighs_the_same_whether_its_texts_are_looked_at_or_not(value in tree()) {
            let members = Map::from_iter([("value".to_owned(), value)]);
            let (quick, exact) = (memory_of_members(&members), memory(&members));
            prop_assert!(quick <= exact && exact <= quick * 3 / 2, "{quick} and {exact}");
        }
    }
}
