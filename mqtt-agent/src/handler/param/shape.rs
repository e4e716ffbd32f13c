//! What the compiler alone can tell of a parameter's type. Generated code asks it, at the user's token that a mistake is
//! reported at.

use std::marker::PhantomData;

use super::{Args, ArgumentError, Call, Need, Param};

/// What the JSON of a type is at its root, as far as the type alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Not told: found out when the agent is built.
    Unknown,
    /// A list.
    List,
    /// A text, a number, `true` or `false`.
    Bare,
    /// Something or `null`.
    Optional,
    /// Nothing at all.
    Nothing,
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
    List: {T} std::collections::HashSet<T>;
    List: {T} std::collections::BTreeSet<T>;
    List: {T} std::collections::VecDeque<T>;
    List: {A} (A,);
    List: {A, B} (A, B);
    List: {A, B, C} (A, B, C);
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
    Bare: u128;
    Bare: i128;
    Bare: {'a} std::borrow::Cow<'a, str>;
    Optional: {T} Option<T>;
    Nothing: ();
}

/// What a parameter may be a reference to. A marker beside `Param` for `&T`: only with it can the compiler say of any
/// other reference, in one sentence, that it borrows from a call that is gone.
pub trait Lent {}

/// What generated code asks of the type behind a reference: one trait for both needs, so that a reference which is no
/// parameter is one error.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be a parameter of a tool, a skill or a topic handler",
    label = "borrows from the call, whose arguments are read before the handler runs",
    note = "take it by value: `String` for a text, `Vec<T>` for a list"
)]
pub trait LentParam {
    /// What the reference needs.
    const NEED: Need;

    /// Takes the reference out of the call.
    fn take<'a>(call: &mut Call<'a>, name: &'static str) -> Result<&'a Self, ArgumentError>;
}

#[diagnostic::do_not_recommend]
impl<T> LentParam for T
where
    T: ?Sized + Lent,
    for<'a> &'a T: Param<'a>,
{
    const NEED: Need = <&T as Param<'_>>::NEED;

    fn take<'a>(call: &mut Call<'a>, name: &'static str) -> Result<&'a Self, ArgumentError> {
        <&'a T as Param<'a>>::take(call, name)
    }
}
