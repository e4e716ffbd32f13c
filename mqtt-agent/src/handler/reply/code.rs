//! [`ErrorCode`]: documentation of a tool's errors.

use crate::wire::codes;

/// A code that a tool may answer with. Listed by [`ToolError::codes`](crate::ToolError::codes), and for a tool by
/// [`ToolDef::errors`](crate::handler::registry::ToolDef::errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCode {
    /// The code itself, as it is on the wire.
    pub code: &'static str,
    /// The message template for the caller; `None` if the message is not constant.
    pub message: Option<&'static str>,
    /// The first paragraph of the doc comment; may be empty.
    pub description: &'static str,
    /// Whether it is internal, so that the caller gets no details.
    pub internal: bool,
    /// Whether it may have a time for a retry.
    pub retry: bool,
}

impl ErrorCode {
    /// The code of internal errors.
    pub const INTERNAL: Self = Self {
        code: codes::INTERNAL,
        message: Some("internal error (ref ..)"),
        description: "",
        internal: true,
        retry: false,
    };

    /// A code without further information.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code, message: None, description: "", internal: false, retry: false }
    }

    /// Sets the message template.
    #[must_use]
    pub const fn with_message(mut self, message: &'static str) -> Self {
        self.message = Some(message);
        self
    }

    /// Sets the description.
    #[must_use]
    pub const fn with_description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Sets that it may have a time for a retry.
    #[must_use]
    pub const fn with_retry(mut self) -> Self {
        self.retry = true;
        self
    }
}
