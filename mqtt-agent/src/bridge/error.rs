//! [`BridgeError`]: why a bridge does not start, or does not serve a host.

use crate::error::Error;
use crate::shown::{debug_as_display, shown};

/// Why a bridge does not start, or does not serve a host.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The options of the connection are invalid.
    #[error(transparent)]
    Options(Error),
    /// The bearer tokens cannot be used.
    #[cfg(feature = "mcp-http")]
    #[error("the tokens: {message}", message = shown(.message))]
    #[non_exhaustive]
    Tokens {
        /// What is wrong with them. It never contains a token.
        message: String,
    },
    /// The bridge cannot be served over HTTP with these options.
    #[cfg(feature = "mcp-http")]
    #[error("{message}", message = shown(.message))]
    #[non_exhaustive]
    Http {
        /// What is wrong.
        message: String,
    },
    /// The host does not speak MCP.
    #[error("the host does not speak MCP: {message}; start the bridge by an MCP host", message = shown(.message))]
    #[non_exhaustive]
    Host {
        /// What it sent instead.
        message: String,
    },
}

debug_as_display!(BridgeError);
