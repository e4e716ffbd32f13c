//! The MCP profile of the protocol: MCP tools over MQTT (`MCP-*`). No JSON-RPC and no `initialize`: tools only.
//!
//! - [`call`]: call a tool, with its partial results.
//! - [`discover`]: find tools and servers by their cards.
//! - [`serve`]: answer calls.

mod call;
mod discover;
mod serve;

pub(crate) use call::{Answer, Cancels, Pending, Seen, Windows};
pub use call::{CallError, ToolCall, ToolStream};
pub use discover::{FindServer, FindTool, ListServers, ListTools};
pub use serve::Limits;
pub(crate) use serve::{Cards, ReadyTool, ServeOptions, Server, tool_card};
