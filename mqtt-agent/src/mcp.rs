//! The MCP profile of the protocol: MCP tools over MQTT (`MCP-*`). No JSON-RPC and no `initialize`: tools only.
//!
//! - [`call`]: calling a tool, with partial results.
//! - [`discover`]: finding tools and servers by their cards.
//! - [`serve`]: serving tools.
//! - [`server_stats`]: statistics of a server; [`ask`]: a request on a topic.
//! - [`why`]: why a tool does not answer.

mod ask;
mod call;
mod discover;
mod dynamic;
mod serve;
mod server_stats;
mod why;

pub(crate) use ask::ask;
pub(crate) use call::read;
pub use call::{CallError, ChunksError, Retry, SaveTo, Saved, ToolCall, ToolStream};
#[cfg(feature = "mcp-stdio")]
pub(crate) use discover::ToolNews;
pub use discover::{
    FindServer, FindTool, ListServers, ListTools, ServerChange, ServerChanges, ToolChange, ToolChanges,
};
pub use dynamic::{DynamicTool, DynamicToolError};
pub(crate) use serve::{
    Cards, ReadyTool, ServeOptions, ServedTool, StatsServer, Tallies, ToolServer, tool_card,
};
pub use why::{AskedServer, Cause, Diagnosis, Finding, Why};
