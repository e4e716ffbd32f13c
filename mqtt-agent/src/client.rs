//! [`Client`]: what a caller holds. The work itself is done in [`crate::mcp`] and [`crate::a2a`].

mod agents;
mod builder;
mod connect_options;

pub use builder::ClientBuilder;
pub use connect_options::ConnectOptions;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::error::Result;
use crate::handler::context::Context;
use crate::link::ConnectionState;
use crate::mcp::{FindServer, FindTool, ListServers, ListTools, ToolCall};
use crate::session::{Session, SessionHandle};

/// Calls and finds what others serve, over one MQTT connection.
///
/// Cheap to clone; all clones share the connection, and any number of calls run on it at once. Connect on your own
/// with [`Client::connect`], or take the connection of a running agent: [`Running::client`](crate::Running::client)
/// outside, [`Context::client`](crate::Context::client) inside a handler.
///
/// On a lost connection it reconnects by itself, for ever, with a growing delay. Calls that are under way live on
/// within their timeout.
#[derive(Debug, Clone)]
pub struct Client {
    handle: SessionHandle,
}

impl Client {
    /// Connects to the broker of a URL or of [`ConnectOptions`], and waits for it to accept: up to 10 s where the
    /// options say nothing else. Its id is a random UUID then.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for an id or a namespace that breaks the rules,
    /// [`Error::Connect`](crate::Error::Connect) when the URL is wrong, the broker refuses, or it can't be reached in time.
    pub async fn connect(to: impl Into<ConnectOptions>) -> Result<Self> {
        Self::builder().connect(to).await
    }

    /// Sets what [`Client::connect`] leaves at its default and that is no matter of the connection: where tasks are kept.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Calls a tool. `arguments` is anything that becomes a JSON object: `json!({...})` or a struct; `()` for none.
    ///
    /// Awaiting gives the result's JSON; [`returning`](ToolCall::returning) gives it a type,
    /// [`stream`](ToolCall::stream) partial results. The timeout is 30 s where neither
    /// [`timeout`](ToolCall::timeout) nor [`ConnectOptions::call_timeout`] says otherwise. Dropping a call cancels it (`MCP-17`).
    ///
    /// Of the calls of one tool 64 are on their way at first, and from 4 to 4,096 as their answers show that there is room
    /// or that there is none (`SUB-17`): a broker's queue for a server is bounded. More calls wait for their turn, within
    /// their own timeout; one that was never sent ends as [`CallError::Unavailable`](crate::CallError::Unavailable) with
    /// code `busy`. Calls of other tools do not wait for them, nor do those of a handler for those outside of it.
    pub fn call(&self, tool: impl Into<String>, arguments: impl Serialize) -> ToolCall<Value> {
        ToolCall::new(self.handle.clone(), tool.into(), &arguments)
    }

    /// The tools that are online (`MCP-11`), all of them: collects cards for one second, or
    /// [`window`](ListTools::window). Where some cannot be had it is [`DiscoverError::Incomplete`](crate::DiscoverError),
    /// and [`partial`](ListTools::partial) gives the others.
    pub fn tools(&self) -> ListTools {
        ListTools::new(Arc::clone(self.session()))
    }

    /// One tool's card. Needs no right to a wildcard subscription (`MCP-11`).
    pub fn tool(&self, name: impl Into<String>) -> FindTool {
        FindTool::new(Arc::clone(self.session()), name.into())
    }

    /// The servers that are online (`MCP-11`).
    pub fn servers(&self) -> ListServers {
        ListServers::new(Arc::clone(self.session()))
    }

    /// One server's card.
    pub fn server(&self, id: impl Into<String>) -> FindServer {
        FindServer::new(Arc::clone(self.session()), id.into())
    }

    /// The client id, which answers are addressed to.
    #[must_use]
    pub fn id(&self) -> &str {
        self.session().id().as_str()
    }

    /// The state of the connection, and its changes.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<ConnectionState> {
        self.session().link().state()
    }

    /// Ends the connection: takes no more calls, waits up to 5 s for what is on its way, and disconnects.
    ///
    /// A client of a running agent shares its connection: stop the agent instead.
    pub async fn close(self) {
        self.boxed_close().await;
    }

    // In a box of ours: its code is compiled once, and not again in each program that closes a client.
    fn boxed_close(self) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.session().close(Duration::from_secs(5)).await })
    }

    pub(crate) fn new(handle: SessionHandle) -> Self {
        Self { handle }
    }

    /// The session, as it is seen from where this client was got.
    pub(crate) fn handle(&self) -> &SessionHandle {
        &self.handle
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        self.handle.session()
    }
}

impl Context {
    /// The agent's own client. Its calls end with this one: they inherit deadline, trace and cancellation.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.session_handle())
    }
}
