//! [`Output`] and [`Refusal`]: the outcome of a call, as layers see it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::handler::reply::{Answered, FailureParts, ToolError};
use crate::json;
use crate::shown::{debug_as_display, quoting, shown};
use crate::wire::{ErrorBody, ErrorKind};

/// The outcome of a call: a result, or an error.
pub type Outcome = Result<Output, Refusal>;

/// A result on its way to the caller: its JSON, and the content of a tool's reply (`MCP-21`). A layer that returns
/// another `Output` replaces both.
#[derive(Debug, Clone)]
pub struct Output(Answered);

impl Output {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, such as a NaN.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, Refusal> {
        json::to_raw(value).map(Self::from).map_err(|error| {
            Refusal::tool_error(format!(
                "the result cannot be written as JSON: {error}; answer with a value that can"
            ))
        })
    }

    /// The result's JSON.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        &self.0.value
    }

    /// The result as a value.
    ///
    /// # Errors
    ///
    /// When the result does not fit the type.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.0.value.get())
    }

    pub(super) fn into_answered(self) -> Answered {
        self.0
    }
}

impl From<Box<RawValue>> for Output {
    fn from(json: Box<RawValue>) -> Self {
        Self(json.into())
    }
}

impl From<Answered> for Output {
    fn from(answered: Answered) -> Self {
        Self(answered)
    }
}

/// An error on its way to the caller, from a layer, the runtime or the handler.
///
/// Every [`ToolError`] converts to it, so `?` works in a layer. It can also be made by its kind, such as
/// [`unauthorized`](Self::unauthorized). A refused task fails with the same kind, message and code.
#[derive(Clone)]
pub struct Refusal {
    // Boxed: it is the rarer half of each outcome.
    body: Box<ErrorBody>,
    /// What only the log says.
    hidden: Option<String>,
}

debug_as_display!(Refusal);

impl Refusal {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        ErrorBody::new(kind, message).into()
    }

    /// An error of the kind `unauthorized`: the caller is not allowed to make the call.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorized, message)
    }

    /// An error of the kind `invalid_arguments`: the arguments are invalid.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArguments, message)
    }

    /// An error of the kind `tool_error`: the call was run, and failed.
    pub fn tool_error(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ToolError, message)
    }

    /// An error of the kind `timeout`: the call took too long.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// An error of the kind `unavailable`: the call cannot be run now, and nothing was run.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// Sets a stable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.body.code = Some(code.into());
        self
    }

    /// Sets JSON data for programs.
    #[must_use]
    pub fn with_data(mut self, data: Box<RawValue>) -> Self {
        self.body.data = Some(data);
        self
    }

    /// Sets when to try again, in whole milliseconds. It is not sent with a task's error.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.body.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The kind of error (`MCP-7`).
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.body.kind
    }

    /// The message for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.body.message
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.body.code.as_deref()
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.body.retry_after_ms.map(Duration::from_millis)
    }

    /// As it is answered. What is kept from the caller goes to the log, under a reference that the caller reads.
    pub(super) fn into_body(self, handler: &str, call_id: &str) -> ErrorBody {
        let Self { mut body, hidden } = self;
        if let Some(error) = hidden {
            let reference = format!("{:08x}", fastrand::u32(..));
            crate::log::error!(handler, call_id = %shown(call_id), reference, error = %quoting(&error), "a layer failed inside");
            body.message.push_str(&format!(" (ref {reference})"));
        }
        *body
    }
}

impl From<ErrorBody> for Refusal {
    fn from(body: ErrorBody) -> Self {
        Self { body: Box::new(body), hidden: None }
    }
}

impl<E: ToolError> From<E> for Refusal {
    fn from(error: E) -> Self {
        let FailureParts { message, code, data, retry_after, hidden } = error.into_failure().into_parts();
        let mut refusal = Self::tool_error(message);
        refusal.body.code = code;
        refusal.body.data = data;
        refusal.hidden = hidden;
        match retry_after {
            Some(wait) => refusal.with_retry_after(wait),
            None => refusal,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.body.kind.as_str(), quoting(&self.body.message))
    }
}

impl std::error::Error for Refusal {}
