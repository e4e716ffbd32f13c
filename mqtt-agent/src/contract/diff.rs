//! The differences between two documents, one line each.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::json::push_step;

/// The maximum length of a value that is shown in full.
const SHOWN: usize = 120;

/// A difference between two contracts. Printed as `- /pointer: gone`, `+ /pointer: new` or `~ /pointer: old -> new`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ContractChange {
    /// The place: a JSON Pointer into the document.
    pub pointer: String,
    /// The old value; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The new value; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

impl ContractChange {
    fn new(pointer: &str, old: Option<&Value>, new: Option<&Value>) -> Self {
        Self { pointer: pointer.to_owned(), old: old.cloned(), new: new.cloned() }
    }
}

impl fmt::Display for ContractChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, old, new } = self;
        let (old, new) = (old.as_ref().map(shown), new.as_ref().map(shown));
        match (old, new) {
            (Some(old), None) => write!(f, "- {pointer}: {old}"),
            (None, new) => write!(f, "+ {pointer}: {}", new.unwrap_or_default()),
            (Some(old), Some(new)) => write!(f, "~ {pointer}: {old} -> {new}"),
        }
    }
}

/// The changes from `old` to `new`.
pub(super) fn diff(old: &Value, new: &Value) -> Vec<ContractChange> {
    let mut changes = Vec::new();
    at(&mut String::new(), old, new, &mut changes);
    changes
}

fn at(pointer: &mut String, old: &Value, new: &Value, changes: &mut Vec<ContractChange>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            // Both sorted, so that the lines come in the order of the document.
            let mut names: Vec<_> =
                old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))).collect();
            names.sort();
            for name in names {
                within(pointer, name, |pointer| match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => at(pointer, old, new, changes),
                    (old, new) => changes.push(ContractChange::new(pointer, old, new)),
                });
            }
        }
        // Lists of texts are sets or orders that a reader compares by eye; lists of objects go item by item.
        (Value::Array(old), Value::Array(new))
            if old.len() == new.len() && old.iter().chain(new).all(Value::is_object) =>
        {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                within(pointer, &index.to_string(), |pointer| at(pointer, old, new, changes));
            }
        }
        _ if old == new => {}
        _ => changes.push(ContractChange::new(pointer, Some(old), Some(new))),
    }
}

fn within(pointer: &mut String, name: &str, then: impl FnOnce(&mut String)) {
    let length = pointer.len();
    push_step(pointer, name);
    then(pointer);
    pointer.truncate(length);
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn diff(old: &Value, new: &Value) -> Vec<String> {
        super::diff(old, new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_for_each_place() {
        let old = json!({"tools": {"a": {"maximum": 7, "enum": ["x"]}, "gone": {}}, "list": [{"n": 1}]});
        let new =
            json!({"tools": {"a": {"maximum": 9, "enum": ["x", "y"]}, "new/one": 1}, "list": [{"n": 2}]});
        assert_eq!(
            diff(&old, &new),
            [
                "~ /list/0/n: 1 -> 2",
                "~ /tools/a/enum: [\"x\"] -> [\"x\",\"y\"]",
                "~ /tools/a/maximum: 7 -> 9",
                "- /tools/gone: {}",
                "+ /tools/new~1one: 1",
            ]
        );
        assert!(diff(&old, &old).is_empty());
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = json!("ü".repeat(500));
        assert!(diff(&json!(1), &long).iter().all(|line| line.ends_with(" ..") && line.len() < 300));
    }
}
