//! What a call of a remote's method can come to.

use std::error::Error;
use std::fmt;

use crate::handler::reply::{FromToolError, FromToolResult, ToolError};
use crate::mcp::CallError;
use crate::shown::shown;

/// Why a call of a `#[remote]` trait's method has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteError<E> {
    /// The method itself failed, with this error.
    Tool(E),
    /// The call did not get that far, or the method's error is none that `E` knows.
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

impl<E: ToolError + fmt::Debug> Error for RemoteError<E> {}

impl<E: FromToolError> RemoteError<E> {
    pub(crate) fn from_call(error: CallError) -> Self {
        match error.tool_error() {
            Some(error) => Self::Tool(error),
            None => Self::Call(error),
        }
    }
}

/// What a `#[remote]` trait's method returns: a `Result`, for a call over the network can fail.
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
    /// Named by generated code, so that the compiler asks for the trait.
    #[doc(hidden)]
    const IS_ONE: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: FromToolResult + 'static, E: FromToolError> RemoteReply for Result<T, E> {
    type Value = T;
    type Error = E;
}
