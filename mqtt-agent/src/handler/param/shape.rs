//! What the compiler can determine about a parameter's type. Generated code uses it, at the user's token where a
//! mistake is reported.

use std::marker::PhantomData;

use super::{Args, ArgumentError, Call, Need, Param};

/// The root of a type's JSON, as far as the compiler can determine it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Unknown: checked when the agent is built.
    Unknown,
    /// A list.
    List,
    /// A string, a number or a boolean.
    Bare,
    /// A value or `null`.
    Optional,
    /// The unit type.
    Nothing,
}

/// The root of a parameter's type: an inherent constant for known types, and the one of [`AnyRoot`] for all others.
#[derive(Debug)]
pub struct RootOf<T: ?Sized>(PhantomData<T>);

/// The root of unknown types.
pub trait AnyRoot {
    /// Unknown.
    const ROOT: Root = Root::Unknown;
}

impl<T: ?Sized> AnyRoot for RootOf<T> {}

macro_rules! roots {
    ($($root:ident: $({$($generics:tt)*})? $ty:ty;)*) => {$(
        impl $(<$($generics)*>)? RootOf<Args<$ty>> {
            /// The known value.
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

/// A type that a parameter may be a reference to. It is a marker in addition to `Param` for `&T`, so that the compiler
/// reports any other reference in one sentence.
pub trait Borrowed {}

/// The bound for the type behind a reference. It is one trait, so that an invalid reference is one error.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be a parameter of a tool, a skill or a topic handler",
    label = "borrows from the call, whose arguments are read before the handler runs",
    note = "take it by value: `String` for a text, `Vec<T>` for a list, `T` for any other `&T`; `Context` alone is taken as `&Context`"
)]
pub trait BorrowedParam {
    /// What the reference needs.
    const NEED: Need;

    /// Takes the reference from the call.
    fn take<'a>(call: &mut Call<'a>, name: &'static str) -> Result<&'a Self, ArgumentError>;
}

#[diagnostic::do_not_recommend]
impl<T> BorrowedParam for T
where
    T: ?Sized + Borrowed,
    for<'a> &'a T: Param<'a>,
{
    const NEED: Need = <&T as Param<'_>>::NEED;

    fn take<'a>(call: &mut Call<'a>, name: &'static str) -> Result<&'a Self, ArgumentError> {
        <&'a T as Param<'a>>::take(call, name)
    }
}
