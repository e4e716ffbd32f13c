//! [`Asks`]: what a call accepts beyond a result of protocol v0.1.

use crate::wire::{ACCEPTS_CHUNKS, ACCEPTS_CONTENT};

/// What a call takes besides a result that one message holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asks {
    /// Content beside the result (`MCP-21`).
    pub(super) content: bool,
    /// The result in chunks, of so many bytes at most (`MCP-22`).
    pub(super) chunks: Option<u64>,
}

impl Asks {
    /// As the call says it.
    pub(super) fn words(self) -> &'static [&'static str] {
        match (self.chunks.is_some(), self.content) {
            (true, true) => &[ACCEPTS_CHUNKS, ACCEPTS_CONTENT],
            (true, false) => &[ACCEPTS_CHUNKS],
            (false, true) => &[ACCEPTS_CONTENT],
            (false, false) => &[],
        }
    }
}
