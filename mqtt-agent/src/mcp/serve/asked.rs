//! [`Asked`]: what is kept of a call until it is answered.

use crate::wire::{ACCEPTS_CHUNKS, ACCEPTS_CONTENT, CallRequest, Identifier};

/// What the answer depends on of a call.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) call_id: Identifier,
    /// Whether the caller reads content (`MCP-21`).
    pub(super) content: bool,
    /// Whether it puts a result in chunks together (`MCP-22`).
    pub(super) chunks: bool,
}

impl Asked {
    pub(super) fn of(call: &CallRequest) -> Self {
        let (content, chunks) = (call.accepts(ACCEPTS_CONTENT), call.accepts(ACCEPTS_CHUNKS));
        Self { call_id: call.call_id.clone(), content, chunks }
    }
}
