//! [`Watch`]: the changes of tools, or of servers, one by one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::books::{Books, Own};
use super::{Card, Wanted};
use crate::discover::{DiscoverError, LEAVING, Latest, RETURN, fetch, settle, subscribe};
use crate::kept::Kept;
use crate::link::{ConnectionState, Link, Subscription};
use crate::session::Session;
use crate::spawn;
use crate::wire::{Namespace, ServerCard, ToolCard};

/// What comes within this time is looked at together: what is online is found out from all that is known.
const TOGETHER: Duration = Duration::from_millis(100);

/// How long no message has to come before cards that are missing are fetched, and how long that may take.
const QUIET: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(60);

/// A change of one card.
#[derive(Debug)]
pub(super) enum Change<C> {
    Joined(C),
    Changed(C),
    Left(String),
}

/// A kind of card that is watched.
pub(super) trait Watched: Card {
    /// Whether tools are watched, whose servers matter; else servers.
    const TOOLS: bool;
    /// Those that are online and wanted.
    fn online(books: &Books) -> BTreeMap<&str, &Own>;
    /// Takes the changes that have arrived.
    fn take(books: &mut Books, heard: &Heard, wanted: &Wanted);
}

impl Watched for ToolCard {
    const TOOLS: bool = true;

    fn online(books: &Books) -> BTreeMap<&str, &Own> {
        books.tools()
    }

    fn take(books: &mut Books, heard: &Heard, wanted: &Wanted) {
        while let Some(change) = heard.servers.next_change() {
            books.take_server(change, None);
        }
        while let Some(change) = heard.tools.next_change() {
            books.take_tool(change, &|card| wanted.fits_tool(card));
        }
    }
}

impl Watched for ServerCard {
    const TOOLS: bool = false;

    fn online(books: &Books) -> BTreeMap<&str, &Own> {
        books.servers()
    }

    fn take(books: &mut Books, heard: &Heard, wanted: &Wanted) {
        while let Some(change) = heard.servers.next_change() {
            books.take_server(change, Some(&|card| wanted.fits_server(card)));
        }
    }
}

/// What arrives, while it is subscribed.
#[derive(Debug)]
pub(super) struct Heard {
    tools: Latest,
    servers: Latest,
    statuses: Latest,
    _subscriptions: Vec<Subscription>,
}

impl Heard {
    /// Tools' cards are needed, or servers' where these are watched; the others are heard of as far as they may be seen.
    async fn subscribe(session: &Session, tools: bool) -> Result<Self, DiscoverError> {
        let (link, namespace) = (session.link(), session.namespace());
        let [of_tools, servers, statuses] = [(); 3].map(|()| Latest::watched());
        let (status, server, tool) = tokio::join!(
            subscribe(link, namespace.agent_statuses(), &statuses),
            subscribe(link, namespace.server_cards(), &servers),
            async {
                match tools {
                    true => subscribe(link, namespace.tool_cards(), &of_tools).await.map(Some),
                    false => Ok(None),
                }
            },
        );
        let mut subscriptions = Vec::from_iter(tool?);
        for (granted, is_needed) in [(server, !tools), (status, false)] {
            match granted {
                Ok(subscription) => subscriptions.push(subscription),
                Err(DiscoverError::Subscribe(error)) if !is_needed => {
                    crate::log::debug!(%error, "failed to subscribe to some cards or statuses; changes are heard of by the others");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { tools: of_tools, servers, statuses, _subscriptions: subscriptions })
    }

    fn arrived(&self) -> impl Future<Output = ()> + use<> {
        let (tools, servers, statuses) = (self.tools.clone(), self.servers.clone(), self.statuses.clone());
        async move {
            tokio::select! {
                () = tools.arrived() => {}
                () = servers.arrived() => {}
                () = statuses.arrived() => {}
            }
        }
    }

    fn is_full(&self) -> bool {
        [&self.tools, &self.servers, &self.statuses].iter().any(|latest| latest.is_full())
    }
}

/// The changes of one kind of card.
#[derive(Debug)]
pub(super) struct Watch<C> {
    link: Link,
    connection: watch::Receiver<ConnectionState>,
    /// The session at the broker that what is known comes from.
    session: u64,
    /// Since when there is another one, until what did not come again is forgotten.
    renewed: Option<Instant>,
    heard: Heard,
    books: Books,
    wanted: Wanted,
    /// What was told, with the hash of its card.
    joined: BTreeMap<String, u64>,
    /// What went offline, and when that is told.
    leaving: BTreeMap<String, Instant>,
    changes: VecDeque<Change<C>>,
    /// Completes when something may have changed.
    news: Kept<()>,
    missing: Arc<Missing>,
    // Fetches cards that are named and did not come.
    _fetching: AbortOnDropHandle<()>,
}

/// The tools that are named and of which there is no card.
#[derive(Debug, Default)]
struct Missing {
    names: std::sync::Mutex<Vec<String>>,
    told: Notify,
    /// Whether some of them did not come when they were asked for.
    lacking: AtomicBool,
}

impl<C: Watched> Watch<C> {
    pub(super) async fn start(session: &Session, wanted: Wanted) -> Result<Self, DiscoverError> {
        let link = session.link().clone();
        // Before: what comes in from now on is of this session or a later one.
        let (connection, epoch) = (link.state(), link.session());
        let heard = Heard::subscribe(session, C::TOOLS).await?;
        let missing = Arc::<Missing>::default();
        let fetching =
            fetching(link.clone(), session.namespace().clone(), heard.tools.clone(), Arc::clone(&missing));
        Ok(Self {
            link,
            connection,
            session: epoch,
            renewed: None,
            heard,
            books: Books::new(session.namespace().clone()),
            wanted,
            joined: BTreeMap::new(),
            leaving: BTreeMap::new(),
            changes: VecDeque::new(),
            news: Kept::default(),
            missing,
            _fetching: spawn::owned(fetching),
        })
    }

    /// Whether all is known, as far as can be known.
    pub(super) fn is_complete(&self) -> bool {
        !self.heard.is_full() && !self.books.is_full() && !self.missing.lacking.load(Ordering::Acquire)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Change<C>>> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return Poll::Ready(Some(change));
            }
            let state = self.connection.borrow_and_update();
            let (is_new, is_stopped) = (state.has_changed(), *state == ConnectionState::Stopped);
            drop(state);
            if is_new {
                self.connected();
            }
            self.look();
            if !self.changes.is_empty() {
                continue;
            }
            if is_stopped {
                return Poll::Ready(None);
            }
            let returned = self.renewed.map(|since| since + RETURN);
            let until = returned.into_iter().chain(self.leaving.values().copied()).min();
            ready!(self.news.poll(cx, || {
                let (mut connection, arrived) = (self.connection.clone(), self.heard.arrived());
                Box::pin(async move {
                    tokio::select! {
                        _ = connection.changed() => {}
                        () = arrived => sleep(TOGETHER).await,
                        () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
                    }
                })
            }));
        }
    }

    /// After a new session the broker may have lost retained messages; those that it has arrive again.
    fn connected(&mut self) {
        let session = self.link.session();
        if self.session != session
            && let ConnectionState::Connected { since, .. } = *self.connection.borrow()
        {
            self.session = session;
            self.renewed = Some(since.into());
        }
    }

    /// Compares what is online now with what was told.
    fn look(&mut self) {
        while let Some(change) = self.heard.statuses.next_change() {
            self.books.take_status(change);
        }
        C::take(&mut self.books, &self.heard, &self.wanted);
        let now = Instant::now();
        if let Some(since) = self.renewed.filter(|since| *since + RETURN <= now) {
            self.renewed = None;
            self.books.forget_before(since);
        }
        if C::TOOLS {
            self.missing.tell(self.books.missing());
        }
        let online = C::online(&self.books);
        for name in self.joined.keys().filter(|name| !online.contains_key(name.as_str())) {
            self.leaving.entry(name.clone()).or_insert_with(|| now + LEAVING);
        }
        self.leaving.retain(|name, at| {
            let is_gone = !online.contains_key(name.as_str());
            let is_told = is_gone && *at <= now;
            if is_told {
                self.joined.remove(name);
                self.changes.push_back(Change::Left(name.clone()));
            }
            is_gone && !is_told
        });
        for (name, own) in online {
            let known = self.joined.get(name).copied();
            if known == Some(own.print) {
                continue;
            }
            // It was read when it came.
            let Ok(Some(card)) = C::read(name, &own.payload) else { continue };
            self.joined.insert(name.to_owned(), own.print);
            let change = if known.is_some() { Change::Changed } else { Change::Joined };
            self.changes.push_back(change(card));
        }
    }
}

impl Missing {
    fn tell(&self, names: Vec<String>) {
        let mut known = self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if names.is_empty() {
            self.lacking.store(false, Ordering::Release);
        }
        if *known != names {
            *known = names;
            self.told.notify_one();
        }
    }

    fn names(&self) -> Vec<String> {
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Fetches the cards that servers name and that did not come: the broker may have dropped them.
async fn fetching(link: Link, namespace: Namespace, tools: Latest, missing: Arc<Missing>) {
    let mut asked = Vec::new();
    loop {
        missing.told.notified().await;
        let until = Instant::now() + LOOK;
        // They may still be on their way.
        sleep(QUIET).await;
        settle(&[&tools], QUIET, until).await;
        let names = missing.names();
        if names == asked {
            continue;
        }
        let wanted: Vec<_> = names.iter().map(|tool| (tool.clone(), namespace.tool_card(tool))).collect();
        fetch(&link, &tools, wanted, until).await;
        let lacking = names.iter().any(|tool| tools.get(tool).is_none());
        missing.lacking.store(lacking, Ordering::Release);
        asked = names;
    }
}
