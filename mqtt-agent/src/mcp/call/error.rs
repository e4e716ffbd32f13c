//! What a call can come to instead of a result.

use std::time::Duration;

use serde_json::value::RawValue;

use super::assembly::ChunksError;
use crate::handler::reply::FromToolError;
use crate::link::{PublishError, SubscribeError};
use crate::shown::shown;
use crate::wire::{ErrorBody, ErrorKind};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server refused the arguments (`MCP-8`), or they are no JSON object. The message names each one.
    #[error("invalid arguments: {message}", message = shown(.message))]
    InvalidArguments {
        /// Each argument, and what was expected.
        message: String,
    },
    /// The broker or the server does not let this caller call the tool (`MCP-14`, `MCP-18`).
    #[error("not authorized: {message}", message = shown(.message))]
    Unauthorized {
        /// Who refused.
        message: String,
    },
    /// The tool itself failed.
    #[error("the tool failed: {message}", message = shown(.message))]
    #[non_exhaustive]
    Tool {
        /// The tool's own words.
        message: String,
        /// The tool's own code, for programs.
        code: Option<String>,
        /// What [`tool_error`](CallError::tool_error) makes a value of.
        data: Option<Box<RawValue>>,
        /// When the tool says to try again.
        retry_after: Option<Duration>,
    },
    /// The server gave up: the tool took longer than its own limit, or than the caller's timeout.
    #[error("the server gave up: {message}", message = shown(.message))]
    TimedOutByServer {
        /// What the server says.
        message: String,
    },
    /// No answer came in time.
    #[error("no answer from `{tool}` within {after:?}; {}", supposed(*.online), tool = shown(.tool))]
    #[non_exhaustive]
    Timeout {
        /// The tool that was called.
        tool: String,
        /// How long was waited.
        after: Duration,
        /// Whether a server of the tool is online by its card; `None` where that was not looked up or can't be known.
        online: Option<bool>,
    },
    /// Nobody serves the tool now (`MCP-14`), or its server is too busy (code `busy`) or stopping (code `stopping`). Also
    /// code `busy`: the call was never sent, for it waited until its deadline for earlier calls to be answered.
    #[error("unavailable: {message}", message = shown(.message))]
    Unavailable {
        /// What is not available.
        message: String,
        /// `busy` and `stopping` mean: try again.
        code: Option<String>,
        /// When the server says to try again, as with `rate_limited`.
        retry_after: Option<Duration>,
    },
    /// The handler in which the call was made was cancelled, or has ended.
    #[error("the calling handler was cancelled or has ended; end what it left running")]
    Canceled,
    /// The call could not be published: too large for the broker, or the connection was closed.
    #[error("the call was not sent: {0}")]
    Publish(PublishError),
    /// The subscription that answers or partial results come by was not granted.
    #[error("no answer could be received: {0}")]
    Subscribe(SubscribeError),
    /// The server sent what is no answer of the protocol.
    #[error("the server's answer cannot be read: {message}; report it to whoever runs the server", message = shown(.message))]
    InvalidResponse {
        /// What is wrong with it.
        message: String,
    },
    /// The result is not of the type that [`returning`](crate::ToolCall::returning) names.
    #[error("the result is of another type: {cause}; look at the tool's `output_schema`", cause = shown(.0))]
    UnexpectedResult(serde_json::Error),
    /// A result that came in chunks could not be put together (`MCP-22`).
    #[error("the result could not be put together: {0}")]
    Chunks(ChunksError),
    /// A partial result is not of the type that [`partials`](crate::ToolStream::partials) names.
    #[error("a partial result is of another type: {cause}; look at what the tool sends", cause = shown(.0))]
    UnexpectedPartial(serde_json::Error),
    /// The tool's name is no topic level (`SUB-4`).
    #[error("the tool's name: {message}", message = shown(.message))]
    InvalidName {
        /// What is wrong with it.
        message: String,
    },
}

/// What may have been the matter with a call that was not answered.
fn supposed(online: Option<bool>) -> &'static str {
    match online {
        Some(true) => {
            "a server of it is online: it may need longer (`.timeout(..)`), or the broker dropped the message (Mosquitto: \
             `max_queued_messages`)"
        }
        Some(false) => "no server of it is online; start one",
        None => {
            "is a server of it online? It may need longer (`.timeout(..)`), or the broker dropped the message (Mosquitto: \
             `max_queued_messages`)"
        }
    }
}

impl CallError {
    /// The stable code that the tool or the server gave, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Tool { code, .. } | Self::Unavailable { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// What the tool sent along for programs.
    #[must_use]
    pub fn data(&self) -> Option<&RawValue> {
        match self {
            Self::Tool { data, .. } => data.as_deref(),
            _ => None,
        }
    }

    /// When the tool or its server says to try again, counted from its answer.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Tool { retry_after, .. } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The tool's error as a value again; `None` when the tool did not fail, or with no error of this type.
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
