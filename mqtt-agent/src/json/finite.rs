//! Writes values as JSON without losing numbers. serde_json writes NaN and the infinities as `null`, which looks like
//! an absent value. Here they are errors that name the field, and so are integers that do not fit into 64 bits.

use std::cell::RefCell;

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::push_step;

/// A value as JSON text.
///
/// # Errors
///
/// What serde has against it, and for NaN and infinities, with a pointer to the first of them.
pub(crate) fn to_raw<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Box<RawValue>> {
    let trail = Trail::default();
    to_raw_value(&Finite { inner: value, trail: &trail }).map_err(|error| trail.told(error))
}

/// The same as a tree.
///
/// # Errors
///
/// As [`to_raw`].
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Value> {
    let trail = Trail::default();
    serde_json::to_value(Finite { inner: value, trail: &trail }).map_err(|error| trail.told(error))
}

/// Where the number is that JSON lacks: its name and, from the end on, the steps to it. Filled on the way back, so that a
/// value without such numbers costs nothing.
#[derive(Default)]
struct Trail(RefCell<Option<(&'static str, Vec<String>)>>);

impl Trail {
    fn begin(&self, number: &'static str) {
        *self.0.borrow_mut() = Some((number, Vec::new()));
    }

    // Not generic, as little as can be is: what is generic here is compiled for each type of a user.
    #[cold]
    fn step(&self, step: &str) {
        if let Some((_, steps)) = self.0.borrow_mut().as_mut() {
            steps.push(step.to_owned());
        }
    }

    /// A step into what a variant may hold.
    #[cold]
    fn step_of(&self, variant: Option<&str>, step: &str) {
        self.step(step);
        variant.iter().for_each(|variant| self.step(variant));
    }

    #[cold]
    fn item(&self, variant: Option<&str>, index: usize) {
        self.step_of(variant, &index.to_string());
    }

    fn told(self, error: serde_json::Error) -> serde_json::Error {
        let Some((number, steps)) = self.0.into_inner() else { return error };
        let mut pointer = String::new();
        steps.iter().rev().for_each(|step| push_step(&mut pointer, step));
        let place = if pointer.is_empty() { "it".to_owned() } else { format!("`{pointer}`") };
        serde_json::Error::custom(format!("{place} is {number}"))
    }
}

/// Readers of JSON take it for another number, or refuse the text.
const BEYOND: &str = "beyond 64 bits, which readers of JSON do not hold";

fn unwritten(float: f64) -> Option<&'static str> {
    match float {
        float if float.is_nan() => Some("NaN, which JSON lacks"),
        float if float.is_infinite() && float > 0.0 => Some("infinite, which JSON lacks"),
        float if float.is_infinite() => Some("negative infinite, which JSON lacks"),
        _ => None,
    }
}

/// A value, a serializer or a part of one, with the trail.
struct Finite<'t, I> {
    inner: I,
    trail: &'t Trail,
}

impl<T: Serialize + ?Sized> Serialize for Finite<'_, &T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.serialize(Finite { inner: serializer, trail: self.trail })
    }
}

impl<S: Serializer> Finite<'_, S> {
    fn refuse(self, number: &'static str) -> Result<S::Ok, S::Error> {
        self.trail.begin(number);
        Err(S::Error::custom(number))
    }
}

/// A list, an object, or a variant with one in it.
struct Compound<'t, C> {
    inner: C,
    trail: &'t Trail,
    variant: Option<&'static str>,
    items: usize,
}

macro_rules! plain {
    ($($method:ident($type:ty))*) => {
        $(#[inline]
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        })*
    };
}

impl<'t, S: Serializer> Serializer for Finite<'t, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'t, S::SerializeSeq>;
    type SerializeTuple = Compound<'t, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'t, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'t, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'t, S::SerializeMap>;
    type SerializeStruct = Compound<'t, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'t, S::SerializeStructVariant>;

    plain! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.inner.serialize_i64(value),
            (_, Ok(value)) => self.inner.serialize_u64(value),
            _ => self.refuse(BEYOND),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        match u64::try_from(value) {
            Ok(value) => self.inner.serialize_u64(value),
            Err(_) => self.refuse(BEYOND),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        match unwritten(value.into()) {
            None => self.inner.serialize_f32(value),
            Some(number) => self.refuse(number),
        }
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        match unwritten(value) {
            None => self.inner.serialize_f64(value),
            Some(number) => self.refuse(number),
        }
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.serialize_some(&Finite { inner: value, trail: self.trail })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_struct(name, &Finite { inner: value, trail: self.trail })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Self { inner, trail } = self;
        let written = inner.serialize_newtype_variant(name, index, variant, &Finite { inner: value, trail });
        if written.is_err() {
            trail.step(variant);
        }
        written
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        Ok(Compound { inner: self.inner.serialize_seq(len)?, trail: self.trail, variant: None, items: 0 })
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        Ok(Compound { inner: self.inner.serialize_tuple(len)?, trail: self.trail, variant: None, items: 0 })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let inner = self.inner.serialize_tuple_struct(name, len)?;
        Ok(Compound { inner, trail: self.trail, variant: None, items: 0 })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let inner = self.inner.serialize_tuple_variant(name, index, variant, len)?;
        Ok(Compound { inner, trail: self.trail, variant: Some(variant), items: 0 })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        Ok(Compound { inner: self.inner.serialize_map(len)?, trail: self.trail, variant: None, items: 0 })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let inner = self.inner.serialize_struct(name, len)?;
        Ok(Compound { inner, trail: self.trail, variant: None, items: 0 })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let inner = self.inner.serialize_struct_variant(name, index, variant, len)?;
        Ok(Compound { inner, trail: self.trail, variant: Some(variant), items: 0 })
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! of_items {
    ($($part:ident::$method:ident)*) => {
        $(impl<C: $part> $part for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let written = self.inner.$method(&Finite { inner: value, trail: self.trail });
                if written.is_err() {
                    self.trail.item(self.variant, self.items);
                }
                self.items += 1;
                written
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

of_items! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! of_fields {
    ($($part:ident)*) => {
        $(impl<C: $part> $part for Compound<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let written = self.inner.serialize_field(key, &Finite { inner: value, trail: self.trail });
                if written.is_err() {
                    self.trail.step_of(self.variant, key);
                }
                written
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(key)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

of_fields! { SerializeStruct SerializeStructVariant }

impl<C: SerializeMap> SerializeMap for Compound<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let written = self.inner.serialize_value(&Finite { inner: value, trail: self.trail });
        if written.is_err() {
            self.trail.item(self.variant, self.items);
        }
        self.items += 1;
        written
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), C::Error> {
        let written = self.inner.serialize_entry(key, &Finite { inner: value, trail: self.trail });
        if written.is_err() {
            let name = match serde_json::to_value(key) {
                Ok(Value::String(name)) => name,
                Ok(other) => other.to_string(),
                Err(_) => "?".to_owned(),
            };
            self.trail.step_of(self.variant, &name);
        }
        written
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Reading {
        mean: Option<f64>,
        #[serde(flatten)]
        more: More,
    }

    #[derive(Serialize)]
    struct More {
        rows: Vec<(f32, &'static str)>,
        by_name: BTreeMap<&'static str, Shape>,
    }

    #[derive(Serialize)]
    enum Shape {
        Circle(f64),
        Square { side: f64 },
    }

    fn reading(mean: f64, row: f32, circle: f64, side: f64) -> Reading {
        let by_name = [("a/b", Shape::Circle(circle)), ("c", Shape::Square { side })];
        Reading {
            mean: Some(mean),
            more: More { rows: vec![(1.0, "x"), (row, "y")], by_name: by_name.into() },
        }
    }

    #[test]
    fn a_number_that_json_lacks_is_an_error_with_its_place() {
        let (nan, infinite) = (f64::NAN, f64::INFINITY);
        for (value, expected) in [
            (reading(nan, 1.0, 1.0, 1.0), "`/mean` is NaN"),
            (reading(1.0, f32::INFINITY, 1.0, 1.0), "`/rows/1/0` is infinite"),
            (reading(1.0, 1.0, -infinite, 1.0), "`/by_name/a~1b/Circle` is negative infinite"),
            (reading(1.0, 1.0, 1.0, nan), "`/by_name/c/Square/side` is NaN"),
        ] {
            let expected = format!("{expected}, which JSON lacks");
            assert_eq!(to_raw(&value).unwrap_err().to_string(), expected);
            assert_eq!(to_value(&value).unwrap_err().to_string(), expected);
        }
        assert_eq!(to_raw(&nan).unwrap_err().to_string(), "it is NaN, which JSON lacks");
        let error = to_raw(&[i128::from(u64::MAX) + 1]).unwrap_err().to_string();
        assert_eq!(error, "`/0` is beyond 64 bits, which readers of JSON do not hold");
    }

    #[test]
    fn all_else_is_written_as_serde_json_writes_it() {
        let value = reading(1.5, 0.1, 1e300, -0.0);
        assert_eq!(to_raw(&value).unwrap().get(), serde_json::to_string(&value).unwrap());
        assert_eq!(to_value(&value).unwrap(), serde_json::to_value(&value).unwrap());
        let tree = json!({"a": [null, 1.5, -1, 18_446_744_073_709_551_615_u64, "x", {"b": true}]});
        assert_eq!(to_value(&tree).unwrap(), tree);
        let raw = RawValue::from_string("{\"a\": 1.50}".to_owned()).unwrap();
        assert_eq!(to_raw(&raw).unwrap().get(), "{\"a\": 1.50}");
        assert_eq!(to_raw(&[Some(&raw)]).unwrap().get(), "[{\"a\": 1.50}]");
        assert_eq!(to_value(&raw).unwrap(), json!({"a": 1.5}));
        assert_eq!(to_raw(&i128::from(u64::MAX)).unwrap().get(), u64::MAX.to_string());
        let error = to_raw(&BTreeMap::from([(vec![1], 2)])).unwrap_err();
        assert_eq!(error.to_string(), "key must be a string");
    }
}
