//! [`ToolChanges`] and [`ServerChanges`]: watching which tools and servers join, leave and change.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::watch::{Change, Watch};
use crate::wire::{ServerCard, ToolCard};

macro_rules! changes {
    ($change:ident, $changes:ident, $card:ty, $one:literal, $made:literal) => {
        #[doc = concat!("A change of a ", $one, ".")]
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $change {
            /// It came online.
            Joined($card),
            /// Its card has changed.
            Changed($card),
            /// It has been offline for 300 ms, or its card was removed, or it no longer matches the filter.
            Left(String),
        }

        impl From<Change<$card>> for $change {
            fn from(change: Change<$card>) -> Self {
                match change {
                    Change::Joined(card) => Self::Joined(card),
                    Change::Changed(card) => Self::Changed(card),
                    Change::Left(name) => Self::Left(name),
                }
            }
        }

        #[doc = concat!("The changes of ", $one, "s; made by ", $made, ".")]
        ///
        /// It is a [`Stream`] that ends when the connection is closed. It does not have to be read continuously: it
        /// keeps the current cards, at most 100,000 and 128 MiB of each kind, and reports the differences from what it
        /// reported before. Messages that arrive within 100 ms are handled together.
        #[derive(Debug)]
        pub struct $changes(Watch<$card>);

        impl $changes {
            pub(super) fn new(watch: Watch<$card>) -> Self {
                Self(watch)
            }

            /// Whether it knows all cards, as far as it can tell. False if there are more than it keeps, or if a card
            /// that another card names could not be fetched.
            #[must_use]
            pub fn is_complete(&self) -> bool {
                self.0.is_complete()
            }

            /// Waits for the next change; `None` when the connection was closed. Cancel safe: no change is lost.
            pub async fn next(&mut self) -> Option<$change> {
                poll_fn(|cx| self.poll(cx)).await
            }

            fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<$change>> {
                self.0.poll(cx).map(|change| change.map(Into::into))
            }
        }

        impl Stream for $changes {
            type Item = $change;

            fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<$change>> {
                self.get_mut().poll(cx)
            }
        }
    };
}

changes!(ToolChange, ToolChanges, ToolCard, "tool", "[`ListTools::watch`](crate::ListTools::watch)");
changes!(
    ServerChange,
    ServerChanges,
    ServerCard,
    "server",
    "[`ListServers::watch`](crate::ListServers::watch)"
);
