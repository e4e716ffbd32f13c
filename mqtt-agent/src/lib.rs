//! MCP tools and A2A agents over MQTT 5: annotate functions, serve them on a broker, call them from anywhere.
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
//! - [`#[tool]`](macro@tool) turns a function into a tool; its page has every option.
//! - [`#[derive(ToolError)]`](macro@ToolError) defines a tool's errors: messages, codes, and typed values for callers.
//! - [`#[skill]`](macro@skill) turns a function into an A2A skill, [`#[derive(AgentCard)]`](macro@AgentCard) describes the
//!   agent; [`a2a`] has the types for delegating tasks and working on them.
//! - [`Agent`] serves annotated functions, [`Running`] is a served agent, [`Client`] finds and calls tools and agents.
//! - [`param`]: the types of a tool's parameters; [`reply`]: its results; [`context`]: what a handler knows about its call;
//!   [`Content`] is for results beyond JSON.
//! - [`layer`] has layers around handlers: shared checks, limits, an audit log.
//! - [`registry`] holds the definitions that the macros generate, [`schema`] their JSON Schemas;
//!   [`schema::dialect`] has the rules of clients and model providers.
//! - [`guide`] is the book: every page, in reading order. [`wire`] is the protocol as data.
//! - [`guide::observability`]: logs, traces and metrics; `otel` is for traces (feature `otel`).
//! - `bridge` shows the tools on a broker to MCP hosts (features `mcp-stdio` and `mcp-http`).
//! - `broker` is an embedded broker for development; `testing` and `#[mqtt_agent::test]` are for tests of your own
//!   (feature `broker`).

// The folders, from the lowest to the highest. A file imports from its own folder and from those below; the test
// `tests/structure` checks it:
//
// - `shown`: text from peers; `log`: log lines and where they go; `log_rate`: rate limit of log lines; `measure`: metrics
// - `wire`: the protocol as data; `spans`, `otel`: spans and their trace context
// - `duration`: durations as text; `deadline`, `spawn`, `kept`: points in time, owned tokio tasks, futures kept by streams; `json`: pointers and sizes; `ledger`: counters of bytes in memory; `causes`: the text of foreign errors; `near`: misspelt names
// - `link`: one connection to a broker; `discover`: retained messages
// - `store`: the task store; `session`: the connection's identity, pending calls and delegations
// - `handler`: parameters, replies, context, registry; `schema`: JSON Schemas; `error`
// - `serve`: what all profiles need to serve; `mcp`, `a2a`: two of the profiles
// - `client`: the caller's side; `remote`: typed clients; `topic`: the third profile, users' own topics
// - `agent`, `contract`, `broker`, `testing`, and `private`, which generated code names
// - `bridge`: MCP's own transports
// - `bin/mqtt-agent`: the command, which uses only public items

#[allow(unused_extern_crates)]
// So that generated code compiles in this crate too: in doctests and unit tests.
extern crate self as mqtt_agent;

pub mod a2a;
pub mod duration;
pub mod remote;
pub mod schema;
pub mod topic;
pub mod wire;

#[cfg(feature = "mcp-stdio")]
pub mod bridge;
#[cfg(feature = "broker")]
pub mod broker;
#[cfg(feature = "otel")]
pub mod otel;
#[cfg(feature = "broker")]
pub mod testing;

mod agent;
mod causes;
mod client;
mod contract;
mod deadline;
mod discover;
mod error;
#[cfg(any(feature = "broker", feature = "mcp-stdio"))]
mod files;
mod handler;
mod json;
mod kept;
mod ledger;
mod link;
mod log;
mod log_rate;
mod mcp;
mod measure;
mod near;
mod once;
mod serve;
mod session;
mod shown;
mod spans;
mod spawn;
mod store;

/// The guide: every page, in reading order. In the repository `mqtt-agent/docs/README.md` lists the same pages by their
/// files.
///
/// First steps:
///
/// 1. [`start`](guide::start): from an empty folder to a tool that another program calls
/// 2. [`calling`](guide::calling): results, timeouts, retries and errors of a call
/// 3. [`#[tool]`](macro@crate::tool): a function as an MCP tool, with all options; [`tools!`](macro@crate::tools): a
///    list of tools, from several crates
/// 4. [`param`]: the types of parameters; [`reply`]: results; [`context`]: what a handler knows about its call;
///    [`types`](guide::types): times, ids, URLs, decimals and durations
/// 5. [`#[derive(ToolError)]`](macro@crate::ToolError): errors that callers can act on
/// 6. [`content`](guide::content): texts, images, audio and bytes as a tool's result
/// 7. [`schema`]: JSON Schemas from types, and what clients and model providers accept
///
/// Agents:
///
/// 8. [`topic`]: topics of your own, with [`#[on]`](macro@crate::on), [`#[request]`](macro@crate::request),
///    [`#[event]`](macro@crate::event) and [`handlers!`](macro@crate::handlers)
/// 9. [`#[agent]`](macro@crate::agent): methods that share a value
/// 10. [`#[remote]`](macro@crate::remote): a typed client of tools
/// 11. [`contract!`](macro@crate::contract): a test that compares the published interface with a file
///
/// Tasks:
///
/// 12. [`#[skill]`](macro@crate::skill), [`skills!`](macro@crate::skills) and
///     [`#[derive(AgentCard)]`](macro@crate::AgentCard): the skills and the card of an agent
/// 13. [`delegation`](guide::delegation): tasks that agents delegate to each other
/// 14. [`durable_tasks`](guide::durable_tasks): tasks that outlive a process
/// 15. [`presence`](guide::presence): who is online
///
/// In production:
///
/// 16. [`connecting`](guide::connecting): URLs, credentials, TLS, the environment, lost connections
/// 17. [`brokers`](guide::brokers): what an agent needs of a broker, and Mosquitto's settings
/// 18. [`logging`](guide::logging): what is logged, and how to see it
/// 19. [`observability`](guide::observability): logs, traces and metrics
/// 20. [`embedding`](guide::embedding): an agent inside another program, and a clean stop
/// 21. [`#[mqtt_agent::test]`](macro@crate::test): tests with an agent on its own broker
/// 22. [`layer`]: checks and limits that many handlers share, and an audit log
/// 23. [`reliability`](guide::reliability): what is guaranteed when something fails, and what is not
/// 24. [`performance`](guide::performance): the cost of a call
///
/// Interoperability:
///
/// 25. [`wire`](guide::wire): every topic and message, for peers in other languages
/// 26. [`from_rmcp`](guide::from_rmcp): the counterparts of `rmcp`'s items
/// 27. [`cli`](guide::cli): the command `mqtt-agent`, for shells and scripts
/// 28. [`bridge`](guide::bridge): tools on MQTT for MCP hosts, such as coding assistants and IDEs
pub mod guide {
    #[cfg_attr(feature = "broker", doc = include_str!("../docs/start.md"))]
    #[cfg_attr(
        not(feature = "broker"),
        doc = "From an empty folder to a tool. This page is left out, because its program needs the feature `broker`.\n\n`cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual."
    )]
    pub mod start {}
    #[doc = include_str!("../docs/calling.md")]
    pub mod calling {}
    #[doc = include_str!("../docs/content.md")]
    pub mod content {}
    #[cfg_attr(
        all(feature = "chrono", feature = "jiff", feature = "uuid", feature = "url", feature = "rust_decimal"),
        doc = include_str!("../docs/types.md")
    )]
    #[cfg_attr(
        not(all(
            feature = "chrono",
            feature = "jiff",
            feature = "uuid",
            feature = "url",
            feature = "rust_decimal"
        )),
        doc = "Times, ids, URLs, decimals and durations. This page is left out, because its programs need the features `chrono`, `jiff`, `uuid`, `url` and `rust_decimal`.\n\n`cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual."
    )]
    pub mod types {}
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
    #[cfg_attr(feature = "otel", doc = include_str!("../docs/observability.md"))]
    #[cfg_attr(
        not(feature = "otel"),
        doc = "Logs, traces and metrics. This page is left out, because its program needs the feature `otel`.\n\n`cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual."
    )]
    pub mod observability {}
    #[cfg_attr(feature = "broker", doc = include_str!("../docs/embedding.md"))]
    #[cfg_attr(
        not(feature = "broker"),
        doc = "An agent inside another program. This page is left out, because its program needs the feature `broker`.\n\n`cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual."
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
    #[cfg_attr(feature = "mcp-http", doc = include_str!("../docs/bridge.md"))]
    #[cfg_attr(
        not(feature = "mcp-http"),
        doc = "Tools on MQTT for MCP hosts. This page is left out, because its library needs the feature `mcp-http`.\n\n`cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual."
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
pub use contract::{ContractChange, ServedContract};
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
    AskedServer, CallError, Cause, ChunksError, Diagnosis, DynamicTool, DynamicToolError, FindServer,
    FindTool, Finding, ListServers, ListTools, Retry, SaveTo, Saved, ServerChange, ServerChanges, ToolCall,
    ToolChange, ToolChanges, ToolStream, Why,
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
/// Requires the feature `broker`: the tests run on the embedded broker. The page is left out without it.
///
/// `cargo doc --open -p mqtt-agent --all-features` in the repository builds the whole manual.
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

/// The items that most programs need.
///
/// The derives `Serialize`, `Deserialize` and `JsonSchema` generate code that names the crates `serde` and `schemars`: add
/// them to your `Cargo.toml`, or redirect the derives with `#[serde(crate = "mqtt_agent::serde")]` and
/// `#[schemars(crate = "mqtt_agent::schemars")]`.
///
/// ```
/// use mqtt_agent::prelude::*;
/// ```
pub mod prelude {
    pub use crate::a2a::NewTask;
    pub use crate::{
        Agent, AgentCard, Args, CallError, Caller, Client, ConnectOptions, Context, Partials, State, Task,
        ToolError, agent, event, handlers, on, remote, request, skill, skills, tool, tools,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::json;
}
