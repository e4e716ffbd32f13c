//! Finding tools and servers by their retained cards (`MCP-11`): the look-ups as callers make them. Each has its own
//! subscriptions, so any number run at once.

#[cfg(feature = "mcp-stdio")]
mod news;
mod servers;
mod tools;

#[cfg(feature = "mcp-stdio")]
pub(crate) use news::ToolNews;

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

/// How many bytes of cards a listing takes in memory.
const CARD_BYTES: usize = 128 << 20;

/// Collects cards as long as they take no more than that in memory. A short card may take many times its text: a list of empty
/// words. `false` when there were more.
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

/// The cards that can be read, by name, each when it is asked for. Retained garbage is passed over (`SUB-11`).
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

/// The first card that comes on an exact topic.
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
        /// Awaiting it gives all of them, or [`DiscoverError::Incomplete`]; [`partial`](Self::partial) gives what there
        /// is and says whether that is all. Cards are collected for a [`window`](Self::window) of time, which is
        /// extended while they still come or are fetched one by one, up to 10 s.
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

            /// How long cards are collected. Default: 1 s; on a far or busy broker up to 3 s are usual.
            pub fn window(mut self, window: Duration) -> Self {
                self.window = window;
                self
            }

            /// What can be found, which may be less than there is.
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

            /// How long to wait for the card. Default: 1 s. A card that is there comes at once.
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
    /// Those are the tools whose card says so and that a server lists which is online; where the server's card cannot be
    /// read, the tool's card alone decides. A card is a hint (`MCP-13`): a tool that is not listed may answer.
    ListTools of ToolCard, tools::list
}

lists! {
    /// Lists the servers whose card says that they are online, by id; see [`Client::servers`](crate::Client::servers).
    ListServers of ServerCard, servers::list
}

finds! {
    /// Looks up one tool's card, online or not; `None` when there is none. See [`Client::tool`](crate::Client::tool).
    FindTool of ToolCard, tools::find
}

finds! {
    /// Looks up one server's card, online or not; `None` when there is none. See [`Client::server`](crate::Client::server).
    FindServer of ServerCard, servers::find
}

impl FindServer {
    pub(super) fn into_parts(self) -> (Arc<Session>, String, Duration) {
        (self.session, self.name, self.within)
    }
}
