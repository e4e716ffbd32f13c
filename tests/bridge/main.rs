//! MCP hosts of several makes, through the command `mqtt-agent mcp`: the official SDKs for TypeScript and Python in both eras,
//! FastMCP, and the Inspector. MCP's conformance suite. And an MCP server of another make, through `mqtt-agent publish`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod conformance;
mod denied;
mod everything;
mod handles;
mod host;
mod inspector;
mod served;
mod server_everything;
mod tasks;
