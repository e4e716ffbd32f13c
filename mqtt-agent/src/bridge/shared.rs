//! [`Shared`]: the state that all hosts of a bridge share.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rmcp::model::{CallToolResult, Tool};
use serde_json::{Map, Value};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::asking::Asking;
use super::broker::{self, Broker};
use super::caller::{self, Caller};
use super::calling::{self, Limits};
use super::catalogue::{Catalogue, Shelf};
use super::expose::{self, Expose, MetaTool};
use super::handle;
use super::offer::Listed;
use super::outcome::{self, Failure};
use super::parked::{Parked, Purpose};
use super::progress::Progress;
use super::reader::{Era, Reader};
use super::task_book::TaskBook;
use crate::client::Client;
use crate::session::Scope;
use crate::spans;
use crate::spawn;
use crate::wire::{ToolCard, TraceContext, codes};

/// How long after the start a host waits for the first listing, where nothing is known of an earlier process.
const FIRST: Duration = Duration::from_secs(3);

/// How long a call waits for a connection that is being made.
const CONNECTION: Duration = Duration::from_secs(10);

/// How long a call waits for a tool that is not online any more. Most brokers say at once that nobody serves it; some do
/// not, and a server that was cut off for a moment still answers.
const ABSENT: Duration = Duration::from_secs(5);

/// How many calls run at once; more are refused.
const MOST_CALLS: usize = 1024;

/// What all hosts of a bridge share.
#[derive(Debug)]
pub(super) struct Shared {
    catalogue: Mutex<Catalogue>,
    shelf: watch::Sender<Arc<Shelf>>,
    /// Whether a list can be answered: from an earlier process, or after the first listing.
    is_ready: watch::Sender<bool>,
    /// Changes with each listing.
    listings: watch::Sender<()>,
    /// Who the bridge itself is, once that is known.
    identity: OnceLock<String>,
    started: Instant,
    broker: watch::Receiver<Broker>,
    limits: Limits,
    expose: Expose,
    calls: Semaphore,
    /// Tasks whose agents wait for an answer that comes with another call.
    pub(super) parked: Parked<Asking>,
    /// Calls of skills that were answered as tasks.
    pub(super) book: TaskBook,
    /// Whether the skills of agents are shown.
    pub(super) has_agents: bool,
    /// What still runs.
    pub(super) tasks: TaskTracker,
    pub(super) stopped: CancellationToken,
}

impl Shared {
    pub(super) fn new(
        catalogue: Catalogue,
        is_known: bool,
        broker: watch::Receiver<Broker>,
        limits: Limits,
        expose: Expose,
        identity: Option<String>,
        has_agents: bool,
    ) -> Self {
        Self {
            identity: identity.map(OnceLock::from).unwrap_or_default(),
            shelf: watch::Sender::new(Arc::clone(catalogue.shelf())),
            catalogue: Mutex::new(catalogue),
            is_ready: watch::Sender::new(is_known),
            listings: watch::Sender::new(()),
            started: Instant::now(),
            broker,
            limits,
            expose,
            calls: Semaphore::new(MOST_CALLS),
            parked: Parked::default(),
            book: TaskBook::default(),
            has_agents,
            tasks: TaskTracker::new(),
            stopped: CancellationToken::new(),
        }
    }

    /// Who somebody is on the broker.
    fn identity<'c>(&'c self, caller: &'c Caller) -> Option<&'c str> {
        caller.identity().or(self.identity.get().map(String::as_str))
    }

    pub(super) fn broker(&self) -> watch::Receiver<Broker> {
        self.broker.clone()
    }

    pub(super) fn on_catalogue<T>(&self, work: impl FnOnce(&mut Catalogue) -> T) -> T {
        work(&mut self.catalogue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a listing, or a part of it, that began at `at`; see [`Catalogue::take`].
    pub(super) fn take(&self, found: Vec<ToolCard>, is_complete: bool, at: SystemTime, identity: &str) {
        // A bridge that learns who it is may see more.
        let is_news = self.identity.set(identity.to_owned()).is_ok();
        let changed = self.on_catalogue(|catalogue| {
            let changed = catalogue.take(found, is_complete, at);
            (changed || is_news).then(|| Arc::clone(catalogue.shelf()))
        });
        if let Some(shelf) = changed {
            crate::log::debug!(tools = shelf.len(), "the list of tools changed");
            self.shelf.send_replace(shelf);
        }
        self.listings.send_replace(());
        self.settle();
    }

    /// What is known now is all that can be known.
    pub(super) fn settle(&self) {
        self.is_ready.send_replace(true);
    }

    /// Whether hosts have a list.
    pub(super) fn is_settled(&self) -> bool {
        *self.is_ready.borrow()
    }

    async fn ready(&self) {
        let mut ready = self.is_ready.subscribe();
        // What there is by then has to do.
        drop(timeout_at(self.started + FIRST, ready.wait_for(|ready| *ready)).await);
    }

    /// The tools, as a host lists them.
    pub(super) async fn list(&self, reader: Reader, caller: &Caller) -> Vec<Tool> {
        self.ready().await;
        let (shelf, identity) = (Arc::clone(&self.shelf.borrow()), self.identity(caller));
        let is_searched = shelf.is_searched(self.expose, identity);
        let mut tools = if is_searched { MetaTool::list() } else { shelf.list(reader, identity) };
        // Also without a skill: a result may wait whose agent is gone.
        if !reader.takes_tasks && self.has_agents {
            tools.push(handle::tool(self.limits.handle_after));
        }
        tools
    }

    /// Which of the three tools that find all others a host means. One that was shown them may still call them when it is
    /// shown all tools again.
    pub(super) fn meta_tool(&self, name: &str, caller: &Caller) -> Option<MetaTool> {
        let meta = MetaTool::of(name).filter(|_| self.expose != Expose::Direct)?;
        let (shelf, identity) = (Arc::clone(&self.shelf.borrow()), self.identity(caller));
        let is_meant = shelf.is_searched(self.expose, identity) || shelf.get(name, identity).is_none();
        is_meant.then_some(meta)
    }

    /// Finds or describes tools.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        tool: MetaTool,
        arguments: Map<String, Value>,
        reader: Reader,
        caller: &Arc<Caller>,
    ) -> CallToolResult {
        self.ready().await;
        let (shared, caller) = (Arc::clone(self), Arc::clone(caller));
        let looked = tokio::task::spawn_blocking(move || {
            let (shelf, identity) = (Arc::clone(&shared.shelf.borrow()), shared.identity(&caller));
            match tool {
                MetaTool::Search => expose::search(&shelf, arguments, identity),
                _ => expose::describe(&shelf, arguments, reader, identity),
            }
        });
        let looked = looked.await.unwrap_or_else(|error| Err(Failure::new("tool_error", error.to_string())));
        looked.unwrap_or_else(CallToolResult::from)
    }

    /// A tool that hosts know by this name.
    pub(super) async fn tool(&self, name: &str, caller: &Caller) -> Option<Arc<Listed>> {
        match self.now(name, caller) {
            Some(listed) => Some(listed),
            None => {
                self.ready().await;
                self.now(name, caller)
            }
        }
    }

    /// The same, of those that are known already.
    pub(super) fn now(&self, name: &str, caller: &Caller) -> Option<Arc<Listed>> {
        self.shelf.borrow().get(name, self.identity(caller)).cloned()
    }

    /// Calls a tool.
    pub(super) async fn call(
        &self,
        caller: &Caller,
        listed: &Listed,
        arguments: &Map<String, Value>,
        era: Era,
        host: Option<TraceContext>,
        progress: Option<Progress>,
    ) -> CallToolResult {
        let called = async {
            let _places = self.places(caller)?;
            let client = self.client(caller, spans::own(host.as_ref())).await?;
            tokio::select! {
                called = calling::call(&client, &listed.card, arguments, self.limits, progress) => called,
                () = self.absent(&listed.card.tool) => {
                    let tool = &listed.card.tool;
                    Err(Failure::unavailable(format!("no server of `{tool}` is online; start one")))
                }
            }
        };
        let span = spans::bridge_call(&listed.card.tool, host.as_ref());
        let called = called.instrument(span.clone()).await;
        spans::ended(&span, called.as_ref().err().map(Failure::kind));
        match called {
            Ok(content) => outcome::result(content, listed.offer.output, era),
            Err(failure) => failure.into(),
        }
    }

    /// The places of one call.
    pub(super) fn places<'s>(&'s self, caller: &'s Caller) -> Result<[SemaphorePermit<'s>; 2], Failure> {
        let Ok(place) = self.calls.try_acquire() else {
            let message = format!("{MOST_CALLS} calls run already; make fewer at once");
            return Err(Failure::unavailable(message).with_code(codes::BUSY));
        };
        let Ok(own) = caller.calls.try_acquire() else {
            let message = format!("{} of your calls run already; make fewer at once", caller::MOST_CALLS);
            return Err(Failure::unavailable(message).with_code(codes::BUSY));
        };
        Ok([place, own])
    }

    /// A client of somebody, when the connection is up.
    pub(super) async fn client(
        &self,
        caller: &Caller,
        trace: Option<TraceContext>,
    ) -> Result<Client, Failure> {
        let client = broker::client(self.broker(), CONNECTION).await.map_err(Failure::unavailable)?;
        let client = caller.client(&client);
        Ok(Client::new(client.handle().scoped(Scope { trace, ..Scope::default() })))
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Keeps a task until the answer to its question comes, but not for ever; `None` where too many are kept.
    pub(super) fn park(self: &Arc<Self>, asking: Asking, purpose: Purpose) -> Option<String> {
        let handle = self.parked.park(asking, purpose, std::time::Instant::now())?;
        let shared = Arc::clone(self);
        // Nothing waits for it but the end of the bridge, which it does not hold up.
        spawn::tracked(&self.tasks, async move {
            tokio::select! {
                () = shared.parked.outlast() => {}
                () = shared.stopped.cancelled() => shared.parked.clear(),
            }
        });
        Some(handle)
    }

    /// Waits until a tool has not been online for a while.
    async fn absent(&self, tool: &str) {
        let mut listings = self.listings.subscribe();
        loop {
            self.seen(tool, false, &mut listings).await;
            if timeout(ABSENT, self.seen(tool, true, &mut listings)).await.is_err() {
                return;
            }
        }
    }

    /// Waits until a listing has a tool online, or not.
    async fn seen(&self, tool: &str, online: bool, listings: &mut watch::Receiver<()>) {
        while self.on_catalogue(|catalogue| catalogue.is_online(tool)) != online {
            // The sender lives as long as this.
            drop(listings.changed().await);
        }
    }
}

/// The changes of what a host sees.
pub(super) struct Changes {
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    shelf: watch::Receiver<Arc<Shelf>>,
    seen: Arc<Shelf>,
    seen_as: Option<String>,
}

impl Changes {
    pub(super) fn new(shared: Arc<Shared>, caller: Arc<Caller>) -> Self {
        let mut shelf = shared.shelf.subscribe();
        let seen = Arc::clone(&shelf.borrow_and_update());
        let seen_as = shared.identity(&caller).map(str::to_owned);
        Self { shared, caller, shelf, seen, seen_as }
    }

    /// Waits for the next change that this host sees; `false` when there will be none any more. Cancel safe.
    pub(super) async fn next(&mut self) -> bool {
        loop {
            if self.shelf.changed().await.is_err() {
                return false;
            }
            let shelf = Arc::clone(&self.shelf.borrow_and_update());
            let identity = self.shared.identity(&self.caller).map(str::to_owned);
            let is_same = identity == self.seen_as
                && shelf.shows_the_same(&self.seen, self.shared.expose, identity.as_deref());
            (self.seen, self.seen_as) = (shelf, identity);
            if !is_same {
                return true;
            }
        }
    }
}
