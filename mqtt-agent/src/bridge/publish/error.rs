//! [`PublishServerError`]: why a server is not published.

use std::io;
use std::time::Duration;

use super::source::ServerCommand;
use crate::deadline::Lasting;
use crate::error::Error;
use crate::shown::{debug_as_display, quoting, shown};

/// Why an MCP server could not be published.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PublishServerError {
    /// The MCP server did not start, or does not speak MCP.
    #[error("the MCP server {0}")]
    Server(ServerError),
    /// The options are invalid, or the broker did not accept the agent.
    #[error(transparent)]
    Agent(#[from] Error),
}

debug_as_display!(PublishServerError);

impl From<ServerError> for PublishServerError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

/// What is wrong with an MCP server.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Its command could not be started.
    #[error("`{program}` could not be started: {message}; is it installed, and in the `PATH`?", program = shown(.program), message = quoting(.message))]
    Start {
        /// The command.
        program: String,
        /// The operating system's error.
        message: String,
    },
    /// It ended before the MCP handshake.
    #[error("ended at once ({status}); what it wrote to stderr says why", status = shown(.status))]
    Ended {
        /// How it ended.
        status: String,
    },
    /// It did not answer in time.
    #[error("said nothing within {}; does it speak MCP, over stdin and stdout or at this URL?", Lasting(*.within))]
    Silent {
        /// The time allowed.
        within: Duration,
    },
    /// It could not be called over HTTP.
    #[error("could not be asked: {message}; look at the URL, which often ends with `/mcp`, and at the token", message = shown(.message))]
    Http {
        /// What is wrong.
        message: String,
    },
    /// Its answer is not MCP.
    #[error("does not speak MCP: {message}; give a command that speaks it over stdin and stdout, or the URL of a server", message = shown(.message))]
    Handshake {
        /// What is wrong.
        message: String,
    },
}

debug_as_display!(ServerError);

impl ServerError {
    pub(super) fn start(server: &ServerCommand, error: &io::Error) -> Self {
        let program = server.program.to_string_lossy().into_owned();
        Self::Start { program, message: error.to_string() }
    }
}
