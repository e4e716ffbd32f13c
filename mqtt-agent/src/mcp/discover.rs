//! Finding tools and servers by their retained cards (`MCP-11`). Each look-up has its own subscriptions, so any number
//! can run concurrently.

#[cfg(feature = "mcp-stdio")]
mod news;
mod servers;
mod tools;

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

use crate::deadline;
use crate::discover::{DiscoverError, Latest, Listing, WINDOW, subscribe};
use crate::json;
use crate::log_rate::limited;
use crate::session::Session;
use crate::shown::shown;
use crate::wire::{DecodeError, Identifier, Namespace, ServerCard, ToolCard};

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

/// The first card on an exact topic.
pub(super) async fn find<C: Card>(
    session: &Session,
    name: &str,
    until: Instant,
) -> Result<Option<C>, DiscoverError> {
    let topic = C::topic(session.namespace(), name);
    let latest = Latest::new();
    let _subscription = subscribe(session.link(), topic.clone(), &latest).await?;
    loop {
        if let Some(payload) = latest.get(name) {
            match C::read(name, &payload) {
                Ok(card) => return Ok(card),
                Err(error) => limited!(warn, "ignored a card", topic = %shown(&topic), %error),
            }
        }
        if timeout_at(until, latest.arrived()).await.is_err() {
            return Ok(None);
        }
    }
}

macro_rules! lists {
    ($(#[$doc:meta])* $name:ident of $card:ty, $list:path) => {
        $(#[$doc])*
        ///
        /// Awaiting it gives a complete list, or [`DiscoverError::Incomplete`]; [`partial`](Self::partial) returns what
        /// was found and says whether it is complete. Cards are collected for a [`window`](Self::window) of time, which
        /// is extended while cards still arrive or are fetched one by one, up to 10 s.
        #[derive(Debug)]
        #[must_use = "a look-up is made when it is awaited"]
        pub struct $name {
            session: Arc<Session>,
            window: Duration,
        }

        impl $name {
            pub(crate) fn new(session: Arc<Session>) -> Self {
                Self { session, window: WINDOW }
            }

            /// Sets how long cards are collected. Default: 1 s; for a distant or busy broker use up to 3 s.
            pub fn window(mut self, window: Duration) -> Self {
                self.window = window;
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

            fn boxed(self) -> BoxFuture<'static, Result<Listing<$card>, DiscoverError>> {
                Box::pin(async move { $list(&self.session, self.window).await })
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
                    let until = deadline::within(self.within).into();
                    $find(&self.session, &self.name, until).await
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
    ListTools of ToolCard, tools::list
}

lists! {
    /// Lists the servers that are online by their cards, sorted by id; see [`Client::servers`](crate::Client::servers).
    ListServers of ServerCard, servers::list
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
