//! The errors of a call.

use std::time::Duration;

use serde_json::value::RawValue;

use super::assembly::ChunksError;
use crate::deadline::Lasting;
use crate::handler::reply::FromToolError;
use crate::json;
use crate::link::{PublishError, SubscribeError};
use crate::shown::{debug_as_display, shown};
use crate::wire::{ErrorBody, ErrorKind};

/// The error of a call.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The arguments are invalid (`MCP-8`), or not a JSON object. The message lists every error.
    #[error("invalid arguments: {message}", message = shown(.message))]
    InvalidArguments {
        /// Each invalid argument, and what was expected.
        message: String,
    },
    /// The broker or the server does not allow this caller to call the tool (`MCP-14`, `MCP-18`).
    #[error("not authorized: {message}", message = shown(.message))]
    Unauthorized {
        /// Says who refused.
        message: String,
    },
    /// The tool itself failed.
    #[error("the tool failed: {message}", message = shown(.message))]
    #[non_exhaustive]
    Tool {
        /// The tool's message.
        message: String,
        /// The tool's code, for programs.
        code: Option<String>,
        /// The data from which [`tool_error`](CallError::tool_error) restores a value.
        data: Option<Box<RawValue>>,
        /// The time after which to try again, if the tool gave one.
        retry_after: Option<Duration>,
    },
    /// The server gave up: the tool exceeded its own limit or the caller's timeout.
    #[error("the server gave up: {message}", message = shown(.message))]
    TimedOutByServer {
        /// The server's message.
        message: String,
    },
    /// No answer came in time.
    #[error("no answer from `{tool}` within {}; {}", Lasting(*.after), supposed(*.online, .option), tool = shown(.tool))]
    #[non_exhaustive]
    Timeout {
        /// The tool that was called.
        tool: String,
        /// How long the caller waited.
        after: Duration,
        /// Whether a server of the tool is online by its card; `None` if unknown.
        online: Option<bool>,
        /// The builder's method for a longer wait: `timeout`, or `within` for `ping` and `stats`.
        option: &'static str,
    },
    /// No server has the tool (`MCP-14`), or its server is busy (code `busy`) or stopping (code `stopping`). The code
    /// is also `busy` if the call was never sent, because it waited for earlier calls until its deadline.
    #[error("unavailable: {message}", message = shown(.message))]
    Unavailable {
        /// The message.
        message: String,
        /// The code. After `busy` and `stopping`, try again.
        code: Option<String>,
        /// The time after which to try again, if the server gave one, as with `rate_limited`.
        retry_after: Option<Duration>,
    },
    /// The handler in which the call was made was cancelled, or has ended.
    #[error("the calling handler was cancelled or has ended; end what it left running")]
    Canceled,
    /// The call could not be published: too large for the broker, or the connection was closed.
    #[error("publishing the call failed: {0}")]
    Publish(PublishError),
    /// The subscription for answers or partial results was not granted.
    #[error("no answer could be received: {0}")]
    Subscribe(SubscribeError),
    /// The server's answer is malformed.
    #[error("the server's answer cannot be read: {message}; report it to the server's operator", message = shown(.message))]
    InvalidResponse {
        /// What is wrong with it.
        message: String,
    },
    /// The result does not have the type that [`returning`](crate::ToolCall::returning) sets.
    #[error(
        "the result is of another type: {cause}; set the type of the tool's `output_schema`, which `mqtt-agent show` prints",
        cause = shown(&json::cause(.0))
    )]
    UnexpectedResult(serde_json::Error),
    /// A result that came in chunks could not be put together (`MCP-22`).
    #[error("the result could not be put together: {0}")]
    Chunks(ChunksError),
    /// A partial result does not have the type that [`partials`](crate::ToolStream::partials) sets.
    #[error("a partial result is of another type: {cause}; look at what the tool sends", cause = shown(&json::cause(.0)))]
    UnexpectedPartial(serde_json::Error),
    /// The tool's name is empty, longer than 128 bytes, or has a `/`, `+`, `#` or control character (`SUB-4`).
    #[error("the tool's name: {message}", message = shown(.message))]
    InvalidName {
        /// What is wrong with it.
        message: String,
    },
}

debug_as_display!(CallError);

/// Possible reasons for a missing answer.
fn supposed(online: Option<bool>, option: &str) -> String {
    let online = match online {
        Some(true) => "a server of it is online",
        Some(false) => return "no server of it is online; look at its name, or start one".to_owned(),
        None => "see whether a server of it is online",
    };
    format!(
        "{online}: allow it more time with `.{option}(..)`, or see whether the broker drops messages (Mosquitto: raise \
         `max_queued_messages`)"
    )
}

impl CallError {
    /// Its type, for spans: that of the answer, or what went wrong here.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::InvalidArguments { .. } => "invalid_arguments",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Tool { .. } => "tool_error",
            Self::TimedOutByServer { .. } | Self::Timeout { .. } => "timeout",
            Self::Unavailable { .. } => "unavailable",
            Self::Canceled => "canceled",
            Self::Publish(_) => "publish",
            Self::Subscribe(_) => "subscribe",
            Self::InvalidResponse { .. }
            | Self::UnexpectedResult(_)
            | Self::Chunks(_)
            | Self::UnexpectedPartial(_) => "invalid_response",
            Self::InvalidName { .. } => "invalid_name",
        }
    }

    /// The code of the tool or the server, if any.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Tool { code, .. } | Self::Unavailable { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The tool's data for programs.
    #[must_use]
    pub fn data(&self) -> Option<&RawValue> {
        match self {
            Self::Tool { data, .. } => data.as_deref(),
            _ => None,
        }
    }

    /// The time after which to try again, counted from the answer.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Tool { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Restores the tool's error as a value; `None` if the tool did not fail, or failed with an error of another type.
    #[must_use]
    pub fn tool_error<E: FromToolError>(&self) -> Option<E> {
        match self {
            Self::Tool { message, code, data, .. } => {
                E::from_tool_error(code.as_deref(), message, data.as_deref())
            }
            _ => None,
        }
    }
}

impl From<ErrorBody> for CallError {
    fn from(error: ErrorBody) -> Self {
        let ErrorBody { kind, message, code, data, retry_after_ms } = error;
        let retry_after = retry_after_ms.map(Duration::from_millis);
        match kind {
            ErrorKind::InvalidArguments => Self::InvalidArguments { message },
            ErrorKind::Unauthorized => Self::Unauthorized { message },
            ErrorKind::Timeout => Self::TimedOutByServer { message },
            ErrorKind::Unavailable => Self::Unavailable { message, code, retry_after },
            ErrorKind::ToolError => Self::Tool { message, code, data, retry_after },
            // Minor versions may add types (a receiver ignores what it does not know): it is a failure all the same.
            other => {
                let code = code.or_else(|| Some(other.as_str().to_owned()));
                Self::Tool { message, code, data, retry_after }
            }
        }
    }
}

impl From<PublishError> for CallError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Denied { topic, .. } => Self::Unauthorized {
                message: format!("the broker denies publishing to `{topic}`; ask for that right"),
            },
            other => Self::Publish(other),
        }
    }
}

impl From<SubscribeError> for CallError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Denied { filter, .. } => Self::Unauthorized {
                message: format!("the broker denies subscribing to `{filter}`; ask for that right"),
            },
            other => Self::Subscribe(other),
        }
    }
}
