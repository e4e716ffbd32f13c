//! The JSON type of a Rust type, as far as the compiler can determine it.

use std::marker::PhantomData;

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name in JSON Schema; `None` if unknown.
    pub name: Option<&'static str>,
    /// Whether it may be omitted; `None` if unknown.
    pub optional: Option<bool>,
}

/// The kind of a type: an inherent constant for known types, and the one of [`AnyKind`] for all others.
#[derive(Debug)]
pub struct KindOf<T: ?Sized>(PhantomData<T>);

/// The kind of unknown types.
pub trait AnyKind {
    /// Unknown.
    const KIND: Kind = Kind { name: None, optional: None };
}

impl<T: ?Sized> AnyKind for KindOf<T> {}

macro_rules! kinds {
    ($($kind:literal: $({$($generics:tt)*})? $ty:ty;)*) => {$(
        impl $(<$($generics)*>)? KindOf<$ty> {
            /// The known value.
            pub const KIND: Kind = Kind { name: Some($kind), optional: Some(false) };
        }
        impl $(<$($generics)*>)? KindOf<Option<$ty>> {
            /// The known value.
            pub const KIND: Kind = Kind { name: Some($kind), optional: Some(true) };
        }
    )*};
}

kinds! {
    "string": String;
    "string": char;
    "boolean": bool;
    "integer": i8;
    "integer": i16;
    "integer": i32;
    "integer": i64;
    "integer": i128;
    "integer": isize;
    "integer": u8;
    "integer": u16;
    "integer": u32;
    "integer": u64;
    "integer": u128;
    "integer": usize;
    "number": f32;
    "number": f64;
    "array": {T} Vec<T>;
    "array": {T} std::collections::VecDeque<T>;
    "array": {T, S} std::collections::HashSet<T, S>;
    "array": {T} std::collections::BTreeSet<T>;
    "object": {K, V, S} std::collections::HashMap<K, V, S>;
    "object": {K, V} std::collections::BTreeMap<K, V>;
}
