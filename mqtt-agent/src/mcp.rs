//! The MCP profile of the protocol: MCP tools over MQTT (`MCP-*`). No JSON-RPC and no `initialize`: tools only.
//!
//! - [`call`]: call a tool, with its partial results.
//! - [`discover`]: find tools and servers by their cards.
//! - [`serve`]: answer calls.

mod call;
mod discover;
mod serve;

pub use call::{CallError, ToolCall, ToolStream};
pub use discover::{FindServer, FindTool, ListServers, ListTools};
pub(crate) use serve::{Cards, ReadyTool, ServeOptions, Server, tool_card};
