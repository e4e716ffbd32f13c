//! The errors of the methods of a `#[remote]` trait.

use std::error::Error;
use std::fmt;

use crate::handler::reply::{FromToolError, FromToolResult, ToolError};
use crate::mcp::CallError;
use crate::shown::shown;

/// The error of a call of a `#[remote]` trait's method.
#[non_exhaustive]
pub enum RemoteError<E> {
    /// The method itself failed, with this error.
    Tool(E),
    /// The call failed in another way, or with an error that `E` does not have.
    Call(CallError),
}

impl<E: ToolError> fmt::Display for RemoteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool(error) => write!(f, "the tool failed: {}", shown(&error.message())),
            Self::Call(error) => error.fmt(f),
        }
    }
}

impl<E: ToolError> fmt::Debug for RemoteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: ToolError> Error for RemoteError<E> {}

impl<E: FromToolError> RemoteError<E> {
    pub(crate) fn from_call(error: CallError) -> Self {
        match error.tool_error() {
            Some(error) => Self::Tool(error),
            None => Self::Call(error),
        }
    }
}

/// The return type of a `#[remote]` trait's method: a `Result`, because a call over the network can fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a call from afar",
    label = "a call over the network can fail",
    note = "return `Result<T, E>`: `T` is `Serialize + Deserialize + JsonSchema`, `E` derives `ToolError` or is a `String`"
)]
pub trait RemoteReply {
    /// The result.
    type Value: FromToolResult + 'static;
    /// The method's own error.
    type Error: FromToolError;
    /// Used by generated code, so that the compiler checks the trait.
    #[doc(hidden)]
    const IS_ONE: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: FromToolResult + 'static, E: FromToolError> RemoteReply for Result<T, E> {
    type Value = T;
    type Error = E;
}
