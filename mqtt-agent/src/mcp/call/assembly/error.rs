//! The errors of a result in chunks.

use std::io;

use crate::shown::{debug_as_display, shown};

/// Why a result that came in chunks could not be put together (`MCP-22`).
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ChunksError {
    /// The result is larger than the call accepts. The call is cancelled.
    #[error("it has more than the {limit} bytes that the call takes; raise `max_result_bytes`")]
    TooLarge {
        /// The limit set with [`max_result_bytes`](crate::ToolCall::max_result_bytes).
        limit: u64,
    },
    /// A chunk did not come: the broker dropped it, or the connection lost its session.
    #[error(
        "chunk {seq} did not come; call again, and look whether the broker dropped it (Mosquitto: `max_queued_messages`)"
    )]
    Missing {
        /// Its number, from 0.
        seq: u64,
    },
    /// A chunk is malformed.
    #[error("{message}", message = shown(.message))]
    Malformed {
        /// What is wrong with it.
        message: String,
    },
    /// More chunks, or more or fewer bytes, arrived than the response says.
    #[error(
        "{chunks} chunks of {bytes} bytes came, and the response says {said_chunks} of {said_bytes}; report it to the server's operator"
    )]
    Different {
        /// The number of chunks that arrived.
        chunks: u64,
        /// The number of bytes in them.
        bytes: u64,
        /// The number of chunks in the response.
        said_chunks: u64,
        /// The number of bytes in the response.
        said_bytes: u64,
    },
    /// The bytes are not those that the server sent.
    #[error(
        "its SHA-256 is not the one that the response says; call again, and report it to the server's operator"
    )]
    Digest,
    /// There is not enough memory for the result.
    #[error("there is no memory for {bytes} bytes; write it to a file with `save_to`")]
    Memory {
        /// How many bytes it needs so far.
        bytes: usize,
    },
    /// The file could not be written.
    #[error("the file could not be written: {0}; look at its folder and its disk")]
    File(io::Error),
    /// The connection was closed.
    #[error("the connection was closed before it was whole; connect, and call again")]
    Ended,
}

debug_as_display!(ChunksError);
