//! [`Client`]: the caller's side. The work is done in [`crate::mcp`] and [`crate::a2a`].

mod agents;
mod builder;
mod connect_options;
pub(crate) mod topics;

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
use crate::mcp::{FindServer, FindTool, ListServers, ListTools, ToolCall, Why};
use crate::session::{Session, SessionHandle};
use crate::wire::Namespace;

/// Finds and calls tools, agents and requests over one MQTT connection.
///
/// Cheap to clone; all clones share the connection, and any number of calls run on it concurrently. Open a connection
/// with [`Client::connect`], or use an agent's connection: [`Running::client`](crate::Running::client), or
/// [`Context::client`](crate::Context::client) in a handler.
///
/// After a lost connection it reconnects automatically and without limit, with a growing delay. Pending calls continue
/// within their timeouts.
#[derive(Debug, Clone)]
pub struct Client {
    handle: SessionHandle,
}

impl Client {
    /// Connects to a broker (a URL or [`ConnectOptions`]), and waits until it accepts the connection: up to 10 s by
    /// default. The default id is a random UUID.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for an id or a namespace that breaks the rules,
    /// [`Error::Connect`](crate::Error::Connect) when the URL is wrong, the broker refuses, or it can't be reached in time.
    pub async fn connect(to: impl Into<ConnectOptions>) -> Result<Self> {
        Self::builder().connect(to).await
    }

    /// Builds a client with settings that do not concern the connection: where tasks are stored.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The namespace of this client: what stands before its topics.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        self.handle.session().namespace()
    }

    /// Calls a tool. `arguments` is anything that serializes to a JSON object: `json!({...})` or a struct; `()` for no
    /// arguments.
    ///
    /// Awaiting the call gives the result's JSON; [`returning`](ToolCall::returning) converts it to a type,
    /// [`stream`](ToolCall::stream) also gives partial results. The timeout is 30 s unless
    /// [`timeout`](ToolCall::timeout) or [`ConnectOptions::call_timeout`] sets another. Dropping a call cancels it
    /// (`MCP-17`).
    ///
    /// A window limits the unanswered calls of each tool, because a broker's queue for a server is bounded (`SUB-17`).
    /// It is 64 at first, and adapts between 4 and 4,096 to the response times. Further calls wait for their turn,
    /// within their own timeouts; a call that was never sent ends with
    /// [`CallError::Unavailable`](crate::CallError::Unavailable) and the code `busy`. Each tool, and each handler that
    /// makes calls, has a window of its own.
    pub fn call(&self, tool: impl Into<String>, arguments: impl Serialize) -> ToolCall<Value> {
        ToolCall::new(self.handle.clone(), tool.into(), &arguments)
    }

    /// Lists all tools that are online (`MCP-11`). It ends as soon as the card of each tool that the servers' cards
    /// name has arrived, at the latest after a second, or after [`window`](ListTools::window). While cards still arrive
    /// it goes on, for 10 s at most. If some cards are missing, the error is [`DiscoverError::Incomplete`](crate::DiscoverError); [`partial`](ListTools::partial)
    /// returns the cards that arrived.
    pub fn tools(&self) -> ListTools {
        ListTools::new(Arc::clone(self.session()))
    }

    /// Finds the card of one tool. Does not need the right to subscribe to wildcards (`MCP-11`).
    pub fn tool(&self, name: impl Into<String>) -> FindTool {
        FindTool::new(Arc::clone(self.session()), name.into())
    }

    /// Lists the servers that are online (`MCP-11`).
    pub fn servers(&self) -> ListServers {
        ListServers::new(Arc::clone(self.session()))
    }

    /// Finds the card of one server.
    pub fn server(&self, id: impl Into<String>) -> FindServer {
        FindServer::new(Arc::clone(self.session()), id.into())
    }

    /// Finds out why a tool does not answer. It checks the tool's card, its servers and this client's rights, without
    /// running the tool.
    ///
    /// ```no_run
    /// # async fn example(client: mqtt_agent::Client) -> Result<(), mqtt_agent::DiscoverError> {
    /// let diagnosis = client.why("weather").await?;
    /// for finding in &diagnosis.findings {
    ///     println!("{}: {}", finding.cause, finding.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn why(&self, tool: impl Into<String>) -> Why {
        Why::new(self.handle.clone(), tool.into())
    }

    /// The client id. Answers are sent to its response topic.
    #[must_use]
    pub fn id(&self) -> &str {
        self.session().id().as_str()
    }

    /// Watches the state of the connection.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<ConnectionState> {
        self.session().link().state()
    }

    /// Closes the connection: accepts no more calls, waits up to 5 s for messages that are being sent, and disconnects.
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

    /// A client of another identity on the same connection; see [`Session::of_caller`].
    #[cfg(feature = "mcp-stdio")]
    pub(crate) fn of_caller(&self, id: crate::wire::Identifier) -> Self {
        Self::new(SessionHandle::new(Arc::new(self.session().of_caller(id))))
    }

    /// The session, in the scope where this client was obtained.
    pub(crate) fn handle(&self) -> &SessionHandle {
        &self.handle
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        self.handle.session()
    }
}

impl Context {
    /// A client on the agent's connection. Its calls inherit the deadline, the trace and the cancellation of the
    /// current call.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.session_handle())
    }
}
