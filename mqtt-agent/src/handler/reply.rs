//! Converting a handler's result to an answer ([`Reply`], [`ToolError`]), and an answer back to an error's value
//! ([`FromToolError`]).
//!
//! A value is sent as its own JSON. `Result<T, E>` answers with the value or with an error for the caller; any other
//! type is a value. The type decides, not its name, so an alias of `Result` works.

mod code;
mod codes;
#[doc(hidden)]
pub mod derived;
mod error;
mod failure;
mod future;
mod received;
mod returning;

pub use code::ErrorCode;
pub(crate) use codes::NONE as NO_CODES;
#[doc(hidden)]
pub use codes::{Codes, CodesOf};
pub use error::ToolError;
pub use failure::Failure;
pub(crate) use failure::FailureParts;
#[doc(hidden)]
pub use future::{ToolFuture, run};
pub use received::FromToolResult;
#[doc(hidden)]
pub use received::{Apart, Received, Unfit};
pub use returning::FromToolError;

use std::convert::Infallible;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::json;
use crate::wire::ContentBlock;

/// A handler's answer: the value's JSON, or the error.
pub type Answer = Result<Answered, Failure>;

/// A handler's reply: the JSON of a value, and the content ([`Content`](crate::Content)), if there is any.
#[derive(Debug, Clone)]
pub struct Answered {
    pub(crate) value: Box<RawValue>,
    pub(crate) content: Option<Box<[ContentBlock]>>,
    /// Whether the value is one, and no text that stands in for what callers don't get.
    pub(crate) has_value: bool,
}

impl From<Box<RawValue>> for Answered {
    fn from(value: Box<RawValue>) -> Self {
        Self { value, content: None, has_value: true }
    }
}

/// A type that a tool can return. Implemented for every type that is `Serialize` and [`JsonSchema`], and for
/// [`Content`](crate::Content).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a tool, a skill or a request handler",
    label = "needs `Serialize` and `JsonSchema`",
    note = "for a type of your own write `#[derive(serde::Serialize, schemars::JsonSchema)]`; for one of `chrono`, `jiff`, `uuid`, `url` or `rust_decimal` add the feature of `mqtt-agent` with that name, for one of another crate see `mqtt_agent::guide::types`"
)]
pub trait Reply: Sized {
    /// The schema of the value.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// Serializes the value.
    fn into_answer(self) -> Answer;

    /// [`schema`](Self::schema), in a form that lets generated code infer the type.
    #[doc(hidden)]
    const DESCRIBED: Described<Self> = Described { schema: Self::schema, content: &[], of: PhantomData };

    /// [`into_answer`](Self::into_answer), for generated code.
    #[doc(hidden)]
    const ANSWERED: fn(Self) -> Answer = Self::into_answer;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Reply for T {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn into_answer(self) -> Answer {
        written(self)
    }

    // One function less for each type.
    const DESCRIBED: Described<Self> =
        Described { schema: SchemaGenerator::subschema_for::<T>, content: &[], of: PhantomData };

    // Not the method, which is compiled where the user's type stands, again whenever a body changes there.
    const ANSWERED: fn(Self) -> Answer = written::<T>;
}

/// A value as it is answered.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn written<T: Serialize>(value: T) -> Answer {
    // No closure: the compiler would make code of it for each type.
    match json::to_raw(&value) {
        Ok(value) => Ok(value.into()),
        Err(error) => Err(unwritten(&error)),
    }
}

fn unwritten(error: &serde_json::Error) -> Failure {
    Failure::new(format!(
        "the result cannot be written as JSON: {error}; answer with a value that can, or with an error"
    ))
}

/// The schema of a value `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Described<T> {
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// The kinds of content that may come beside it.
    pub(crate) content: &'static [&'static str],
    pub(crate) of: PhantomData<fn() -> T>,
}

/// The description of a tool's reply.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Output {
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) content: &'static [&'static str],
}

/// Determines the kind of a return type `R`: `Result` has an inherent constant, any other type that of [`PlainReply`].
///
/// An inherent constant takes precedence over a trait's, and neither has bounds: so a `Result` with an invalid error
/// type is reported as such, and not treated as a value.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReplyOf<R>(PhantomData<R>);

impl<T, E> ReplyOf<Result<T, E>> {
    /// A `Result` is a value or an error.
    pub const PARTS: Parts<Result<T, E>, T, E> = Parts { split: |reply| reply };
}

/// The constant of [`ReplyOf`] for types other than `Result`.
#[doc(hidden)]
pub trait PlainReply<R> {
    /// Any other type is a value.
    const PARTS: Parts<R, R, Infallible> = Parts { split: Ok };
}

impl<R> PlainReply<R> for ReplyOf<R> {}

/// How a reply `R` is split into a value `T` or an error `E`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Parts<R, T, E> {
    pub(crate) split: fn(R) -> Result<T, E>,
}

impl<R, T, E> Clone for Parts<R, T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T, E> Copy for Parts<R, T, E> {}

/// Converts a handler's reply to an answer.
///
/// The conversions are function pointers instead of bounds, so that an invalid reply is reported once, at the return
/// type.
// Taken by value like everything else that generated code hands over.
#[doc(hidden)]
#[allow(clippy::needless_pass_by_value)]
pub fn answer<R, T, E>(
    reply: R,
    parts: Parts<R, T, E>,
    value: fn(T) -> Answer,
    error: fn(E) -> Failure,
) -> Answer {
    match (parts.split)(reply) {
        Ok(reply) => value(reply),
        Err(reply) => Err(error(reply)),
    }
}
