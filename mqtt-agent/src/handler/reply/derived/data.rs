//! A variant's fields as JSON and back.
//!
//! Whether a field's type supports serde is determined by the type: an inherent constant takes precedence over a
//! trait's.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::handler::param::Missing;
use crate::handler::reply::FromToolError;
use crate::json;

/// Serializes and deserializes a field's value.
#[derive(Debug)]
pub struct Codec<T> {
    write: fn(&T) -> serde_json::Result<Box<RawValue>>,
    read: fn(Option<&RawValue>) -> Option<T>,
}

/// A field's type: has an inherent constant if the type supports serde, and else that of [`AnyField`].
///
/// The bound is `Deserialize<'static>`, not `DeserializeOwned`: for `&'static str` the compiler would reject the latter
/// only when checking lifetimes, too late to choose. Such a field is sent, but never restored.
#[derive(Debug)]
pub struct FieldOf<T>(PhantomData<T>);

impl<T: Serialize + Deserialize<'static>> FieldOf<T> {
    /// By serde.
    pub const CODEC: Option<Codec<T>> = Some(Codec { write: json::to_raw::<T>, read: read::<T> });
}

/// The constant of [`FieldOf`] for types without serde.
pub trait AnyField<T> {
    /// No codec.
    const CODEC: Option<Codec<T>> = None;
}

impl<T> AnyField<T> for FieldOf<T> {}

/// Reads through `io::Read`, which does not borrow, so there are no lifetimes to observe.
fn read<T: Deserialize<'static>>(json: Option<&RawValue>) -> Option<T> {
    match json {
        Some(json) => T::deserialize(&mut serde_json::Deserializer::from_reader(json.get().as_bytes())).ok(),
        None => T::deserialize(Missing).ok(),
    }
}

/// The serialized fields of an error, under construction.
#[derive(Debug)]
pub struct Data {
    json: String,
    end: char,
    complete: bool,
}

impl Data {
    /// For a variant with unnamed fields.
    #[must_use]
    pub fn list() -> Self {
        Self { json: "[".to_owned(), end: ']', complete: true }
    }

    /// For a variant with named fields.
    #[must_use]
    pub fn object() -> Self {
        Self { json: "{".to_owned(), end: '}', complete: true }
    }

    /// Adds an unnamed field.
    #[must_use]
    pub fn item<T>(mut self, codec: Option<Codec<T>>, value: &T) -> Self {
        match codec.and_then(|codec| (codec.write)(value).ok()) {
            Some(value) => {
                self.comma();
                self.json.push_str(value.get());
            }
            None => self.complete = false,
        }
        self
    }

    /// Adds a named field.
    #[must_use]
    pub fn field<T>(mut self, name: &str, codec: Option<Codec<T>>, value: &T) -> Self {
        let written = codec.and_then(|codec| (codec.write)(value).ok());
        match (written, serde_json::to_string(name)) {
            (Some(value), Ok(name)) => {
                self.comma();
                self.json.push_str(&name);
                self.json.push(':');
                self.json.push_str(value.get());
            }
            _ => self.complete = false,
        }
        self
    }

    /// The finished data; `None` if a field could not be serialized.
    #[must_use]
    pub fn end(mut self) -> Option<Box<RawValue>> {
        self.json.push(self.end);
        if self.complete { RawValue::from_string(self.json).ok() } else { None }
    }

    fn comma(&mut self) {
        if self.json.len() > 1 {
            self.json.push(',');
        }
    }
}

/// The fields of an error, for reading.
#[derive(Debug)]
pub struct Fields {
    list: Vec<Box<RawValue>>,
    object: BTreeMap<String, Box<RawValue>>,
}

impl Fields {
    /// Of a variant without names.
    #[must_use]
    pub fn list(data: Option<&RawValue>) -> Option<Self> {
        let list = serde_json::from_str(data?.get()).ok()?;
        Some(Self { list, object: BTreeMap::new() })
    }

    /// Of a variant with names.
    #[must_use]
    pub fn object(data: Option<&RawValue>) -> Option<Self> {
        let object = serde_json::from_str(data?.get()).ok()?;
        Some(Self { list: Vec::new(), object })
    }

    /// The field at an index.
    #[must_use]
    pub fn item<T>(&self, codec: Option<Codec<T>>, index: usize) -> Option<T> {
        (codec?.read)(self.list.get(index).map(|value| &**value))
    }

    /// The field of a name.
    #[must_use]
    pub fn field<T>(&self, codec: Option<Codec<T>>, name: &str) -> Option<T> {
        (codec?.read)(self.object.get(name).map(|value| &**value))
    }
}

/// The error type of a `transparent` variant, which may be restorable or not.
#[derive(Debug)]
pub struct ErrorOf<E>(PhantomData<E>);

impl<E: FromToolError> ErrorOf<E> {
    /// Restores it by its own implementation.
    pub const READ: fn(Option<&str>, &str, Option<&RawValue>) -> Option<E> = E::from_tool_error;
}

/// The constant of [`ErrorOf`] for types that cannot be restored.
pub trait AnyError<E> {
    /// Not at all.
    const READ: fn(Option<&str>, &str, Option<&RawValue>) -> Option<E> = |_, _, _| None;
}

impl<E> AnyError<E> for ErrorOf<E> {}
