//! [`ToolError`]: what the caller reads of an error, and which types of the standard library say it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::value::RawValue;

use super::ErrorCode;
use super::failure::{Failure, INTERNAL};

/// An error that a tool answers with: what the caller reads.
///
/// Derive it for an enum of yours ([`#[derive(ToolError)]`](macro@crate::ToolError)), or say it yourself:
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
///
/// Implemented for `String` and `&str`, which the caller reads as they are, and for `Box<dyn Error + Send + Sync>` and,
/// with the feature `anyhow`, `anyhow::Error`: of these the caller reads `internal error (ref ..)`, and the log has the
/// error with all its sources under the same reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool, a skill or a topic handler",
    label = "says nothing that the caller could read",
    note = "derive `mqtt_agent::ToolError` for it, or answer with `Result<_, String>`; `anyhow::Error` needs the feature `anyhow`"
)]
pub trait ToolError {
    /// What went wrong and what to do, for the caller and its model. Leave out what only you should know.
    fn message(&self) -> String;

    /// A stable code that a program can match on.
    fn code(&self) -> Option<&str> {
        None
    }

    /// When to try again. Sent in whole milliseconds as `retry_after_ms`, which peers of v0.1 ignore.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// What [`FromToolError`](super::FromToolError) makes the value of again. Sent as `data`, which peers of v0.1 ignore.
    fn data(&self) -> Option<Box<RawValue>> {
        None
    }

    /// The codes that there are, for documents about a tool.
    fn codes() -> Vec<ErrorCode>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// All of it as it is answered; what is kept from the caller comes along for the log.
    #[doc(hidden)]
    fn to_failure(&self) -> Failure {
        failure(self)
    }

    /// [`to_failure`](Self::to_failure), in a form by which generated code can find the type.
    #[doc(hidden)]
    fn into_failure(self) -> Failure
    where
        Self: Sized,
    {
        self.to_failure()
    }

    /// [`codes`](Self::codes), in a form by which generated code can find the type.
    #[doc(hidden)]
    fn codes_of(_: PhantomData<Self>) -> Vec<ErrorCode>
    where
        Self: Sized,
    {
        Self::codes()
    }
}

/// An error that keeps nothing from its caller.
pub fn failure<E: ToolError + ?Sized>(error: &E) -> Failure {
    let mut failure = Failure::new(error.message());
    if let Some(code) = error.code() {
        failure = failure.with_code(code);
    }
    if let Some(data) = error.data() {
        failure = failure.with_data(data);
    }
    later(failure, error.retry_after())
}

/// With when to try again, if that is known.
#[must_use]
pub fn later(failure: Failure, wait: Option<Duration>) -> Failure {
    match wait {
        Some(wait) => failure.with_retry_after(wait),
        None => failure,
    }
}

#[diagnostic::do_not_recommend]
impl ToolError for Failure {
    fn message(&self) -> String {
        Self::message(self).to_owned()
    }

    fn code(&self) -> Option<&str> {
        Self::code(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        Self::retry_after(self)
    }

    fn data(&self) -> Option<Box<RawValue>> {
        Self::data(self).map(ToOwned::to_owned)
    }

    fn to_failure(&self) -> Failure {
        self.clone()
    }

    fn into_failure(self) -> Failure {
        self
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

/// Whoever boxes an error has not said what of it the caller may read.
macro_rules! kept_from_the_caller {
    ($ty:ty) => {
        #[diagnostic::do_not_recommend]
        impl ToolError for $ty {
            fn message(&self) -> String {
                INTERNAL.to_owned()
            }

            fn code(&self) -> Option<&str> {
                Some(ErrorCode::INTERNAL.code)
            }

            fn codes() -> Vec<ErrorCode> {
                vec![ErrorCode::INTERNAL]
            }

            fn to_failure(&self) -> Failure {
                Failure::internal(self.as_ref())
            }
        }
    };
}

kept_from_the_caller!(Box<dyn Error + Send + Sync>);
#[cfg(feature = "anyhow")]
kept_from_the_caller!(anyhow::Error);
