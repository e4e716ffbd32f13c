//! Equality of JSON values: numbers are compared by value, objects regardless of the order of their members.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde_json::Value;

use super::number::{self, compare};

pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Ordering::Equal,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether all items differ from each other. It takes time in proportion to their size: they are compared by their hashes
/// first, under a key that nobody knows.
pub(super) fn all_differ(items: &[Value]) -> bool {
    let random = RandomState::new();
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| seen.insert(Hashed { value: item, hash: random.hash_one(ByValue(item)) }))
}

/// A value with its hash, so that it is taken once.
struct Hashed<'a> {
    value: &'a Value,
    hash: u64,
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Hashed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && equal(self.value, other.value)
    }
}

impl Eq for Hashed<'_> {}

struct ByValue<'a>(&'a Value);

impl Hash for ByValue<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Value::Null => state.write_u8(0),
            Value::Bool(bool) => state.write_u8(1 + u8::from(*bool)),
            Value::Number(number) => number::hash(number, state),
            Value::String(text) => text.hash(state),
            Value::Array(items) => {
                state.write_usize(items.len());
                items.iter().for_each(|item| ByValue(item).hash(state));
            }
            Value::Object(members) => {
                state.write_usize(members.len());
                // Their order may differ where serde_json keeps it.
                let mut names: Vec<_> = members.keys().collect();
                names.sort_unstable();
                for name in names {
                    name.hash(state);
                    if let Some(value) = members.get(name) {
                        ByValue(value).hash(state);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_their_value() {
        assert!(equal(&json!([1, {"a": -0.0}]), &json!([1.0, {"a": 0}])));
        assert!(!equal(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992.0)));
        assert!(!equal(&json!(1), &json!(true)) && !equal(&json!({"a": 1}), &json!({"b": 1})));
    }

    #[test]
    fn items_that_are_equal_do_not_differ() {
        assert!(all_differ(json!([1, 1.5, "1", true, null, [1], {"a": 1}, {"a": 2}]).as_array().unwrap()));
        for twice in
            [json!([1, 1.0]), json!([{"a": 1, "b": 0.0}, {"b": -0.0, "a": 1.0}]), json!([[1], [1.0]])]
        {
            assert!(!all_differ(twice.as_array().unwrap()), "{twice}");
        }
    }
}
