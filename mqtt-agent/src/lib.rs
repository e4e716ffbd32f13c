//! MCP tools and A2A agents over MQTT 5.

extern crate self as mqtt_agent;

pub mod context;
// Its users, `mcp` and `agent`, are being written.
#[allow(dead_code, unused_imports)]
pub(crate) mod link;
pub mod param;
pub mod registry;
pub mod reply;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use context::{Caller, Context};
pub use link::{ConnectError, ConnectionState, Credentials, PublishError, SubscribeError, Tls};
pub use mqtt_agent_macros::{tool, tools};
pub use param::{Args, State};
pub use reply::{Reply, ToolError};
