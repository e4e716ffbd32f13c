//! Converts content blocks of the wire to those of MCP, and back. Both have the same JSON.

use rmcp::model::{CallToolResult, ContentBlock as McpBlock};
use serde_json::Value;
use serde_json::value::to_raw_value;

use crate::wire::ContentBlock;

/// The code of an error that is an MCP server's result with `isError`; its data has `content` and `structuredContent`.
pub(super) const IS_ERROR: &str = "is_error";

/// What hosts get of blocks. One that they cannot read, of a later version, is named.
pub(super) fn to_hosts(blocks: &[ContentBlock]) -> Vec<McpBlock> {
    let read = |block: &ContentBlock| {
        let read = serde_json::to_value(block).and_then(serde_json::from_value);
        read.unwrap_or_else(|_| McpBlock::text(block.name()))
    };
    blocks.iter().map(read).collect()
}

/// The result that an error's data holds; `None` where it holds none.
pub(super) fn error(data: &Value) -> Option<CallToolResult> {
    let content = to_raw_value(data.get("content")?).ok()?;
    let blocks = ContentBlock::read_all(&content).ok()?;
    let mut result = CallToolResult::error(to_hosts(&blocks));
    result.structured_content = data.get("structuredContent").cloned();
    Some(result)
}
