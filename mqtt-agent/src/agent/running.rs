//! [`Running`]: a served agent.
//!
//! The futures are boxed and returned by plain functions. An `async fn` is compiled in the crate that polls it, so each
//! program would compile the connection and the servers again.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::adding::Adding;
use super::guard;
use super::health::Health;
use super::leftovers::Leftovers;
use super::own_card;
use super::{Agent, BuiltAgent};
use crate::a2a::{MemoryStore, SkillServer, SkillServerParts, TaskStore};
use crate::client::{Client, ConnectOptions};
use crate::error::{Error, Result};
use crate::handler::layer::AgentLayers;
use crate::handler::registry::Package;
use crate::link::{ConnectError, ConnectionState, Link, Will};
use crate::mcp::{ServeOptions, StatsServer, ToolServer};
use crate::measure;
use crate::session::{Session, SessionHandle};
use crate::spawn;
use crate::topic::TopicServer;

/// A served agent. Stop it with [`stop`](Self::stop).
///
/// Dropping it without `stop` has the effect of a crash: the connection breaks, and the broker publishes the Will. That is
/// logged as a warning.
#[derive(Debug)]
#[must_use = "the agent ends when this is dropped: keep it and `.stop().await` it, or `.until_signal().await`, or write `.serve(..)` instead of `.start(..)`"]
pub struct Running {
    client: Client,
    pub(super) server: Option<ToolServer>,
    /// What tools that are added have to meet.
    pub(super) adding: Adding,
    stats: Option<StatsServer>,
    topics: Option<TopicServer>,
    skills: Option<SkillServer>,
    // Ends by itself, or with the agent.
    own_card_look: Option<AbortOnDropHandle<()>>,
    // Tells of the connection, where that is measured.
    measured: Option<Measured>,
    // Publishes again what somebody deleted.
    guard: Option<AbortOnDropHandle<()>>,
    pub(super) layers: AgentLayers,
    stopped: bool,
    /// Whether a user has it, who may drop it by mistake.
    is_held: bool,
    /// True from when the agent can be called until it stops.
    serves: Arc<AtomicBool>,
    since: Instant,
}

impl Running {
    pub(super) fn start(agent: BuiltAgent, options: ConnectOptions) -> BoxFuture<'static, Result<Self>> {
        Box::pin(async {
            // Nobody gives it up.
            let running = Self::connect(agent, options, pending()).await?;
            let mut running = running.ok_or(Error::Connect(ConnectError::Closed))?;
            running.is_held = true;
            Ok(running)
        })
    }

    pub(super) fn serve(agent: BuiltAgent, options: ConnectOptions) -> BoxFuture<'static, Result<()>> {
        Box::pin(async {
            // Before anything else: a process without a handler for them ignores signals where it is the first of a
            // container, and would wait for its broker whatever it is told.
            let signals = Signals::listen().map_err(Error::Signal)?;
            Self::serve_as_told(agent, options, Told::Signals(signals)).await
        })
    }

    /// The same until a future ends.
    pub(super) fn serve_until(
        agent: BuiltAgent,
        options: ConnectOptions,
        until: BoxFuture<'static, ()>,
    ) -> BoxFuture<'static, Result<()>> {
        Box::pin(Self::serve_as_told(agent, options, Told::Until(Some(until))))
    }

    async fn serve_as_told(agent: BuiltAgent, options: ConnectOptions, mut stop: Told) -> Result<()> {
        let told = CancellationToken::new();
        let mut start = pin!(Self::connect(agent, options, told.cancelled()));
        let running = tokio::select! {
            started = &mut start => started?,
            () = stop.next() => {
                told.cancel();
                tokio::select! {
                    started = start => started?,
                    () = stop.next() => return Ok(()),
                }
            }
        };
        match running {
            Some(running) => {
                if !told.is_cancelled() {
                    stop.next().await;
                }
                running.end_or(&mut stop).await;
            }
            None => crate::log::info!("stopping: there was no connection to the broker yet"),
        }
        Ok(())
    }

    /// Connects and serves. `None` if it was given up before there was a connection.
    async fn connect(
        agent: BuiltAgent,
        options: ConnectOptions,
        given_up: impl Future<Output = ()>,
    ) -> Result<Option<Self>> {
        let BuiltAgent { agent, checked } = agent;
        let Agent { states, limits, reply_topics, replicas, store, retention, dialects, .. } = agent;
        let adding = Adding { dialects, replicas, max_packet_size: options.max_packet_size };
        let states = Arc::new(states);
        let (patience, first) = (options.connect_timeout, options.first_patience());
        let (call_timeout, will_delay) = (options.call_timeout, options.will_delay);
        let session_expiry = checked.session_expiry(&options);
        checked.warn_of_long_session(session_expiry);
        checked.warn_of_nothing();
        for Package { name, tools, topics, skills } in &checked.packages {
            let package = name.unwrap_or("unknown");
            crate::log::info!(package, ?tools, ?topics, ?skills, "collected what a crate brings");
        }
        let mut options = options.link(checked.namespace.client_id(checked.id.as_str()), session_expiry);
        let serves = checked.serves_tools;
        // Of an agent with skills the status speaks for its tools as well (MCP-19).
        let will = match &checked.presence {
            Some(presence) => Some(presence.status_offline()),
            None => serves.then(|| checked.cards.will()),
        };
        options.will = will.map(|message| Will { message, delay: will_delay });
        let link = Link::open(options)?;
        tokio::select! {
            connected = link.connected(first) => connected?,
            () = given_up => {
                link.close(Duration::ZERO).await;
                return Ok(None);
            }
        }
        let leftovers = Leftovers::new(&link, &checked.namespace, &checked.id);
        if link.session() == 0 {
            // The broker goes on with the session of an earlier process. Before anything is announced: its card still says
            // what it served.
            let served = checked.tools.iter().map(|ready| ready.tool.name).collect();
            leftovers.end_unserved(&served).await;
        }

        let store: Arc<dyn TaskStore> = store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        // What has no store of its own has nothing of an earlier process.
        let (has_skills, is_durable) = (checked.presence.is_some(), store.is_durable());
        // Where there are skills they remove what is too old, of both sides.
        let unserved = checked.skills.is_empty().then(|| retention.clone());
        let session = Session::new(
            link.clone(),
            checked.namespace,
            checked.id,
            call_timeout,
            Arc::clone(&store),
            unserved,
        );
        let client = Client::new(SessionHandle::new(Arc::new(session)));
        let names: Vec<_> = checked.tools.iter().map(|ready| ready.tool.name).collect();
        let handled: Vec<_> = checked.handlers.iter().map(|handler| handler.topic().template()).collect();
        let asked: Vec<_> = checked.skills.iter().map(|ready| ready.skill.id()).collect();
        let mut running = Self {
            client: client.clone(),
            server: None,
            adding,
            stats: None,
            topics: None,
            skills: None,
            own_card_look: None,
            measured: Measured::begin(&client, &checked.agent),
            guard: None,
            layers: checked.layers,
            stopped: false,
            is_held: false,
            serves: Arc::default(),
            since: Instant::now(),
        };
        let (namespace, id) = (client.session().namespace(), client.id());
        let own_card = match &checked.presence {
            Some(_) => Some(namespace.agent_card(id)),
            None => serves.then(|| namespace.server_card(id)),
        };
        let how = ServeOptions { replicas, within: patience };
        let instance = checked
            .replica
            .then(|| id.strip_prefix(&*checked.agent).unwrap_or(id).trim_start_matches('-').to_owned());
        let ping = checked.cards.ping(instance);
        let served = async {
            if !checked.handlers.is_empty() {
                let (client, states, limits) = (client.clone(), Arc::clone(&states), limits.clone());
                let (handlers, layers) = (&checked.handlers, &running.layers);
                let topics =
                    TopicServer::start(client, states, limits, handlers, reply_topics, layers, patience)
                        .await?;
                running.topics = Some(topics);
            }
            if serves {
                let (client, states, limits) = (client.clone(), Arc::clone(&states), limits.clone());
                let server = ToolServer::start(
                    client.handle().clone(),
                    states,
                    limits,
                    checked.tools,
                    checked.cards,
                    how,
                )
                .await?;
                running.server = Some(server);
            }
            let tallies = running.server.as_ref().map(ToolServer::tallies).unwrap_or_default();
            running.stats = Some(StatsServer::start(client.session(), ping, tallies, patience).await);
            if let Some(presence) = checked.presence {
                let parts = SkillServerParts {
                    agent: checked.agent,
                    shared: checked.replica,
                    skills: checked.skills,
                    presence,
                    store,
                    retention,
                };
                running.skills =
                    Some(SkillServer::start(client.handle().clone(), states, limits, parts, patience).await?);
            }
            // Results of what an earlier process asked for find their owner without being asked for.
            if has_skills {
                client.session().receive_results().await.map_err(Error::from)?;
            } else if is_durable {
                // What serves no tasks needs no right to them, nor a store.
                client.session().take_up_results(patience).await;
            }
            Ok(())
        };
        match served.await {
            Ok(()) => {
                link.ready(Some(leftovers.handler()));
                running.own_card_look =
                    own_card.map(|topic| spawn::owned(own_card::look(link.clone(), topic)));
                let own = running.skills.iter().flat_map(SkillServer::retained);
                let own: Vec<_> = own.chain(running.server.iter().flat_map(ToolServer::retained)).collect();
                running.guard = (!own.is_empty()).then(|| spawn::owned(guard::keep(link.clone(), own)));
                crate::log::info!(agent = running.client.id(), tools = ?names, topics = ?handled, skills = ?asked, "serving");
                running.serves.store(true, Ordering::Relaxed);
                Ok(Some(running))
            }
            Err(error) => {
                running.end().await;
                Err(error)
            }
        }
    }

    /// A client on the agent's own connection.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Watches the state of the connection.
    #[must_use]
    pub fn connection(&self) -> watch::Receiver<ConnectionState> {
        self.client.connection()
    }

    /// The health of the agent, for the probes of a cluster: liveness, readiness and uptime.
    #[must_use]
    pub fn health(&self) -> Health {
        let tallies = self.server.as_ref().map(ToolServer::tallies).unwrap_or_default();
        Health::new(self.connection(), Arc::clone(&self.serves), self.since, tallies)
    }

    /// Stops cleanly: accepts no new calls and tasks, lets running ones finish within
    /// [`Limits::grace`](crate::Limits::grace), sets the cards offline, then closes the connection.
    pub async fn stop(self) {
        self.boxed_end().await;
    }

    /// Serves until SIGINT (Ctrl-C) or SIGTERM, then stops cleanly. A second signal ends the stop at once.
    ///
    /// # Errors
    ///
    /// [`Error::Signal`] when no signal handler can be installed.
    pub async fn until_signal(self) -> Result<()> {
        self.boxed_wait().await
    }

    fn boxed_end(mut self) -> BoxFuture<'static, ()> {
        self.is_held = false;
        Box::pin(self.end())
    }

    fn boxed_wait(mut self) -> BoxFuture<'static, Result<()>> {
        self.is_held = false;
        Box::pin(async {
            let mut stop = Told::Signals(Signals::listen().map_err(Error::Signal)?);
            stop.next().await;
            self.end_or(&mut stop).await;
            Ok(())
        })
    }

    async fn end(mut self) {
        self.serves.store(false, Ordering::Relaxed);
        // Beside the others: no new work begins from now on.
        let unrepaired = CancellationToken::new();
        let guard = async {
            if let Some(guard) = self.guard.take() {
                guard.abort();
                drop(guard.await);
            }
            unrepaired.cancel();
        };
        let topics = async {
            if let Some(topics) = self.topics.take() {
                topics.stop().await;
            }
        };
        let server = async {
            if let Some(server) = self.server.take() {
                server.stop(&unrepaired).await;
            }
        };
        // Side by side: they share one grace.
        let skills = async {
            if let Some(skills) = self.skills.take() {
                skills.stop(&unrepaired).await;
            }
        };
        tokio::join!(guard, topics, server, skills);
        drop(self.stats.take());
        self.layers.stop().await;
        self.client.clone().close().await;
        drop(self.measured.take());
        self.stopped = true;
        crate::log::info!(agent = self.client.id(), "stopped");
    }

    /// Stops; at once if a second signal comes.
    async fn end_or(self, stop: &mut Told) {
        crate::log::info!(agent = self.client.id(), "stopping");
        tokio::select! {
            () = self.end() => {}
            () = stop.next() => {}
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serves.store(false, Ordering::Relaxed);
        if self.is_held {
            crate::log::warn!(
                agent = self.client.id(),
                "dropped a running agent, which ends it as a crash does; keep it and `.stop().await` it, or write `.serve(..)`"
            );
        }
        if !self.stopped {
            self.client.session().link().break_off();
            self.client.session().end();
        }
    }
}

/// Tells of the connection's state for as long as it is held, and then that there is none.
#[derive(Debug)]
struct Measured {
    agent: String,
    _telling: AbortOnDropHandle<()>,
}

impl Measured {
    /// Where that is measured.
    fn begin(client: &Client, agent: &str) -> Option<Self> {
        measure::describe();
        cfg!(feature = "metrics").then(|| {
            let (told, mut state) = (agent.to_owned(), client.connection());
            let telling = async move {
                loop {
                    let is_connected = state.borrow_and_update().is_connected();
                    measure::connected(&told, is_connected);
                    // A change within that time is seen with the next one.
                    if state.changed().await.is_err() {
                        return;
                    }
                }
            };
            Self { agent: agent.to_owned(), _telling: spawn::owned(telling) }
        })
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        measure::connected(&self.agent, false);
    }
}

/// What tells an agent to stop.
enum Told {
    /// Each signal; the second one ends it at once.
    Signals(Signals),
    /// A future, once.
    Until(Option<BoxFuture<'static, ()>>),
}

impl Told {
    /// Waits for the next signal, or for the future. Cancel safe.
    async fn next(&mut self) {
        match self {
            Self::Signals(signals) => signals.next().await,
            Self::Until(until) => {
                match until {
                    Some(ended) => ended.await,
                    None => pending().await,
                }
                *until = None;
            }
        }
    }
}

/// The signals that ask a process to end, from the creation of this value on.
struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}
