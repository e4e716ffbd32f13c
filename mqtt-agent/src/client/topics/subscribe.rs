//! Subscribes to a topic filter that is known only at run time.

use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::link::{Filter, Inbound, Mailbox, QoS, RetainHandling, SubscribeError, Subscription};
use crate::session::Session;

impl Client {
    /// Subscribes to any topic filter, for example from a configuration; for topics that are known at compile time use
    /// [`#[on]`](macro@crate::on). Returns the messages one by one, retained ones first.
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
    /// Up to 1,024 unread messages and 8 MiB wait in memory. They are acknowledged as they arrive, so a crash loses
    /// them. Further messages, up to 32 MiB, wait unacknowledged, each for 10 s at most. In the meantime the broker
    /// holds back later messages, also those for other users of this connection. When nothing has been read for 10 s,
    /// further messages are dropped, logged and counted by [`Messages::missed`]. At QoS 0 further messages are dropped
    /// at once. The subscription ends when [`Messages`] is dropped, and is renewed after a reconnect.
    pub fn subscribe(&self, filter: impl Into<String>) -> Subscribe {
        Subscribe { session: Arc::clone(self.session()), filter: Filter::new(filter) }
    }
}

/// A subscription that is not requested yet; see [`Client::subscribe`].
#[derive(Debug)]
#[must_use = "a subscription is made when it is awaited"]
pub struct Subscribe {
    session: Arc<Session>,
    filter: Filter,
}

impl Subscribe {
    /// Leaves out retained messages.
    pub fn without_retained(mut self) -> Self {
        self.filter = self.filter.with_retain_handling(RetainHandling::DoNotSend);
        self
    }

    /// Receives at QoS 0.
    pub fn at_most_once(mut self) -> Self {
        self.filter.qos = QoS::AtMostOnce;
        self
    }
}

impl Subscribe {
    /// Subscribes, and adds the messages to those of another subscription of this client: in the order in which the
    /// connection receives them, within the limits of the other one. A message that matches several of the filters may arrive once for each.
    ///
    /// ```no_run
    /// # use mqtt_agent::prelude::*;
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut messages = client.subscribe("press/+/ordered").await?;
    /// client.subscribe("press/+/done").join(&mut messages).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the broker refuses the subscription, or the connection is closed. The other subscription goes on.
    pub async fn join(self, messages: &mut Messages) -> Result<(), SubscribeError> {
        let Self { session, filter } = self;
        let closed = SubscribeError::Closed { filter: filter.filter.clone() };
        let handler = messages.mailbox.handler().ok_or(closed)?;
        messages.subscriptions.push(session.link().subscribe_one(filter, handler).await?);
        Ok(())
    }
}

impl IntoFuture for Subscribe {
    type Output = Result<Messages, SubscribeError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { session, filter } = self;
        Box::pin(async move {
            let (handler, mailbox) = session.link().mailbox("a message of a subscription");
            let subscription = session.link().subscribe_one(filter, handler).await?;
            Ok(Messages { subscriptions: vec![subscription], mailbox })
        })
    }
}

/// The messages of a subscription; see [`Client::subscribe`]. Ends with the connection.
#[derive(Debug)]
pub struct Messages {
    // They end before the mailbox does.
    subscriptions: Vec<Subscription>,
    mailbox: Mailbox,
}

impl Messages {
    /// Waits for the next message; `None` when the connection was closed. Cancel safe: no message is lost.
    pub async fn next(&mut self) -> Option<Incoming> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let message = ready!(self.mailbox.poll_recv(cx));
        Poll::Ready(message.map(Incoming))
    }

    /// How many messages were dropped because too many were unread; see [`Client::subscribe`].
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.mailbox.missed()
    }
}

impl Stream for Messages {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.get_mut().poll(cx)
    }
}

/// An incoming message.
#[derive(Debug, Clone)]
pub struct Incoming(Inbound);

impl Incoming {
    /// Its topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        self.0.topic()
    }

    /// Its raw payload.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// Deserializes its payload from JSON.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or does not fit the type.
    pub fn json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.0.payload)
    }

    /// Whether it is a retained message from before the subscription.
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
