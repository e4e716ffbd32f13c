//! Tolerant reading of JSON from peers (`SUB-11a`), for every message.
//!
//! A message is read strictly first. If that fails, the field that the error points at is removed, with a log line at
//! debug level, and the message is read again. So `null` means absent, and of a malformed optional field only that
//! field is lost. Reading fails if a required field is missing, or if one of the [vital](Form::vital) fields is
//! malformed.

use crate::shown::shown;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Number, Value};
use serde_path_to_error::{Path, Segment};

/// How many nested fields are removed individually. Above that, the whole top-level field is removed, so that the work
/// is proportional to the message.
const EXACT: usize = 8;

/// Reads a message, which is a JSON object.
pub(super) fn read<T: DeserializeOwned>(
    what: &'static str,
    vital: &[&str],
    payload: &[u8],
) -> Result<T, Error> {
    // A derived type would also be read from an array.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        let other = serde_json::from_slice::<Map<String, Value>>(payload);
        return Err(other.err().unwrap_or_else(|| de::Error::custom("no JSON object")));
    }
    match serde_json::from_slice(payload) {
        Ok(message) => Ok(message),
        Err(error) => match serde_json::from_slice::<Unique>(payload) {
            Ok(Unique(tree)) => read_tree(what, vital, tree),
            Err(_) => Err(error),
        },
    }
}

/// Reads a parsed tree: a part of a message with a form of its own.
pub(super) fn read_tree<T: DeserializeOwned>(
    what: &'static str,
    vital: &[&str],
    mut tree: Value,
) -> Result<T, Error> {
    let mut taken_out = 0;
    loop {
        let (path, error) = match serde_path_to_error::deserialize(&tree) {
            Ok(message) => return Ok(message),
            Err(error) => (error.path().clone(), error.into_inner()),
        };
        if matches!(path.iter().next(), Some(Segment::Map { key }) if vital.contains(&key.as_str())) {
            return Err(error);
        }
        let depth = if taken_out < EXACT { usize::MAX } else { 1 };
        let Some(removed) = take_out(&mut tree, &path, depth) else { return Err(error) };
        taken_out += 1;
        if !removed.is_null() {
            crate::log::debug!(field = %shown(&path), error = %shown(&error), "ignored a field of {what} that cannot be read");
        }
    }
}

/// Removes the value at a path, or its ancestor at a depth.
fn take_out(tree: &mut Value, path: &Path, depth: usize) -> Option<Value> {
    let steps: Vec<_> = path
        .iter()
        .take_while(|step| matches!(step, Segment::Map { .. } | Segment::Seq { .. }))
        .take(depth)
        .collect();
    let (last, way) = steps.split_last()?;
    let mut inner = tree;
    for step in way {
        inner = match step {
            Segment::Map { key } => inner.get_mut(key)?,
            Segment::Seq { index } => inner.get_mut(index)?,
            _ => return None,
        };
    }
    match (last, inner) {
        (Segment::Map { key }, Value::Object(fields)) => fields.remove(key),
        (Segment::Seq { index }, Value::Array(items)) if *index < items.len() => Some(items.remove(*index)),
        _ => None,
    }
}

/// At most 200 characters of what a peer sent.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// JSON without duplicate keys, which different parsers would read differently.
pub(super) struct Unique(pub(super) Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tree;
        impl<'de> Visitor<'de> for Tree {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
            }

            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_string<E>(self, value: String) -> Result<Value, E> {
                Ok(value.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut read = Vec::new();
                while let Some(Unique(item)) = items.next_element()? {
                    read.push(item);
                }
                Ok(read.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Value, A::Error> {
                unique_fields(fields).map(Value::Object)
            }
        }
        deserializer.deserialize_any(Tree).map(Self)
    }
}

fn unique_fields<'de, A: MapAccess<'de>>(mut fields: A) -> Result<Map<String, Value>, A::Error> {
    let mut read = Map::new();
    while let Some(key) = fields.next_key::<String>()? {
        if read.contains_key(&key) {
            return Err(de::Error::custom(format!(
                "the key `{}` stands twice in an object",
                shortened(&key)
            )));
        }
        let Unique(value) = fields.next_value()?;
        read.insert(key, value);
    }
    Ok(read)
}

/// An object without duplicate keys; absent means empty.
pub(super) fn unique_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    match Unique::deserialize(deserializer)? {
        Unique(Value::Object(fields)) => Ok(fields),
        Unique(Value::Null) => Ok(Map::new()),
        _ => Err(de::Error::custom("invalid type: expected a map")),
    }
}
