//! [`Failure`]: the failure of a call.

use std::error::Error;
use std::time::Duration;

use serde_json::value::RawValue;

use super::ErrorCode;
use crate::causes::chain;

/// The message of an internal error, without the reference.
pub(super) const INTERNAL: &str = "internal error";

/// The failure of a call: a message, and optionally a code, data for programs and when to try again.
#[derive(Debug, Clone)]
pub struct Failure {
    message: String,
    code: Option<String>,
    data: Option<Box<RawValue>>,
    retry_after: Option<Duration>,
    /// Details for the log only. With them, the message gets a reference that is logged too.
    hidden: Option<String>,
}

impl Failure {
    /// A failure without a code.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, data: None, retry_after: None, hidden: None }
    }

    /// An internal failure: the caller gets `internal error (ref ..)` with the code `internal`. The error and all its
    /// sources are logged under the same reference.
    #[must_use]
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::hidden(chain(error))
    }

    pub(super) fn hidden(text: String) -> Self {
        Self { hidden: Some(text), ..Self::new(INTERNAL).with_code(ErrorCode::INTERNAL.code) }
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the data that restores the error's value.
    #[must_use]
    pub fn with_data(mut self, data: Box<RawValue>) -> Self {
        self.data = Some(data);
        self
    }

    /// Sets when to try again.
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

/// The parts of a failure.
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
