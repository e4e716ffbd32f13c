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

/// A handler's answer: the value's JSON, or what went wrong.
pub type Answer = Result<Box<RawValue>, Failure>;

/// What a tool can answer with. Implemented for every type that is `Serialize` and [`JsonSchema`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a tool",
    label = "not written as JSON",
    note = "derive both: `#[derive(serde::Serialize, schemars::JsonSchema)]`"
)]
pub trait Reply: Sized {
    /// Describes the value.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// Writes the value.
    fn into_answer(self) -> Answer;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Reply for T {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn into_answer(self) -> Answer {
        to_raw_value(&self)
            .map_err(|error| Failure::new(format!("the result cannot be written as JSON: {error}")))
    }
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
    message = "`{Self}` cannot be the error of a tool",
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
}

impl ToolError for String {
    fn message(&self) -> String {
        self.clone()
    }
}

impl ToolError for &str {
    fn message(&self) -> String {
        (*self).to_owned()
    }
}

impl ToolError for Cow<'_, str> {
    fn message(&self) -> String {
        self.clone().into_owned()
    }
}

impl ToolError for Infallible {
    fn message(&self) -> String {
        match *self {}
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

impl ToolError for Failure {
    fn message(&self) -> String {
        self.message.clone()
    }

    fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

/// Decides what a return type `T` is: `Result` has functions of its own, all else those of [`PlainReply`].
///
/// An inherent function wins over a trait's, and a function's own `where` clause plays no part in that choice: so a
/// `Result` with a wrong error type is reported as such and never taken for a value.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReplyOf<T>(PhantomData<T>);

/// Describes a reply, and makes the answer of it.
#[doc(hidden)]
pub type Functions<R> = (fn(&mut SchemaGenerator) -> Schema, fn(R) -> Answer);

impl<T, E> ReplyOf<Result<T, E>> {
    /// Those of a `Result`: its schema is that of the `Ok` side.
    #[must_use]
    pub fn functions() -> Functions<Result<T, E>>
    where
        T: Reply,
        E: ToolError,
    {
        (T::schema, |reply| match reply {
            Ok(value) => value.into_answer(),
            Err(error) => {
                let failure = Failure::new(error.message());
                Err(match error.code() {
                    Some(code) => failure.with_code(code),
                    None => failure,
                })
            }
        })
    }
}

/// The functions of [`ReplyOf`] for what is no `Result`.
#[doc(hidden)]
pub trait PlainReply<T> {
    /// Those of a value.
    #[must_use]
    fn functions() -> Functions<T>
    where
        T: Reply,
    {
        (T::schema, T::into_answer)
    }
}

impl<T> PlainReply<T> for ReplyOf<T> {}
