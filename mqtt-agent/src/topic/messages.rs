//! Subscribing to a topic filter that is known only at run time.

use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::link::{Filter, Inbound, Inbox, QoS, RetainHandling, SubscribeError, Subscription};
use crate::session::Session;

impl Client {
    /// Subscribes any topic filter, as where it comes from a configuration; [`#[on]`](macro@crate::on) is for topics that are
    /// known beforehand. Gives the messages one by one, those that the broker has retained first.
    ///
    /// ```no_run
    /// use mqtt_agent::prelude::*;
    ///
    /// # async fn example(client: Client, filter: String) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut readings = client.subscribe(filter).await?;
    /// while let Some(message) = readings.next().await {
    ///     let celsius: f64 = message.json()?;
    ///     println!("{}: {celsius}", message.topic());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What is not read holds up nobody: up to 1,024 messages and 8 MiB wait in memory, and more at the broker; at QoS 0 more
    /// are dropped. A message is taken when it comes: a crash loses those that were not read. The subscription ends when the
    /// messages are dropped, and is made again after a reconnect.
    pub fn subscribe(&self, filter: impl Into<String>) -> Subscribe {
        Subscribe { session: Arc::clone(self.session()), filter: Filter::new(filter) }
    }
}

/// A subscription that is not made yet; see [`Client::subscribe`].
#[derive(Debug)]
#[must_use = "a subscription is made when it is awaited"]
pub struct Subscribe {
    session: Arc<Session>,
    filter: Filter,
}

impl Subscribe {
    /// Leaves out what the broker has retained.
    pub fn without_retained(mut self) -> Self {
        self.filter = self.filter.with_retain_handling(RetainHandling::DoNotSend);
        self
    }

    /// Receives at QoS 0, whatever messages were published with.
    pub fn at_most_once(mut self) -> Self {
        self.filter.qos = QoS::AtMostOnce;
        self
    }
}

impl IntoFuture for Subscribe {
    type Output = Result<Messages, SubscribeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { session, filter } = self;
        Box::pin(async move {
            let (handler, inbox) = session.link().buffered_inbox("a message of a subscription");
            let subscription = session.link().subscribe_one(filter, handler).await?;
            Ok(Messages { inbox, _subscription: subscription })
        })
    }
}

/// The messages of one subscription, as they come; see [`Client::subscribe`]. It ends with the connection.
#[derive(Debug)]
pub struct Messages {
    inbox: Inbox,
    _subscription: Subscription,
}

impl Messages {
    /// The next message; `None` when the connection was closed. May be dropped at any time: no message is lost by that.
    pub async fn next(&mut self) -> Option<Incoming> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let message = ready!(self.inbox.poll_recv(cx));
        Poll::Ready(message.map(|(inbound, ack)| {
            ack.in_memory();
            Incoming(inbound)
        }))
    }
}

impl Stream for Messages {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.get_mut().poll(cx)
    }
}

/// A message that came.
#[derive(Debug, Clone)]
pub struct Incoming(Inbound);

impl Incoming {
    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.0.topic()
    }

    /// Its payload, as it came.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// Its payload as JSON.
    ///
    /// # Errors
    ///
    /// When it is no JSON, or another value.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.0.payload)
    }

    /// Whether the broker had kept it before it was subscribed.
    #[must_use]
    pub fn is_retained(&self) -> bool {
        self.0.retain
    }

    /// The first user property of this name.
    #[must_use]
    pub fn user_property(&self, name: &str) -> Option<&str> {
        self.0.properties.user.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
