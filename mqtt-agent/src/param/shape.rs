//! What const evaluation and marker traits can tell of a parameter's type. Only generated code uses it, at the token of the user's that a
//! mistake is reported at.

use std::marker::PhantomData;

use super::{Args, Need};

/// What the JSON of a type is at its root, as far as the type alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Not told: found out when the agent is built.
    Unknown,
    /// A list.
    List,
    /// A text, a number, `true` or `false`, or nothing.
    Bare,
    /// Something or `null`.
    Optional,
}

impl Root {
    /// Fails the build where the root is no object.
    #[allow(clippy::panic)]
    #[track_caller]
    pub const fn assert_object(self) {
        match self {
            Self::Unknown => {}
            Self::List => panic!(
                "the arguments of a tool are a JSON object, and a list has no names; take it as a parameter of its own"
            ),
            Self::Bare => panic!(
                "the arguments of a tool are a JSON object, and a bare value has no name; take it as a parameter of its own"
            ),
            Self::Optional => panic!(
                "the arguments of a tool are a JSON object, always there; make the fields of the struct optional"
            ),
        }
    }
}

/// The root of a parameter's type: an inherent constant for the types that are known, and for all others the one of
/// [`AnyRoot`], which gives way to it.
#[derive(Debug)]
pub struct RootOf<T: ?Sized>(PhantomData<T>);

/// Every type's root, where nothing better is known.
pub trait AnyRoot {
    /// Not told.
    const ROOT: Root = Root::Unknown;
}

impl<T: ?Sized> AnyRoot for RootOf<T> {}

macro_rules! roots {
    ($($root:ident: $({$($generics:tt)*})? $ty:ty;)*) => {$(
        impl $(<$($generics)*>)? RootOf<Args<$ty>> {
            /// What the type tells.
            pub const ROOT: Root = Root::$root;
        }
    )*};
}

roots! {
    List: {T} Vec<T>;
    List: {T, const N: usize} [T; N];
    List: {A, B} (A, B);
    List: {A, B, C} (A, B, C);
    Bare: ();
    Bare: String;
    Bare: char;
    Bare: bool;
    Bare: f32;
    Bare: f64;
    Bare: i8;
    Bare: i16;
    Bare: i32;
    Bare: i64;
    Bare: isize;
    Bare: u8;
    Bare: u16;
    Bare: u32;
    Bare: u64;
    Bare: usize;
    Optional: {T} Option<T>;
}

/// Fails the build for an argument of the caller that has no name.
#[allow(clippy::panic)]
#[track_caller]
pub const fn assert_given(need: Need) {
    if matches!(need, Need::Argument { .. }) {
        panic!("an argument of the caller needs a name; write `name: Type`, and take the value apart inside");
    }
}

/// Fails the build for `#[arg(..)]` on what the agent gives.
#[allow(clippy::panic)]
#[track_caller]
pub const fn assert_argument(need: Need) {
    if !matches!(need, Need::Argument { .. }) {
        panic!(
            "`#[arg(..)]` narrows an argument of the caller, and the agent gives this parameter; remove it"
        );
    }
}

/// What a parameter may be a reference to. A marker beside `Param` for `&T`: only with it can the compiler say of any
/// other reference, in one sentence, that it borrows from a call that is gone.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be a parameter of a tool",
    label = "borrows from the call, whose arguments are read before the handler runs",
    note = "take it by value: `String` for a text, `Vec<T>` for a list"
)]
pub trait Lent {}

impl Lent for crate::Context {}

/// States that a reference to `T` can be a parameter.
pub const fn assert_lent<T: Lent + ?Sized>() {}
