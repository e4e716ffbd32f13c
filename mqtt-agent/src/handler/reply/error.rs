//! [`ToolError`]: the errors of tools, with implementations for types of the standard library.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::value::RawValue;

use super::ErrorCode;
use super::failure::{Failure, INTERNAL};

/// An error that a tool returns.
///
/// Derive it for your own enum ([`#[derive(ToolError)]`](macro@crate::ToolError)), or implement it:
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
/// Implemented for `String` and `&str`, which are sent as they are, and for `Box<dyn Error + Send + Sync>` and, with
/// the feature `anyhow`, `anyhow::Error`: these are internal errors, so the caller gets `internal error (ref ..)`, and
/// the log has the error with all its sources under the same reference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a tool, a skill or a topic handler",
    label = "is no `ToolError`, which tells the caller what went wrong",
    note = "derive `mqtt_agent::ToolError` for it, or answer with `Result<_, String>`; hold another crate's error in a variant of your own, `#[tool_error(internal, from)] Io(std::io::Error)`; `Box<dyn Error + Send + Sync>` is one as it is, and `anyhow::Error` with the feature `anyhow`"
)]
pub trait ToolError {
    /// The message for the caller and its model: what went wrong, and what to do. Do not include confidential details.
    fn message(&self) -> String;

    /// A stable code for programs.
    fn code(&self) -> Option<&str> {
        None
    }

    /// When to try again. Sent in whole milliseconds as `retry_after_ms`, which v0.1 peers ignore.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The data from which [`FromToolError`](super::FromToolError) restores the value. Sent as `data`, which v0.1 peers
    /// ignore.
    fn data(&self) -> Option<Box<RawValue>> {
        None
    }

    /// The codes of the type, for documentation.
    fn codes() -> Vec<ErrorCode>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// The complete failure, including details for the log.
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

/// A failure from an error that is not internal.
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

/// Sets when to try again, if known.
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

/// A boxed error may contain confidential details, so it is internal.
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
