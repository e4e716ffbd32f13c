//! The errors that the runtime sends, as opposed to those of handlers; their codes are in [`codes`].

use std::time::Duration;

use crate::deadline::Lasting;
use crate::handler::param::ArgumentError;
use crate::wire::{ErrorBody, ErrorKind, codes};

/// All argument errors of a call in one message (`MCP-8`), or the code for arguments that are too complex to check
/// (`MCP-8a`).
pub(crate) fn invalid_arguments(errors: &[ArgumentError]) -> ErrorBody {
    if let Some(error) = errors.iter().find(|error| error.is_too_complex()) {
        return ErrorBody::new(ErrorKind::InvalidArguments, error.message()).with_code(codes::TOO_COMPLEX);
    }
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    ErrorBody::new(ErrorKind::InvalidArguments, texts.join("; "))
}

/// A call that cannot be read (`MCP-9`).
pub(crate) fn malformed_call(message: String) -> ErrorBody {
    ErrorBody::new(ErrorKind::InvalidArguments, message).with_code(codes::MALFORMED_CALL)
}

/// A request whose payload is not JSON.
pub(crate) fn malformed_payload(error: &serde_json::Error) -> ErrorBody {
    let message = format!("the payload is no JSON: {error}; send JSON");
    ErrorBody::new(ErrorKind::InvalidArguments, message).with_code(codes::MALFORMED_PAYLOAD)
}

pub(crate) fn canceled() -> ErrorBody {
    ErrorBody::new(ErrorKind::ToolError, "the call was cancelled").with_code(codes::CANCELED)
}

/// The handler reached its own limit, or its caller's deadline.
pub(crate) fn timed_out(handler: &str, own_limit: Option<Duration>) -> ErrorBody {
    let message = match own_limit {
        Some(limit) => format!(
            "`{handler}` took longer than its own limit of {}; ask for less, or have its owner raise its `timeout`",
            Lasting(limit)
        ),
        None => format!(
            "`{handler}` did not answer before the deadline; try again with a longer timeout, or ask for less"
        ),
    };
    ErrorBody::new(ErrorKind::Timeout, message)
}

/// The deadline passed before the handler's turn.
pub(crate) fn timed_out_in_queue(handler: &str) -> ErrorBody {
    let message = format!(
        "`{handler}` did not begin before the deadline, for the agent is busy; call again later, or with a longer timeout"
    );
    ErrorBody::new(ErrorKind::Timeout, message)
}

/// The handler panicked; only the log has the details.
pub(crate) fn panicked() -> ErrorBody {
    let message = "the handler panicked; its server's log says more";
    ErrorBody::new(ErrorKind::ToolError, message).with_code(codes::PANIC)
}

/// The answer to a redelivered call was too large to be stored (`MCP-16`).
pub(crate) fn forgotten() -> ErrorBody {
    let message = "the call was answered already, and the answer was too large to be kept; make a new call";
    ErrorBody::new(ErrorKind::ToolError, message).with_code(codes::ANSWER_FORGOTTEN)
}

/// The queue of `calls`, `requests` or `tasks` is full.
pub(crate) fn busy(what: &str) -> ErrorBody {
    unavailable(&format!("the agent has as many {what} as it takes; try again later"), codes::BUSY)
}

/// All slots are taken, some of them by handlers that wait for this call.
pub(crate) fn busy_within() -> ErrorBody {
    let message = "all places are taken, and the handlers that wait for this call hold some of them; raise the agent's \
                   `concurrency`, or that of the tool";
    unavailable(message, codes::BUSY)
}

/// The agent is stopping.
pub(crate) fn stopping() -> ErrorBody {
    unavailable("the agent stops; try again for another one", codes::STOPPING)
}

/// The handler did not run.
pub(crate) fn unavailable(message: &str, code: &str) -> ErrorBody {
    ErrorBody::new(ErrorKind::Unavailable, message).with_code(code)
}
