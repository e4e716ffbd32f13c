//! The error inside a `transparent` variant.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::handler::reply::{ErrorCode, Failure, ToolError};

/// [`ToolError`] under another name, so that the compiler's error for a type without it fits this case.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has nothing to say to a caller, so no error can be `transparent` for it",
    label = "does not implement `mqtt_agent::ToolError`",
    note = "derive `mqtt_agent::ToolError` for it, or say `internal` instead of `transparent`"
)]
pub trait Within {
    /// [`ToolError::message`]
    fn message(&self) -> String;
    /// [`ToolError::code`]
    fn code(&self) -> Option<&str>;
    /// [`ToolError::retry_after`]
    fn retry_after(&self) -> Option<Duration>;
    /// [`ToolError::data`]
    fn data(&self) -> Option<Box<RawValue>>;
    /// [`ToolError::codes`]
    fn codes() -> Vec<ErrorCode>;
    /// [`ToolError::to_failure`]
    fn to_failure(&self) -> Failure;
}

#[diagnostic::do_not_recommend]
impl<E: ToolError> Within for E {
    fn message(&self) -> String {
        ToolError::message(self)
    }

    fn code(&self) -> Option<&str> {
        ToolError::code(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        ToolError::retry_after(self)
    }

    fn data(&self) -> Option<Box<RawValue>> {
        ToolError::data(self)
    }

    fn codes() -> Vec<ErrorCode> {
        <E as ToolError>::codes()
    }

    fn to_failure(&self) -> Failure {
        ToolError::to_failure(self)
    }
}
