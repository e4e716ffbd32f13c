//! The bridge between MQTT and MCP. MCP hosts, such as coding assistants and IDEs, list and call the tools on a broker
//! over stdio (feature `mcp-stdio`) or Streamable HTTP (feature `mcp-http`). In the other direction, existing MCP
//! servers become tools on the broker (feature `mcp-publish`, `Publisher`).
//!
//! [`Bridge`] configures a bridge, [`RunningBridge`] is a running one. The command `mqtt-agent mcp` runs a bridge over
//! stdin and stdout, or HTTP; the page [`bridge`](crate::guide::bridge) says how to configure hosts for it.
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
// - `names`, `filter`, `wrap`, `blocks`, `reader`, `skill`: small rules, without I/O; `skill` makes tools of agents' skills
// - `handle`: the tool that waits for the result of a long call, and what its host is given for that
// - `offer`: a tool as hosts see it; `catalogue`: all of them; `expose`: whether they are listed or searched; `cache`: what is kept of them in a file
// - `caller`: who a host is on the broker; `outcome`, `progress`, `calling`: one call
// - `asking`, `question`, `parked`: one task of an agent, and what it asks; `task_book`: the tasks that hosts poll
// - `conversation`: a call of a skill; `task_run`: the rest of one that became a task; `tasks`: the requests of MCP for it; `handle_call`: the tool for it; `forms`: questions that outlive their call
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
mod forms;
mod handle;
mod handle_call;
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
mod reader;
mod shared;
mod skill;
mod task_book;
#[cfg(test)]
mod task_book_tests;
mod task_run;
mod tasks;
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

/// The configuration of a bridge: which tools hosts see, and how long calls may take.
///
/// Filters of the same kind are alternatives; filters of different kinds must all match. Without filters, all tools are
/// shown. A tool that is not shown cannot be called either. A tool whose card has `allowed_callers` is shown if the id
/// of [`ConnectOptions::id`] is among them, or over HTTP the identity of the caller.
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
    /// A bridge for the broker at a URL or of [`ConnectOptions`].
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

    /// Shows only tools with a matching name on the broker; `*` stands for any number of characters.
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        self.filter.names.push(pattern.into());
        self
    }

    /// Shows only tools with this tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.filter.tags.push(tag.into());
        self
    }

    /// Shows only tools whose card names a matching server; `*` stands for any number of characters.
    pub fn server(mut self, pattern: impl Into<String>) -> Self {
        self.filter.servers.push(pattern.into());
        self
    }

    /// Shows only tools that are read-only by their own hint (`readOnlyHint`).
    pub fn read_only(mut self) -> Self {
        self.filter.read_only = true;
        self
    }

    /// Shows only tools with exactly one of these names. If the broker does not allow this client to list cards, these
    /// tools are looked up one by one.
    pub fn allow(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.filter.allowed.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// Limits how long a call may go without an answer and without a partial result. After that it is cancelled, and
    /// the host gets an error of the type `timeout`. Default: 5 min. Many hosts wait only 60 s, some of them since the
    /// last progress.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.quiet = timeout;
        self
    }

    /// Limits the total time of a call, even if partial results arrive. Default: 1 h.
    pub fn longest(mut self, longest: Duration) -> Self {
        self.limits.longest = longest;
        self
    }

    /// Sets how long the call of a skill may take until it is answered as a task, which the host polls. That is for hosts
    /// alone that declare the extension `io.modelcontextprotocol/tasks`. Default: 10 s.
    pub fn task_after(mut self, time: Duration) -> Self {
        self.limits.task_after = time;
        self
    }

    /// Sets how long the call of a skill may take until other hosts get a handle for it, and how long each call of the
    /// tool `agent_task` with this handle waits for the result. Default: 45 s, for many hosts end a call after 60 s.
    pub fn handle_after(mut self, time: Duration) -> Self {
        self.limits.handle_after = time;
        self
    }

    /// Sets how hosts see the tools: each tool in the list, or three tools that find, describe and call the others.
    /// Default: [`Expose::Direct`].
    pub fn expose(mut self, expose: Expose) -> Self {
        self.expose = expose;
        self
    }

    /// Also shows the skills of agents, each as a tool. An agent's updates become progress, and its questions become
    /// elicitation. A host without elicitation gets the question as an error, and the task is cancelled.
    pub fn agents(mut self) -> Self {
        self.agents = true;
        self
    }

    /// Sets how long a tool stays in the list after it was last seen online, because its server may be back soon. Calls
    /// of it are answered `unavailable`. Default: 10 min.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Sets a cache file for cards, so that after a restart hosts get their list at once, even if the broker or the
    /// servers are down. On Unix only its owner can read it. Default: no file.
    pub fn cache(mut self, file: impl Into<PathBuf>) -> Self {
        self.cache = Some(file.into());
        self
    }

    /// Like [`cache`](Self::cache), with a file in this folder: one file for each combination of URL, namespace, user
    /// and id.
    pub fn cache_in(self, folder: impl Into<PathBuf>) -> Self {
        let print = fnv1a(self.options.whom().as_bytes());
        let file = folder.into().join(format!("mcp-{print:016x}.json"));
        self.cache(file)
    }

    /// Starts the bridge. It does not wait for the broker: hosts are served from the known cards, and the bridge tries
    /// to connect without a time limit.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Options`] if the URL, the id or the namespace is invalid.
    pub async fn start(self) -> Result<RunningBridge, BridgeError> {
        let Self { options, filter, limits, expose, agents, keep, cache } = self;
        let attempt = broker::begin(&options).await.map_err(BridgeError::Options)?;
        let cache = cache.map(Cache::new);
        let exact = filter.allowed.clone();
        let identity = options.id.clone();
        let mut catalogue = Catalogue::new(filter, keep);
        if agents {
            catalogue.reserve(handle::NAME);
        }
        let known = match &cache {
            Some(cache) => read(cache.clone()).await,
            None => None,
        };
        catalogue.restore(known.into_iter().flatten(), SystemTime::now());
        // A list of none is not worth showing before the broker was asked.
        let is_known = catalogue.shelf().len() > 0;

        let (told, broker) = watch::channel(Broker::Connecting);
        let shared = Arc::new(Shared::new(catalogue, is_known, broker, limits, expose, identity, agents));
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

/// A running bridge. Dropping it closes its connection and stops serving hosts.
#[derive(Debug)]
pub struct RunningBridge {
    shared: Arc<Shared>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl RunningBridge {
    /// Serves the host that started this process, over stdin and stdout, until stdin ends. Do not write anything else
    /// to stdout.
    ///
    /// Calls that are still running then have 5 s to be answered; after that they are cancelled.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Host`] where something else than MCP comes.
    pub async fn serve_stdio(&self) -> Result<(), BridgeError> {
        let (reader, writer) = rmcp::transport::stdio_pipes();
        self.serve(reader, writer).await
    }

    /// Like [`serve_stdio`](Self::serve_stdio), over another stream, with one JSON message of at most 16 MiB per line.
    /// Several hosts can be served at once.
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

    /// Serves hosts over HTTP (feature `mcp-http`), at the path `/mcp`, until the bridge is stopped. It speaks HTTP/1.1
    /// without TLS: for hosts on other machines, put it behind a proxy with TLS.
    ///
    /// At most 1,024 connections are served at once; further ones wait. A client has 30 s for the head of a request and
    /// 30 s for its body. The connection of a client that reads nothing of an answer for 60 s is closed.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Http`] if the listener can be reached from other machines but requires no credentials, or if a
    /// host or an origin is invalid.
    #[cfg(feature = "mcp-http")]
    pub async fn serve_http(&self, listener: tokio::net::TcpListener, http: Http) -> Result<(), BridgeError> {
        http::serve(Arc::clone(&self.shared), listener, http).await
    }

    /// The same as a service for your own HTTP server (feature `mcp-http`). Call it within the tokio runtime.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Http`] if a host or an origin is invalid.
    #[cfg(feature = "mcp-http")]
    pub fn http_service(&self, http: Http) -> Result<HttpService, BridgeError> {
        HttpService::new(Arc::clone(&self.shared), http)
    }

    /// Stops the bridge: running calls are cancelled at their servers, and the connections to hosts and to the broker
    /// are closed.
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
