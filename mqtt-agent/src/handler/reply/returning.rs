//! [`FromToolError`]: the caller's counterpart of [`ToolError`](super::ToolError).

use std::convert::Infallible;
use std::error::Error;

use serde_json::value::RawValue;

use super::Failure;

/// An error that can be restored from a tool's answer.
///
/// [`#[derive(ToolError)]`](macro@crate::ToolError) implements it. `String` gets the message of any error.
/// [`CallError::tool_error`](crate::CallError::tool_error) uses it:
///
/// ```
/// use mqtt_agent::{CallError, ToolError};
///
/// #[derive(Debug, PartialEq, ToolError)]
/// enum BankError {
///     #[tool_error("the account is frozen; ask its owner")]
///     Frozen,
/// }
///
/// fn is_frozen(error: &CallError) -> bool {
///     error.tool_error() == Some(BankError::Frozen)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of what a tool answers",
    label = "has no way back from a code and data to a value",
    note = "derive `mqtt_agent::ToolError` for it, or take the message as a `String`"
)]
pub trait FromToolError: Sized {
    /// The value, or `None` if the error is not one of this type.
    fn from_tool_error(code: Option<&str>, message: &str, data: Option<&RawValue>) -> Option<Self>;
}

impl FromToolError for String {
    fn from_tool_error(_: Option<&str>, message: &str, _: Option<&RawValue>) -> Option<Self> {
        Some(message.to_owned())
    }
}

impl FromToolError for Failure {
    fn from_tool_error(code: Option<&str>, message: &str, data: Option<&RawValue>) -> Option<Self> {
        let failure = Failure::new(message);
        let failure = match code {
            Some(code) => failure.with_code(code),
            None => failure,
        };
        Some(match data {
            Some(data) => failure.with_data(data.to_owned()),
            None => failure,
        })
    }
}

impl FromToolError for Infallible {
    fn from_tool_error(_: Option<&str>, _: &str, _: Option<&RawValue>) -> Option<Self> {
        None
    }
}

/// Internal errors cannot be restored.
impl FromToolError for Box<dyn Error + Send + Sync> {
    fn from_tool_error(_: Option<&str>, _: &str, _: Option<&RawValue>) -> Option<Self> {
        None
    }
}

/// What was kept from the caller cannot come back to it.
#[cfg(feature = "anyhow")]
impl FromToolError for anyhow::Error {
    fn from_tool_error(_: Option<&str>, _: &str, _: Option<&RawValue>) -> Option<Self> {
        None
    }
}
