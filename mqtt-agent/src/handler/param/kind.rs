//! What JSON type a Rust type has, as far as the type alone tells the compiler.

use std::marker::PhantomData;

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// As JSON Schema calls it; `None` where the type does not tell.
    pub name: Option<&'static str>,
    /// Whether it may be left out; `None` where the type does not tell.
    pub optional: Option<bool>,
}

/// The kind of a type: an inherent constant for the types that are known, and for all others the one of [`AnyKind`],
/// which gives way to it.
#[derive(Debug)]
pub struct KindOf<T: ?Sized>(PhantomData<T>);

/// Every type's kind, where nothing better is known.
pub trait AnyKind {
    /// Not told.
    const KIND: Kind = Kind { name: None, optional: None };
}

impl<T: ?Sized> AnyKind for KindOf<T> {}

macro_rules! kinds {
    ($($kind:literal: $({$($generics:tt)*})? $ty:ty;)*) => {$(
        impl $(<$($generics)*>)? KindOf<$ty> {
            /// What the type tells.
            pub const KIND: Kind = Kind { name: Some($kind), optional: Some(false) };
        }
        impl $(<$($generics)*>)? KindOf<Option<$ty>> {
            /// What the type tells.
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
