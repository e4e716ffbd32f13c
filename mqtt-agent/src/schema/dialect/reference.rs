//! Follows `$ref`.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::walk;

/// The JSON pointer of a local reference; `None` for one that leads elsewhere or to an anchor.
pub(super) fn local(reference: &str) -> Option<Cow<'_, str>> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = decoded(fragment)?;
    (pointer.is_empty() || pointer.starts_with('/')).then_some(pointer)
}

/// What a local reference leads to.
pub(super) fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(&local(reference)?)
}

/// Undoes `%20` and its like, with which a fragment is written.
fn decoded(fragment: &str) -> Option<Cow<'_, str>> {
    if !fragment.contains('%') {
        return Some(Cow::Borrowed(fragment));
    }
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(hex(*high)? << 4 | hex(*low)?);
                tail
            }
            (b'%', _) => return None,
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The pointers that lead, by however many steps, back to where they are, and those that lead to such.
pub(super) fn endless(root: &Value) -> HashSet<String> {
    let mut steps: HashMap<String, Vec<String>> = HashMap::new();
    let mut open = references(root);
    while let Some(pointer) = open.pop() {
        if let Entry::Vacant(place) = steps.entry(pointer) {
            let next = root.pointer(place.key()).map(references).unwrap_or_default();
            open.extend(next.iter().cloned());
            place.insert(next);
        }
    }
    // What leads to an end is taken away, until only what leads to none is left.
    let mut from: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut left: HashMap<&str, usize> = HashMap::new();
    for (pointer, next) in &steps {
        left.insert(pointer, next.len());
        next.iter().for_each(|next| from.entry(next).or_default().push(pointer));
    }
    let mut ended: Vec<&str> =
        left.iter().filter(|(_, left)| **left == 0).map(|(pointer, _)| *pointer).collect();
    while let Some(pointer) = ended.pop() {
        left.remove(pointer);
        for earlier in from.remove(pointer).unwrap_or_default() {
            if let Some(steps) = left.get_mut(earlier) {
                *steps -= 1;
                if *steps == 0 {
                    ended.push(earlier);
                }
            }
        }
    }
    left.into_keys().map(str::to_owned).collect()
}

/// The pointers of all references in a schema.
fn references(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk::walk(schema, &mut |node| {
        if let Some(pointer) = node.get("$ref").and_then(Value::as_str).and_then(local) {
            found.push(pointer.into_owned());
        }
    });
    found
}
