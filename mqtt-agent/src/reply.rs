//! How a handler's value becomes an answer: [`Reply`] and [`ToolError`].
//!
//! A value goes out as its own JSON. `Result<T, E>` answers with the value or with an error that the caller can
//! read; everything else is a value. Which of the two a return type is, is decided by the type itself, so an alias
//! of `Result` works.

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::mcp::CallError;

/// A handler's answer: the value's JSON, or what went wrong.
pub type Answer = Result<Box<RawValue>, Failure>;

/// What a tool can answer with. Implemented for every type that is `Serialize` and [`JsonSchema`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a tool or a request handler",
    label = "not written as JSON",
    note = "derive both: `#[derive(serde::Serialize, schemars::JsonSchema)]`"
)]
pub trait Reply: Sized {
    /// Describes the value.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// Writes the value.
    fn into_answer(self) -> Answer;

    /// [`schema`](Self::schema), in a form by which generated code can find the type.
    #[doc(hidden)]
    const DESCRIBED: Described<Self> = Described { schema: Self::schema, of: PhantomData };
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Reply for T {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn into_answer(self) -> Answer {
        // No closure: the compiler would make code of it for each type.
        match to_raw_value(&self) {
            Ok(value) => Ok(value),
            Err(error) => Err(unwritten(&error)),
        }
    }

    // One function less for each type.
    const DESCRIBED: Described<Self> =
        Described { schema: SchemaGenerator::subschema_for::<T>, of: PhantomData };
}

fn unwritten(error: &serde_json::Error) -> Failure {
    Failure::new(format!("the result cannot be written as JSON: {error}"))
}

/// The schema of a value `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Described<T> {
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    of: PhantomData<fn() -> T>,
}

/// An error that a tool answers with: what the caller reads.
///
/// Implemented for `String` and `&str`. For an error of your own, say what the caller should read:
///
/// ```
/// use mqtt_agent::ToolError;
///
/// struct NoSuchCity(String);
///
/// impl ToolError for NoSuchCity {
///     fn message(&self) -> String {
///         format!("no city `{}`; call `cities` to list them", self.0)
///     }
///     fn code(&self) -> Option<&str> {
///         Some("no_such_city")
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool or a topic handler",
    label = "says nothing that the caller could read",
    note = "implement `mqtt_agent::ToolError` for it, or answer with `Result<_, String>`"
)]
pub trait ToolError {
    /// What went wrong and what to do, for the caller and its model. Leave out what only you should know.
    fn message(&self) -> String;

    /// A stable code that a program can match on.
    fn code(&self) -> Option<&str> {
        None
    }

    /// Both, as they are answered.
    #[doc(hidden)]
    fn into_failure(self) -> Failure
    where
        Self: Sized,
    {
        let failure = Failure::new(self.message());
        match self.code() {
            Some(code) => failure.with_code(code),
            None => failure,
        }
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for String {
    fn message(&self) -> String {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for &str {
    fn message(&self) -> String {
        (*self).to_owned()
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for Cow<'_, str> {
    fn message(&self) -> String {
        self.clone().into_owned()
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for Infallible {
    fn message(&self) -> String {
        match *self {}
    }
}

/// An error that comes back as a value on the calling side of a [`#[remote]`](macro@crate::remote).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a remote's method",
    label = "not made again from what a failed call says",
    note = "derive `mqtt_agent::ToolError` for it, or return `Result<_, String>`"
)]
pub trait FromToolError: Sized {
    /// The value that a failed call stands for; `None` for a failure that is none of its own.
    fn from_call_error(error: &CallError) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl FromToolError for String {
    fn from_call_error(error: &CallError) -> Option<Self> {
        match error {
            CallError::Tool { message, .. } => Some(message.clone()),
            _ => None,
        }
    }
}

#[diagnostic::do_not_recommend]
impl FromToolError for Infallible {
    fn from_call_error(_: &CallError) -> Option<Self> {
        None
    }
}

/// A failed call as it is answered: a message and, where there is one, a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    code: Option<String>,
}

impl Failure {
    /// A failure without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None }
    }

    /// With a stable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        (self.message, self.code)
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for Failure {
    fn message(&self) -> String {
        self.message.clone()
    }

    fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

/// Decides what a return type `R` is: for `Result` it has a constant of its own, for all else that of [`PlainReply`].
///
/// An inherent constant wins over a trait's, and none of them has bounds: so a `Result` with a wrong error type is
/// reported as such and never taken for a value.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReplyOf<R>(PhantomData<R>);

impl<T, E> ReplyOf<Result<T, E>> {
    /// A `Result` is a value or an error.
    pub const PARTS: Parts<Result<T, E>, T, E> = Parts { split: |reply| reply };
}

/// The constant of [`ReplyOf`] for what is no `Result`.
#[doc(hidden)]
pub trait PlainReply<R> {
    /// All else is a value.
    const PARTS: Parts<R, R, Infallible> = Parts { split: Ok };
}

impl<R> PlainReply<R> for ReplyOf<R> {}

/// How a reply `R` is taken apart into a value `T` or an error `E`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Parts<R, T, E> {
    pub(crate) split: fn(R) -> Result<T, E>,
}
