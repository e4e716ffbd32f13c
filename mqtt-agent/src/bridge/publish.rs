//! Publishes existing MCP servers as tools on MQTT (feature `mcp-publish`): [`Publisher`] is the configuration of one,
//! [`Published`] a running one.

// From the lowest to the highest:
//
// - `source`: what a server is; `error`: why it is not published; `lanes`: progress; `refusal`: answers that are not MCP
// - `group`, `supervisor`: the server's processes; `http`: the way to one that runs elsewhere
// - `connection`: MCP with one server
// - `answer`, `tool`, `extras`: calls, tools, and resources and prompts as tools
// - `shelf`: which tools are served; `upkeep`: keeps them as the server is

mod answer;
mod connection;
mod error;
mod extras;
mod group;
#[cfg(feature = "mcp-publish-http")]
mod http;
#[cfg(test)]
#[cfg(feature = "mcp-publish-http")]
mod http_tests;
mod lanes;
mod refusal;
mod shelf;
mod source;
mod supervisor;
mod tool;
mod upkeep;

pub use error::{PublishServerError, ServerError};
pub use source::McpServer;
pub use supervisor::supervise;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::agent::Agent;
use crate::client::ConnectOptions;
use crate::serve::Limits;
use crate::spawn;
use connection::Connection;
use shelf::{Filled, Shelf};
use tool::Calls;

/// How long a call may run, unless its caller gives it less time.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How many events are kept for a slow reader.
const EVENTS: usize = 256;

/// Publishes an MCP server: its tools become tools on the broker, and their calls are forwarded to it.
///
/// Every tool of `tools/list` has a card, which follows changes of the list. A tool whose name or schema is invalid on
/// MQTT, or that the broker denies or answers with the end of the connection, is left out, with a warning in the log;
/// the others work. Progress becomes partial results, a cancelled call is cancelled at the server, content is passed on
/// unchanged (`MCP-21`), and a result with `isError` becomes a `tool_error` with the code `is_error`, whose data has the
/// content.
///
/// When the server ends, it is started again; until then its cards are offline. The wait is 0.5 s if the server had
/// answered a call or run for 10 s; else the wait doubles, up to 30 s.
///
/// ```no_run
/// use mqtt_agent::bridge::{McpServer, Publisher};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = McpServer::command("npx", ["-y", "@modelcontextprotocol/server-everything"]);
/// let published = Publisher::new("mqtt://localhost", server).start().await?;
/// println!("{}: {:?}", published.id(), published.tools());
/// published.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a server is published when it is started"]
pub struct Publisher {
    options: ConnectOptions,
    server: McpServer,
    how: How,
}

/// What is published, and how.
#[derive(Debug, Clone)]
pub(super) struct How {
    prefix: String,
    resources: bool,
    prompts: bool,
    timeout: Duration,
    limits: Limits,
}

/// An event of a published server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishEvent {
    /// The server runs and serves these tools. Also sent when its list of tools has changed.
    Online {
        /// The tools' names on MQTT.
        tools: Vec<String>,
    },
    /// The server ended, its cards are offline, and it will be started again.
    Offline {
        /// How it ended, or why it did not start.
        reason: String,
    },
    /// A tool was left out.
    Dropped {
        /// The tool's name at the server.
        tool: String,
        /// Why.
        reason: String,
    },
}

impl Publisher {
    /// Publishes a server on the broker at a URL or of [`ConnectOptions`].
    ///
    /// The agent's id is the id in the options, or else the server's own name, with `-` for characters that an id
    /// cannot have.
    pub fn new(to: impl Into<ConnectOptions>, server: McpServer) -> Self {
        let how = How {
            prefix: String::new(),
            resources: false,
            prompts: false,
            timeout: TIMEOUT,
            limits: Limits::default(),
        };
        Self { options: to.into(), server, how }
    }

    /// Sets a prefix for the names of its tools on MQTT. Servers that serve the same tool name share its calls, so two
    /// servers with different tools of the same name need it. Default: no prefix.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.how.prefix = prefix.into();
        self
    }

    /// Publishes two more tools, which are read-only: `{id}-list-resources` and `{id}-read-resource`.
    pub fn resources(mut self) -> Self {
        self.how.resources = true;
        self
    }

    /// Publishes two more tools, which are read-only: `{id}-list-prompts` and `{id}-get-prompt`.
    pub fn prompts(mut self) -> Self {
        self.how.prompts = true;
        self
    }

    /// Limits how long a call may run. Default: 10 min.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.how.timeout = timeout;
        self
    }

    /// Sets how many calls run concurrently, and how many wait. Default: [`Limits::default`]. A server at a URL gets no
    /// further call while 64 requests have no response; such a call waits within its time.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.how.limits = limits;
        self
    }

    /// Starts the server, connects to the broker and serves the tools.
    ///
    /// # Errors
    ///
    /// [`PublishServerError`] if the server does not start, or the broker does not accept the agent or does not answer.
    /// After the start, all of this is retried without a limit.
    pub async fn start(self) -> Result<Published, PublishServerError> {
        // Boxed, so that not each program compiles it again.
        Box::pin(self.begin()).await
    }

    async fn begin(self) -> Result<Published, PublishServerError> {
        let Self { options, server, how } = self;
        let connection = Connection::open(&server).await?;
        let name = connection.info().and_then(|info| Some(info.server_info.as_ref()?.name.clone()));
        let name = name.unwrap_or_else(|| "mcp-server".to_owned());
        let (lines, line) = watch::channel(None);
        let calls = Calls { line, tasks: TaskTracker::new(), answered: Arc::default() };
        let (events, heard) = broadcast::channel(EVENTS);
        let agent = Agent::new(id(&name)).tools(crate::tools![]).open_to_tools().limits(how.limits.clone());
        let running = match agent.start(options).await {
            Ok(running) => running,
            Err(error) => {
                connection.end().await;
                return Err(error.into());
            }
        };
        let id = running.client().id().to_owned();
        let (told, tools) = watch::channel(Vec::new());
        let mut shelf = Shelf::new(running, name.clone(), how, calls, events, told);
        let stopped = CancellationToken::new();
        // Before the cards: a host that sees one may call at once.
        lines.send_replace(Some(connection.line().clone()));
        // The first tools are there when this returns.
        let failed: PublishServerError = match connection.line().tools().await {
            Ok(listed) => match shelf.fill(listed).await {
                Filled::Whole => {
                    let until = stopped.clone();
                    let keeping = spawn::owned(upkeep::run(shelf, server, connection, lines, until));
                    return Ok(Published { id, name, tools, events: heard, stopped, keeping });
                }
                Filled::Partly(error) => error.into(),
            },
            Err(error) => error.into(),
        };
        connection.end().await;
        shelf.stop().await;
        Err(failed)
    }
}

/// A published server. Dropping it ends the server and the connection to the broker, like a crash.
#[derive(Debug)]
pub struct Published {
    id: String,
    name: String,
    tools: watch::Receiver<Vec<String>>,
    events: broadcast::Receiver<PublishEvent>,
    stopped: CancellationToken,
    keeping: AbortOnDropHandle<()>,
}

impl Published {
    /// The agent's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The server's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names on MQTT of the tools that are served now; empty while the server restarts.
    #[must_use]
    pub fn tools(&self) -> Vec<String> {
        self.tools.borrow().clone()
    }

    /// Waits for the next event; `None` when the server was stopped. Of unread events, the latest 256 are kept.
    pub async fn next(&mut self) -> Option<PublishEvent> {
        loop {
            match self.events.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Stops serving: running calls get [`Limits::grace`](crate::Limits::grace) to finish, the cards go offline, the
    /// server's stdin is closed, and its remaining processes are killed after some seconds.
    pub async fn stop(self) {
        self.stopped.cancel();
        // It panics nowhere, and nobody else ends it.
        drop(self.keeping.await);
    }
}

/// A server's name as an agent's id.
fn id(name: &str) -> String {
    let usable = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-');
    let id: String = name.chars().map(|char| if usable(char) { char } else { '-' }).take(100).collect();
    let id = id.trim_matches('-');
    if id.is_empty() { "mcp-server".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn any_name_of_a_server_gives_an_id() {
        for (name, expected) in [
            ("mcp-servers/everything", "mcp-servers-everything"),
            ("@me/my server", "me-my-server"),
            ("Wetter für alle", "Wetter-f-r-alle"),
            ("", "mcp-server"),
            ("日本", "mcp-server"),
        ] {
            assert_eq!(id(name), expected);
        }
        assert_eq!(id(&"x".repeat(1000)).len(), 100);
    }
}
