//! MCP tools and A2A agents over MQTT 5: annotate a function, serve it, call it.
//!
//! ```no_run
//! use mqtt_agent::prelude::*;
//!
//! /// Adds two numbers.
//! #[tool]
//! fn add(a: f64, b: f64) -> f64 {
//!     a + b
//! }
//!
//! #[tokio::main]
//! async fn main() -> mqtt_agent::Result<()> {
//!     Agent::new("calculator").serve("mqtt://localhost").await
//! }
//! ```
//!
//! The map:
//!
//! - [`#[tool]`](macro@tool) makes a tool of a function; its page has every option.
//! - [`#[derive(ToolError)]`](macro@ToolError) makes its errors: what the caller reads, codes, and values again.
//! - [`#[skill]`](macro@skill) makes an A2A skill of a function, [`#[derive(AgentCard)]`](macro@AgentCard) says who the
//!   agent is; [`a2a`] is where tasks are asked for and worked on. [`guide`] has a page each on delegation, durable tasks
//!   and presence.
//! - [`Agent`] serves what `#[tool]` annotates, [`Running`] is one that serves, [`Client`] calls and finds what others
//!   serve.
//! - [`param`] says what a tool's parameters can be, [`reply`] what it can answer, [`context`] what it can know;
//!   [`Content`] is for answers beyond JSON.
//! - [`layer`] has what stands around handlers: shared checks, limits, an audit log.
//! - [`registry`] holds what the macros leave behind, [`schema`] makes and checks the JSON Schemas of it;
//!   [`schema::dialect`] says what clients and model providers take of them.
//! - [`guide`] is the book: every page, in reading order. [`wire`] is the protocol as data.
//! - `bridge` shows the tools on a broker to MCP hosts (feature `mcp-stdio`).
//! - `broker` is an embedded broker for development, `testing` and `#[mqtt_agent::test]` what users' own tests use
//!   (feature `broker`).

// The rooms, from the lowest to the highest; a file imports from its own room and from those below, and a test
// (`tests/structure`) says so:
//
// - `shown`: texts of peers; `log`: what is logged, and where it goes; `log_rate`: how often peers are logged
// - `wire`: the protocol as data; `deadline`, `spawn`, `kept`: points in time, tasks with an owner, what streams keep;
//   `json`: pointers and sizes; `ledger`: bytes that are kept; `causes`: errors of others
// - `link`: one connection to a broker; `discover`: what is retained there
// - `store`: where tasks are kept; `session`: the connection's identity, pending calls and delegations
// - `handler`: what a handler is; `schema`: its JSON Schemas; `error`
// - `serve`: what all profiles need to serve; `mcp`, `a2a`: two of them
// - `client`: what a user calls; `remote`: typed clients; `topic`: the third profile, topics of users' own
// - `agent`, `contract`, `broker`, `testing`, and `private`, which generated code names
// - `bridge`: MCP's own transports
// - `bin/mqtt-agent`: the command, over the public items alone

#[allow(unused_extern_crates)]
// So that generated code compiles in this crate too: in doctests and unit tests.
extern crate self as mqtt_agent;

pub mod a2a;
pub mod remote;
pub mod schema;
pub mod topic;
pub mod wire;

#[cfg(feature = "mcp-stdio")]
pub mod bridge;
#[cfg(feature = "broker")]
pub mod broker;
#[cfg(feature = "broker")]
pub mod testing;

mod agent;
mod causes;
mod client;
mod contract;
mod deadline;
mod discover;
mod error;
mod handler;
mod json;
mod kept;
mod ledger;
mod link;
mod log;
mod log_rate;
mod mcp;
mod serve;
mod session;
mod shown;
mod spawn;
mod store;

/// The guide: every page, in reading order.
///
/// First steps:
///
/// 1. [`start`](guide::start): from an empty folder to a tool that another program calls
/// 2. [`#[tool]`](macro@crate::tool): a function that is an MCP tool, and all options; [`tools!`](macro@crate::tools): a
///    list of tools, from several crates
/// 3. [`param`]: what parameters can be; [`reply`]: what a tool can answer; [`context`]: what it can know of its call
/// 4. [`#[derive(ToolError)]`](macro@crate::ToolError): errors that callers can act on
/// 5. [`content`](guide::content): texts, images, audio and bytes as a tool's reply
/// 6. [`schema`]: the JSON Schemas that are made of types, and what clients and model providers take
///
/// Agents:
///
/// 7. [`topic`]: topics of your own, with [`#[on]`](macro@crate::on), [`#[request]`](macro@crate::request),
///    [`#[event]`](macro@crate::event) and [`handlers!`](macro@crate::handlers)
/// 8. [`#[agent]`](macro@crate::agent): methods that share a value
/// 9. [`#[remote]`](macro@crate::remote): a typed client of somebody else's tools
/// 10. [`contract!`](macro@crate::contract): what a program publishes, compared with a file
///
/// Tasks:
///
/// 11. [`#[skill]`](macro@crate::skill), [`skills!`](macro@crate::skills) and
///     [`#[derive(AgentCard)]`](macro@crate::AgentCard): what an agent can be asked for
/// 12. [`delegation`](guide::delegation): tasks that agents give each other
/// 13. [`durable_tasks`](guide::durable_tasks): tasks that outlive a process
/// 14. [`presence`](guide::presence): who is online
///
/// In production:
///
/// 15. [`connecting`](guide::connecting): URLs, credentials, TLS, the environment, lost connections
/// 16. [`brokers`](guide::brokers): what an agent needs of a broker, and Mosquitto's settings
/// 17. [`logging`](guide::logging): what the log says, and how to see it
/// 18. [`embedding`](guide::embedding): an agent inside another program, and a clean stop
/// 19. [`#[mqtt_agent::test]`](macro@crate::test): tests with an agent on a broker of its own
/// 20. [`layer`]: checks and limits that many handlers share, and an audit log
/// 21. [`reliability`](guide::reliability): what is promised when something fails, and what is not
/// 22. [`performance`](guide::performance): what a call costs
///
/// Beside other programs:
///
/// 23. [`wire`](guide::wire): every topic and message, for peers in other languages
/// 24. [`from_rmcp`](guide::from_rmcp): what has which name here
/// 25. [`cli`](guide::cli): the command `mqtt-agent`, for shells and scripts
/// 26. [`bridge`](guide::bridge): tools on MQTT for MCP hosts, such as coding assistants and IDEs
pub mod guide {
    #[cfg_attr(feature = "broker", doc = include_str!("../docs/start.md"))]
    #[cfg_attr(
        not(feature = "broker"),
        doc = "From an empty folder to a tool. Its program needs the feature `broker`."
    )]
    pub mod start {}
    #[doc = include_str!("../docs/content.md")]
    pub mod content {}
    #[doc = include_str!("../docs/delegation.md")]
    pub mod delegation {}
    #[doc = include_str!("../docs/durable.md")]
    pub mod durable_tasks {}
    #[doc = include_str!("../docs/presence.md")]
    pub mod presence {}
    #[doc = include_str!("../docs/connecting.md")]
    pub mod connecting {}
    #[doc = include_str!("../docs/brokers.md")]
    pub mod brokers {}
    #[doc = include_str!("../docs/logging.md")]
    pub mod logging {}
    #[cfg_attr(feature = "broker", doc = include_str!("../docs/embedding.md"))]
    #[cfg_attr(
        not(feature = "broker"),
        doc = "An agent inside another program. Its program needs the feature `broker`."
    )]
    pub mod embedding {}
    #[doc = include_str!("../docs/reliability.md")]
    pub mod reliability {}
    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}
    #[doc = include_str!("../docs/wire.md")]
    pub mod wire {}
    #[doc = include_str!("../docs/from_rmcp.md")]
    pub mod from_rmcp {}
    #[doc = include_str!("../docs/cli.md")]
    pub mod cli {}
    #[cfg_attr(feature = "mcp-stdio", doc = include_str!("../docs/bridge.md"))]
    #[cfg_attr(
        not(feature = "mcp-stdio"),
        doc = "Tools on MQTT for MCP hosts. Its library needs the feature `mcp-stdio`."
    )]
    pub mod bridge {}
}

/// The README's code compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use a2a::Task;
pub use agent::{AddToolError, Agent, AgentCard, AgentImpl, BuiltAgent, Health, Running};
pub use client::{Client, ClientBuilder, ConnectOptions};
pub use discover::{DiscoverError, Listing, Shortfall};
pub use error::{Error, Problem, Result};
pub use handler::content::Content;
pub use handler::context::{Caller, Context};
pub use handler::param::{Args, State};
pub use handler::partials::{Partials, PartialsError};
pub use handler::reply::{ErrorCode, FromToolError, FromToolResult, Reply, ToolError};
#[doc(inline)]
pub use handler::{context, layer, param, registry, reply};
pub use link::{
    BrokerFeature, ConnectError, ConnectionState, Credentials, PublishError, SizeLimit, SubscribeError, Tls,
};
pub use mcp::{
    CallError, ChunksError, DynamicTool, DynamicToolError, FindServer, FindTool, ListServers, ListTools,
    Retry, SaveTo, Saved, ToolCall, ToolStream,
};
#[doc = include_str!("../docs/agent_card.md")]
pub use mqtt_agent_macros::AgentCard;
#[doc = include_str!("../docs/errors.md")]
pub use mqtt_agent_macros::ToolError;
#[doc = include_str!("../docs/agent.md")]
pub use mqtt_agent_macros::agent;
#[doc = include_str!("../docs/contract.md")]
pub use mqtt_agent_macros::contract;
#[doc = include_str!("../docs/event.md")]
pub use mqtt_agent_macros::event;
#[doc = include_str!("../docs/handlers.md")]
pub use mqtt_agent_macros::handlers;
#[doc = include_str!("../docs/on.md")]
pub use mqtt_agent_macros::on;
#[doc = include_str!("../docs/remote.md")]
pub use mqtt_agent_macros::remote;
#[doc = include_str!("../docs/request.md")]
pub use mqtt_agent_macros::request;
#[doc = include_str!("../docs/skill.md")]
pub use mqtt_agent_macros::skill;
#[doc = include_str!("../docs/skills.md")]
pub use mqtt_agent_macros::skills;
#[cfg(feature = "broker")]
#[doc = include_str!("../docs/testing.md")]
pub use mqtt_agent_macros::test;
#[cfg(not(feature = "broker"))]
/// Needs the feature `broker`: its tests run on the embedded broker.
pub use mqtt_agent_macros::test_without_broker as test;
#[doc = include_str!("../docs/tool.md")]
pub use mqtt_agent_macros::tool;
#[doc = include_str!("../docs/tools.md")]
pub use mqtt_agent_macros::tools;
pub use remote::RemoteError;

pub use serve::Limits;

pub use schemars;
pub use serde;
pub use serde_json;

/// What most programs need.
///
/// The derives `Serialize`, `Deserialize` and `JsonSchema` write code that names the crates `serde` and `schemars`: add
/// them to your `Cargo.toml`, or point them here with `#[serde(crate = "mqtt_agent::serde")]` and
/// `#[schemars(crate = "mqtt_agent::schemars")]`.
///
/// ```
/// use mqtt_agent::prelude::*;
/// ```
pub mod prelude {
    pub use crate::a2a::NewTask;
    pub use crate::{
        Agent, AgentCard, Args, Caller, Client, ConnectOptions, Context, Partials, State, Task, ToolError,
        agent, event, handlers, on, remote, request, skill, skills, tool, tools,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::json;
}
