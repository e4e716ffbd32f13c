//! Finding tools and servers by their retained cards (`MCP-11`). Each look-up has its own subscriptions, so any number
//! can run concurrently.

mod books;
mod changes;
#[cfg(feature = "mcp-stdio")]
mod news;
mod servers;
mod tools;
mod watch;

pub use changes::{ServerChange, ServerChanges, ToolChange, ToolChanges};

#[cfg(feature = "mcp-stdio")]
pub(crate) use news::ToolNews;
pub(super) use servers::all as all_servers;

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::discover::{
    DiscoverError, Latest, Listing, Unbroken, WINDOW, once_granted, subscribe, until_known,
};
use crate::json;
use crate::log_rate::limited;
use crate::session::Session;
use crate::shown::shown;
use crate::wire::{DecodeError, Identifier, Namespace, ServerCard, Status, ToolCard};

/// The two kinds of card.
pub(super) trait Card: Sized + Serialize {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError>;
    fn topic(namespace: &Namespace, name: &str) -> String;
}

impl Card for ToolCard {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        ToolCard::read(name, payload)
    }

    fn topic(namespace: &Namespace, name: &str) -> String {
        namespace.tool_card(name)
    }
}

impl Card for ServerCard {
    fn read(name: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        ServerCard::read(name, payload)
    }

    fn topic(namespace: &Namespace, name: &str) -> String {
        namespace.server_card(name)
    }
}

/// The maximum memory of a listing's cards, in bytes.
const CARD_BYTES: usize = 128 << 20;

/// Collects cards up to that limit; returns `false` if there were more. A card may take many times the size of its text
/// in memory.
fn collect<C: Card>(cards: impl IntoIterator<Item = C>) -> (Vec<C>, bool) {
    let (mut collected, mut bytes) = (Vec::new(), 0_usize);
    for card in cards {
        bytes = bytes.saturating_add(size_of::<C>() + json::memory_of_fields(&card));
        if bytes > CARD_BYTES {
            return (collected, false);
        }
        collected.push(card);
    }
    (collected, true)
}

/// The valid cards, by name, parsed lazily. Invalid ones are ignored (`SUB-11`).
fn readable<C: Card>(namespace: &Namespace, cards: BTreeMap<String, Bytes>) -> impl Iterator<Item = C> {
    let read = move |(name, payload): (String, Bytes)| match C::read(&name, &payload) {
        Ok(card) => card,
        Err(error) => {
            limited!(warn, "ignored a card", topic = %shown(&C::topic(namespace, &name)), %error);
            None
        }
    };
    cards.into_iter().filter_map(read)
}

/// Whether a tool counts as online (`MCP-13`): its card says so, and a server that is online lists it. Where its
/// server's card is not known, the tool's card alone decides.
fn is_online(status: Status, is_listed: bool, knows_server: bool) -> bool {
    status == Status::Online && (is_listed || !knows_server)
}

/// The first card on an exact topic. `None` if there is none; an error if that is not known, as where the connection was
/// lost.
pub(super) async fn find<C: Card>(
    session: &Session,
    name: &str,
    until: Instant,
) -> Result<Option<C>, DiscoverError> {
    let topic = C::topic(session.namespace(), name);
    let (latest, unbroken) = (Latest::new(), Unbroken::since_now(session.link()));
    let _subscription = subscribe(session.link(), topic.clone(), &latest).await?;
    let until = once_granted(until);
    loop {
        if let Some(payload) = latest.get(name) {
            match C::read(name, &payload) {
                Ok(card) => return Ok(card),
                Err(error) => limited!(warn, "ignored a card", topic = %shown(&topic), %error),
            }
        }
        if timeout_at(until, latest.arrived()).await.is_err() {
            return unbroken.or_unknown(session.link()).map(|()| None);
        }
    }
}

/// The filter of a listing or a watch.
#[derive(Debug, Clone, Default)]
struct Wanted {
    tag: Option<String>,
    read_only: bool,
    /// The tool that a server has.
    tool: Option<String>,
}

impl Wanted {
    fn fits_tool(&self, card: &ToolCard) -> bool {
        let is_read_only =
            || card.annotations.as_ref().is_some_and(|hints| hints.read_only_hint == Some(true));
        self.tag.as_ref().is_none_or(|tag| card.tags.contains(tag)) && (!self.read_only || is_read_only())
    }

    fn fits_server(&self, card: &ServerCard) -> bool {
        self.tool.as_ref().is_none_or(|tool| card.tools.contains(tool))
    }
}

macro_rules! lists {
    ($(#[$doc:meta])* $name:ident of $card:ty, $list:path, $changes:ident) => {
        $(#[$doc])*
        ///
        /// Awaiting it gives a complete list, or [`DiscoverError::Incomplete`]; [`partial`](Self::partial) returns what
        /// was found and says whether it is complete. Cards are collected for a [`window`](Self::window) of time, 1 s by
        /// default, which is extended while cards still arrive or are fetched one by one, up to 10 s.
        #[derive(Debug)]
        #[must_use = "a look-up is made when it is awaited or watched"]
        pub struct $name {
            session: Arc<Session>,
            window: Option<Duration>,
            wanted: Wanted,
        }

        impl $name {
            pub(crate) fn new(session: Arc<Session>) -> Self {
                Self { session, window: None, wanted: Wanted::default() }
            }

            /// Sets how long cards are collected, even if all known cards have arrived earlier. For a distant or busy
            /// broker use up to 3 s.
            pub fn window(mut self, window: Duration) -> Self {
                self.window = Some(window);
                self
            }

            /// Returns what was found, even if the list is not complete.
            ///
            /// # Errors
            ///
            /// [`DiscoverError`] when the broker does not grant the subscription.
            pub async fn partial(self) -> Result<Listing<$card>, DiscoverError> {
                self.boxed().await
            }

            /// Watches what joins, leaves and changes. Entries that are already online join first. Entries of a crashed
            /// process leave after its Will Delay (`SUB-9`), unless they are back by then. If the broker lost its
            /// retained messages, as in a restart without persistence, an entry leaves if it is not back within 10 s.
            ///
            /// It does not have to be read continuously: several changes of an entry are reported as one, and none if
            /// the entry is back in its former state.
            ///
            /// # Errors
            ///
            /// [`DiscoverError`] when the broker does not grant the subscription to cards.
            pub async fn watch(self) -> Result<$changes, DiscoverError> {
                Ok($changes::new(watch::Watch::start(&self.session, self.wanted).await?))
            }

            fn boxed(self) -> BoxFuture<'static, Result<Listing<$card>, DiscoverError>> {
                Box::pin(async move { $list(&self.session, self.window, &self.wanted).await })
            }
        }

        impl IntoFuture for $name {
            type Output = Result<Vec<$card>, DiscoverError>;
            type IntoFuture = BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move { self.boxed().await?.complete() })
            }
        }
    };
}

macro_rules! finds {
    ($(#[$doc:meta])* $name:ident of $card:ty, $find:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "a look-up is made when it is awaited"]
        pub struct $name {
            session: Arc<Session>,
            name: String,
            within: Duration,
        }

        impl $name {
            pub(crate) fn new(session: Arc<Session>, name: String) -> Self {
                Self { session, name, within: WINDOW }
            }

            /// Sets how long to wait for the card. Default: 1 s. An existing card arrives at once.
            pub fn within(mut self, within: Duration) -> Self {
                self.within = within;
                self
            }
        }

        impl IntoFuture for $name {
            type Output = Result<Option<$card>, DiscoverError>;
            type IntoFuture = BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move {
                    Identifier::parse(&self.name)?;
                    until_known(self.within, |until| $find(&self.session, &self.name, until)).await
                })
            }
        }
    };
}

lists! {
    /// Lists the tools that are online, by name; see [`Client::tools`](crate::Client::tools).
    ///
    /// A tool is online if its card says so and an online server lists it; if the server's card cannot be read, only
    /// the tool's card counts. A card is a hint (`MCP-13`): a tool that is not listed may still answer.
    ///
    /// Without a window, it ends as soon as everything is known: the broker has sent all cards, and the card of each
    /// tool that the servers' cards name has arrived. If no server's card can be read, it takes the whole second.
    ListTools of ToolCard, tools::list, ToolChanges
}

lists! {
    /// Lists the servers that are online by their cards, sorted by id; see [`Client::servers`](crate::Client::servers).
    ListServers of ServerCard, servers::list, ServerChanges
}

impl ListTools {
    /// Only tools with this tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.wanted.tag = Some(tag.into());
        self
    }

    /// Only tools whose card says that they are read-only. That is a hint of the card's publisher.
    pub fn read_only(mut self) -> Self {
        self.wanted.read_only = true;
        self
    }
}

impl ListServers {
    /// Only servers of this tool.
    pub fn tool(mut self, name: impl Into<String>) -> Self {
        self.wanted.tool = Some(name.into());
        self
    }
}

finds! {
    /// Finds the card of one tool, online or not; `None` if there is none. See [`Client::tool`](crate::Client::tool).
    FindTool of ToolCard, tools::find
}

finds! {
    /// Finds the card of one server, online or not; `None` if there is none. See
    /// [`Client::server`](crate::Client::server).
    FindServer of ServerCard, servers::find
}

impl FindServer {
    pub(super) fn into_parts(self) -> (Arc<Session>, String, Duration) {
        (self.session, self.name, self.within)
    }
}
