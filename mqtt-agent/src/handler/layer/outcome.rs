//! [`Output`] and [`Refusal`]: what comes back through the layers.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::handler::reply::{Answered, FailureParts, ToolError};
use crate::json;
use crate::shown::{debug_as_display, quoting, shown};
use crate::wire::{ErrorBody, ErrorKind};

/// What comes back through the layers.
pub type Outcome = Result<Output, Refusal>;

/// A result on its way to the caller: its JSON, and the content that a tool gave beside it (`MCP-21`). A layer that puts
/// another one in its place replaces both.
#[derive(Debug, Clone)]
pub struct Output(Answered);

impl Output {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// When JSON cannot hold the value, as a NaN.
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
    /// When it is no `T`.
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

/// An error on its way to the caller, of a layer, the runtime or the handler.
///
/// Made of every [`ToolError`], so that `?` works in a layer, or by its kind: [`unauthorized`](Self::unauthorized) and the
/// others. A task that is refused fails with the same kind, message and code.
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

    /// The caller may not do that.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorized, message)
    }

    /// The arguments are not what they should be.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArguments, message)
    }

    /// It was tried, and failed.
    pub fn tool_error(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ToolError, message)
    }

    /// It took too long.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Timeout, message)
    }

    /// Not now: nothing was run.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// With a stable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.body.code = Some(code.into());
        self
    }

    /// With JSON for programs.
    #[must_use]
    pub fn with_data(mut self, data: Box<RawValue>) -> Self {
        self.body.data = Some(data);
        self
    }

    /// With when to try again, in whole milliseconds. A task's error does not say it.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.body.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Which of the protocol's kinds (`MCP-7`).
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.body.kind
    }

    /// What the caller reads.
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
