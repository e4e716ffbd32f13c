//! [`ErrorCode`]: what a program can know of a tool's errors before it meets one.

use crate::wire::codes;

/// One code that a tool may answer with. Listed by [`ToolError::codes`](crate::ToolError::codes), and for a tool by
/// [`ToolDef::errors`](crate::handler::registry::ToolDef::errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCode {
    /// The code itself, as it is on the wire.
    pub code: &'static str,
    /// What the caller reads, with its placeholders; `None` where only the error itself knows.
    pub message: Option<&'static str>,
    /// The first paragraph of the doc comment; empty where there is none.
    pub description: &'static str,
    /// Whether the caller is told no more than that something failed.
    pub internal: bool,
    /// Whether it may say when to try again.
    pub retry: bool,
}

impl ErrorCode {
    /// The code of errors that are kept from the caller.
    pub const INTERNAL: Self = Self {
        code: codes::INTERNAL,
        message: Some("internal error (ref ..)"),
        description: "",
        internal: true,
        retry: false,
    };

    /// A code of which nothing else is known.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code, message: None, description: "", internal: false, retry: false }
    }

    /// With what the caller reads.
    #[must_use]
    pub const fn with_message(mut self, message: &'static str) -> Self {
        self.message = Some(message);
        self
    }

    /// With what it means.
    #[must_use]
    pub const fn with_description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// It may say when to try again.
    #[must_use]
    pub const fn with_retry(mut self) -> Self {
        self.retry = true;
        self
    }
}
