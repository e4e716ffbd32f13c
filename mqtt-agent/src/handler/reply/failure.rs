//! [`Failure`]: a failed call on its way to the caller.

use std::error::Error;
use std::time::Duration;

use serde_json::value::RawValue;

use super::ErrorCode;
use crate::causes::chain;

/// What the caller reads of an error that is kept from it; the reference follows when it is answered.
pub(super) const INTERNAL: &str = "internal error";

/// A failed call as it is answered: a message and, where there are any, a code, data for programs and when to try
/// again.
#[derive(Debug, Clone)]
pub struct Failure {
    message: String,
    code: Option<String>,
    data: Option<Box<RawValue>>,
    retry_after: Option<Duration>,
    /// What only the log says. With it, the message gets a reference that the log has too.
    hidden: Option<String>,
}

impl Failure {
    /// A failure without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, data: None, retry_after: None, hidden: None }
    }

    /// A failure of which the caller only reads `internal error (ref ..)`, with the code `internal`. The error and all
    /// its sources are logged under the same reference when it is answered.
    #[must_use]
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::hidden(chain(error))
    }

    pub(super) fn hidden(text: String) -> Self {
        Self { hidden: Some(text), ..Self::new(INTERNAL).with_code(ErrorCode::INTERNAL.code) }
    }

    /// With a stable code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// With JSON that a program makes the error's value of.
    #[must_use]
    pub fn with_data(mut self, data: Box<RawValue>) -> Self {
        self.data = Some(data);
        self
    }

    /// With when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(super) fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    pub(crate) fn into_parts(self) -> FailureParts {
        let Self { message, code, data, retry_after, hidden } = self;
        FailureParts { message, code, data, retry_after, hidden }
    }
}

/// A failure taken apart.
#[derive(Debug)]
pub(crate) struct FailureParts {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) data: Option<Box<RawValue>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) hidden: Option<String>,
}

impl PartialEq for Failure {
    fn eq(&self, other: &Self) -> bool {
        let json = |data: &Option<Box<RawValue>>| data.as_ref().map(|data| data.get().to_owned());
        self.message == other.message
            && self.code == other.code
            && json(&self.data) == json(&other.data)
            && self.retry_after == other.retry_after
            && self.hidden == other.hidden
    }
}

impl Eq for Failure {}
