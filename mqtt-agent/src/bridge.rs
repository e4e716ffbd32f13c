//! The bridge from MQTT to MCP: programs that speak MCP over stdio, as coding assistants and IDEs do, list and call the tools
//! on a broker (feature `mcp-stdio`), and so do those that speak it over Streamable HTTP (feature `mcp-http`). And the other
//! way round: MCP servers of others become tools on the broker (feature `mcp-publish`, `Publisher`).
//!
//! [`Bridge`] is one that is being set up, [`RunningBridge`] one that runs. The command `mqtt-agent mcp` is this over stdin
//! and stdout, or HTTP; the page [`bridge`](crate::guide::bridge) says how hosts are told of it.
//!
//! ```no_run
//! use mqtt_agent::bridge::Bridge;
//!
//! # async fn example() -> Result<(), mqtt_agent::bridge::BridgeError> {
//! let bridge = Bridge::new("mqtt://localhost").tag("weather").start().await?;
//! bridge.serve_stdio().await?;
//! bridge.stop().await;
//! # Ok(())
//! # }
//! ```

// From the lowest to the highest:
//
// - `names`, `filter`, `wrap`, `blocks`, `skill`: small rules, without I/O; `skill` makes tools of agents' skills
// - `offer`: a tool as hosts see it; `catalogue`: all of them; `expose`: whether they are listed or searched; `cache`: what is kept of them in a file
// - `caller`: who a host is on the broker; `outcome`, `progress`, `calling`: one call
// - `asking`, `question`, `parked`: one task of an agent, and what it asks; `conversation`: a call of a skill
// - `broker`: the connection, which may come late; `shared`: what all hosts share; `upkeep`: keeps the list as it is
// - `host`: MCP, in both of its eras; `io`: one host over a stream; `http`: all that come over HTTP
// - `publish`: the other direction

mod asking;
mod blocks;
mod broker;
mod cache;
mod caller;
mod calling;
mod catalogue;
mod conversation;
mod error;
mod expose;
mod filter;
mod host;
#[cfg(feature = "mcp-http")]
mod http;
mod io;
mod names;
mod offer;
mod outcome;
mod parked;
mod progress;
#[cfg(feature = "mcp-publish")]
mod publish;
mod question;
mod shared;
mod skill;
mod upkeep;
mod wrap;

pub use error::BridgeError;
pub use expose::Expose;
#[cfg(feature = "mcp-http")]
pub use http::{Http, HttpBody, HttpService, OAuth, Tokens};
#[cfg(feature = "mcp-publish")]
pub use publish::{
    McpServer, PublishEvent, PublishServerError, Published, Publisher, ServerError, supervise,
};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::client::ConnectOptions;
use crate::spawn;
use broker::Broker;
use cache::Cache;
use calling::Limits;
use catalogue::Catalogue;
use filter::Filter;
use shared::Shared;

/// How long a tool stays in the list that is not online.
const KEEP: Duration = Duration::from_secs(600);

/// How long a stop waits for calls to be given up, so that their tools hear of it.
const STOP: Duration = Duration::from_secs(2);

/// A bridge that is being set up: which tools hosts are shown, and how long calls may take.
///
/// Filters of one kind are alternatives, those of different kinds have to hold together; without any, all tools are shown.
/// What is not shown cannot be called either. A tool whose card has `allowed_callers` is shown where the id of
/// [`ConnectOptions::id`] is among them, or over HTTP the identity of the caller.
#[derive(Debug, Clone)]
#[must_use = "a bridge does nothing until it is started"]
pub struct Bridge {
    options: ConnectOptions,
    filter: Filter,
    limits: Limits,
    expose: Expose,
    agents: bool,
    keep: Duration,
    cache: Option<PathBuf>,
}

impl Bridge {
    /// A bridge from the broker of a URL or of [`ConnectOptions`].
    pub fn new(to: impl Into<ConnectOptions>) -> Self {
        let (filter, limits) = (Filter::default(), Limits::default());
        Self {
            options: to.into(),
            filter,
            limits,
            expose: Expose::Direct,
            agents: false,
            keep: KEEP,
            cache: None,
        }
    }

    /// Only tools with such a name; `*` is any number of characters. Names are those on the broker.
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        self.filter.names.push(pattern.into());
        self
    }

    /// Only tools with this tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.filter.tags.push(tag.into());
        self
    }

    /// Only tools whose card names such a server; `*` is any number of characters.
    pub fn server(mut self, pattern: impl Into<String>) -> Self {
        self.filter.servers.push(pattern.into());
        self
    }

    /// Only tools that say that they change nothing (`readOnlyHint`). That is what a tool says of itself.
    pub fn read_only(mut self) -> Self {
        self.filter.read_only = true;
        self
    }

    /// Only tools with exactly one of these names, whatever else there is. Where the broker does not let this client list
    /// cards, these are looked up one by one.
    pub fn allow(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.filter.allowed.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// How long a call may go without an answer and without a partial result. Then it is cancelled, and the host gets an
    /// error of the type `timeout`. Default: 5 min. Many hosts wait for 60 s, some only as long as no progress comes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.quiet = timeout;
        self
    }

    /// How long a call may take in all, whatever partial results come. Default: 1 h.
    pub fn longest(mut self, longest: Duration) -> Self {
        self.limits.longest = longest;
        self
    }

    /// How hosts are shown the tools: each in the list, or by three tools that find, describe and call them. Default:
    /// [`Expose::Direct`].
    pub fn expose(mut self, expose: Expose) -> Self {
        self.expose = expose;
        self
    }

    /// Also the skills of agents, each as a tool. What an agent tells of its task is progress, and what it asks is elicitation;
    /// a host that has none gets the question as an error with the code `question`, and the task is cancelled.
    pub fn agents(mut self) -> Self {
        self.agents = true;
        self
    }

    /// How long a tool stays in the list after it was last seen online: its server may be back soon. Calls of it are
    /// answered `unavailable`. Default: 10 min.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// A file that cards are kept in, so that hosts get their list at once the next time, also where the broker or the
    /// servers are down. On Unix only its owner can read it. Default: none.
    pub fn cache(mut self, file: impl Into<PathBuf>) -> Self {
        self.cache = Some(file.into());
        self
    }

    /// A file in this folder; connections with another URL, namespace, user or id have another one.
    pub fn cache_in(self, folder: impl Into<PathBuf>) -> Self {
        let print = fnv1a(self.options.whom().as_bytes());
        let file = folder.into().join(format!("mcp-{print:016x}.json"));
        self.cache(file)
    }

    /// Starts it. It does not wait for the broker: hosts are served from what is known, and the connection is made, and made
    /// again, for as long as it takes.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Options`] where the URL, the id or the namespace is wrong.
    pub async fn start(self) -> Result<RunningBridge, BridgeError> {
        let Self { options, filter, limits, expose, agents, keep, cache } = self;
        let attempt = broker::begin(&options).await.map_err(BridgeError::Options)?;
        let cache = cache.map(Cache::new);
        let exact = filter.allowed.clone();
        let identity = options.id.clone();
        let mut catalogue = Catalogue::new(filter, keep);
        let known = match &cache {
            Some(cache) => read(cache.clone()).await,
            None => None,
        };
        catalogue.restore(known.into_iter().flatten(), SystemTime::now());
        // A list of none is not worth showing before the broker was asked.
        let is_known = catalogue.shelf().len() > 0;

        let (told, broker) = watch::channel(Broker::Connecting);
        let shared = Arc::new(Shared::new(catalogue, is_known, broker, limits, expose, identity));
        let connecting = spawn::owned(broker::connect(attempt, options, told));
        let upkeep = spawn::owned(upkeep::run(Arc::clone(&shared), cache, exact, agents));
        Ok(RunningBridge { shared, _tasks: [connecting, upkeep] })
    }
}

/// What an earlier process has kept, where that can be read.
async fn read(cache: Cache) -> Option<Vec<(catalogue::Known, String)>> {
    let read = tokio::task::spawn_blocking(move || cache.read()).await;
    read.unwrap_or_else(|error| Err(std::io::Error::other(error))).unwrap_or_else(|error| {
        crate::log::warn!(%error, "failed to read the file of cards; hosts have to wait for the broker");
        None
    })
}

/// A bridge that runs. Dropping it ends its connection, and what it serves.
#[derive(Debug)]
pub struct RunningBridge {
    shared: Arc<Shared>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl RunningBridge {
    /// Serves the host that has started this process, over stdin and stdout, until stdin ends. Nothing else may be written
    /// to stdout.
    ///
    /// Calls that still run then have 5 s to be answered; after that they are cancelled.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Host`] where something else than MCP comes.
    pub async fn serve_stdio(&self) -> Result<(), BridgeError> {
        let (reader, writer) = rmcp::transport::stdio_pipes();
        self.serve(reader, writer).await
    }

    /// The same over another stream, one JSON message a line, of at most 16 MiB. Several hosts may be served at once.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Host`] where something else than MCP comes.
    pub async fn serve<R, W>(&self, reader: R, writer: W) -> Result<(), BridgeError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        io::serve(Arc::clone(&self.shared), reader, writer).await
    }

    /// Serves all hosts that come over HTTP (feature `mcp-http`), at the path `/mcp`, until the bridge is stopped. HTTP/1.1,
    /// and no TLS: on anything but this machine it belongs behind a proxy that has it.
    ///
    /// At most 1,024 connections are served at once, more wait. A client has 30 s for the head of a request and 30 s for its
    /// body, and one that reads nothing of an answer for 60 s is hung up on.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Http`] where the listener can be reached from other machines and everybody would come in, or a host or
    /// an origin is none.
    #[cfg(feature = "mcp-http")]
    pub async fn serve_http(&self, listener: tokio::net::TcpListener, http: Http) -> Result<(), BridgeError> {
        http::serve(Arc::clone(&self.shared), listener, http).await
    }

    /// The same as a service for an HTTP server of your own (feature `mcp-http`). To be called from within the runtime.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Http`] where a host or an origin is none.
    #[cfg(feature = "mcp-http")]
    pub fn http_service(&self, http: Http) -> Result<HttpService, BridgeError> {
        HttpService::new(Arc::clone(&self.shared), http)
    }

    /// Ends it: calls that run are cancelled at their servers, hosts are hung up on, and the connection is closed.
    pub async fn stop(self) {
        self.shared.stopped.cancel();
        self.shared.tasks.close();
        if timeout(STOP, self.shared.tasks.wait()).await.is_err() {
            crate::log::warn!("failed to end all calls in time; their tools may not hear of it");
        }
        let made = match &*self.shared.broker().borrow() {
            Broker::Made(client) => Some(client.clone()),
            _ => None,
        };
        if let Some(client) = made {
            client.close().await;
        }
    }
}

impl Drop for RunningBridge {
    fn drop(&mut self) {
        self.shared.stopped.cancel();
    }
}

/// A hash that is the same in each process (FNV-1a, 64 bits).
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
