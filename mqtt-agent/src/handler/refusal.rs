//! The errors that callers are given by the runtime and not by a handler; their codes are [`codes`].

use crate::handler::param::ArgumentError;
use crate::wire::{ErrorBody, ErrorKind, codes};

/// All errors of a call in one message (`MCP-8`), and a code of its own where they could not be looked for (`MCP-8a`).
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

/// A request whose payload is no JSON.
pub(crate) fn malformed_payload(error: &serde_json::Error) -> ErrorBody {
    let message = format!("the payload is no JSON: {error}; send JSON");
    ErrorBody::new(ErrorKind::InvalidArguments, message).with_code(codes::MALFORMED_PAYLOAD)
}

pub(crate) fn canceled() -> ErrorBody {
    ErrorBody::new(ErrorKind::ToolError, "the call was cancelled").with_code(codes::CANCELED)
}

pub(crate) fn timed_out() -> ErrorBody {
    let message = "the tool did not answer in time; call again with a longer timeout, or ask for less";
    ErrorBody::new(ErrorKind::Timeout, message)
}

/// The caller learns that the handler panicked; only the log says why.
pub(crate) fn panicked() -> ErrorBody {
    let message = "the tool failed unexpectedly; its server's log says more";
    ErrorBody::new(ErrorKind::ToolError, message).with_code(codes::PANIC)
}

/// The answer to a call that came twice, which was too large to be kept (`MCP-16`).
pub(crate) fn forgotten() -> ErrorBody {
    let message = "the call was answered already, and the answer was too large to be kept; make a new call";
    ErrorBody::new(ErrorKind::ToolError, message).with_code(codes::ANSWER_FORGOTTEN)
}

/// As many `calls`, `requests` or `tasks` wait as the limits say.
pub(crate) fn busy(what: &str) -> ErrorBody {
    unavailable(&format!("the agent has as many {what} as it takes; try again later"), codes::BUSY)
}

/// All places are taken, some of them by the handlers that wait for this call.
pub(crate) fn busy_within() -> ErrorBody {
    let message = "all places are taken, and the handlers that wait for this call hold some of them; raise the agent's \
                   `concurrency`, or that of the tool";
    unavailable(message, codes::BUSY)
}

/// No work is begun any more.
pub(crate) fn stopping() -> ErrorBody {
    unavailable("the agent stops; try again for another one", codes::STOPPING)
}

/// Nothing was run.
pub(crate) fn unavailable(message: &str, code: &str) -> ErrorBody {
    ErrorBody::new(ErrorKind::Unavailable, message).with_code(code)
}
