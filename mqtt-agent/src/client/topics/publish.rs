//! Publishes to a topic that is known only at run time.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::error::EventError;
use super::payload::{Encoded, EventPayload};
use crate::client::Client;
use crate::link::{Message, QoS, unsent};
use crate::session::Session;
use crate::spans;
use crate::wire::TraceContext;

impl Client {
    /// Publishes to any topic, for example from a configuration; for topics that are known at compile time use
    /// [`#[event]`](macro@crate::event). The payload is sent as JSON, or as raw bytes for a
    /// [`Payload`](crate::topic::Payload).
    ///
    /// ```no_run
    /// use mqtt_agent::prelude::*;
    /// use mqtt_agent::topic::Payload;
    ///
    /// # async fn example(client: Client, topic: String) -> Result<(), mqtt_agent::topic::EventError> {
    /// client.publish(topic, &json!({"celsius": 21.5})).retained().await?;
    /// client.publish("camera/1/frame", &Payload::from(vec![0, 1])).at_most_once().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Awaiting it waits for the broker's acknowledgement, up to the client's timeout. Dropping it before the message
    /// is sent withdraws the message.
    pub fn publish<P: EventPayload + ?Sized>(&self, topic: impl Into<String>, payload: &P) -> Publish {
        Publish::new(Publisher::of(self), topic.into(), payload.encode())
    }
}

/// As whom a message is published, and in which trace.
pub(crate) struct Publisher {
    session: Arc<Session>,
    /// That of the handler whose client it is.
    trace: Option<TraceContext>,
}

impl Publisher {
    pub(crate) fn of(client: &Client) -> Self {
        let trace = &client.handle().scope().trace;
        // A message of users' own carries a trace context only where there are spans.
        let trace = trace.as_ref().filter(|_| cfg!(feature = "otel")).cloned();
        Self { session: Arc::clone(client.session()), trace }
    }

    /// Publishes, and waits for the broker's acknowledgement.
    pub(crate) async fn publish(self, message: Message, timeout: Option<Duration>) -> Result<(), EventError> {
        let Self { session, trace } = self;
        let timeout = timeout.unwrap_or_else(|| session.timeout());
        let client = session.id().as_str();
        let span = spans::publish(&message.topic, client, message.payload.len(), trace.as_ref());
        let message = message.with_other_trace(spans::given(&span, None).as_deref());
        let published = session.link().publish(message).instrument(span.clone());
        match tokio::time::timeout(timeout, published).await {
            Ok(outcome) => {
                // Whether somebody listens is none of its business.
                spans::ended(&span, unsent(&outcome).filter(|_| outcome.is_err()));
                outcome.map(|_| ()).map_err(EventError::Publish)
            }
            Err(_) => {
                spans::ended(&span, Some("timeout"));
                Err(EventError::Timeout { after: timeout })
            }
        }
    }
}

/// A message that is not published yet; see [`Client::publish`].
#[must_use = "a message is published when it is awaited"]
pub struct Publish {
    publisher: Publisher,
    message: Result<Message, EventError>,
    timeout: Option<Duration>,
}

impl Publish {
    fn new(publisher: Publisher, topic: String, payload: serde_json::Result<Encoded>) -> Self {
        let message = match payload {
            Ok(Encoded { bytes, is_json: true }) => Ok(Message::json(topic, bytes)),
            Ok(Encoded { bytes, is_json: false }) => Ok(Message::new(topic, bytes)),
            Err(error) => Err(EventError::Payload { message: error.to_string() }),
        };
        Self { publisher, message, timeout: None }
    }

    /// Has the broker retain the message for later subscribers.
    pub fn retained(self) -> Self {
        self.with(Message::retained)
    }

    /// Sends it at QoS 0: it may be lost, and there is no acknowledgement.
    pub fn at_most_once(self) -> Self {
        self.with(|message| message.with_qos(QoS::AtMostOnce))
    }

    /// Adds an MQTT user property.
    pub fn user_property(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|message| message.with_user(name, value))
    }

    /// Limits the wait for the broker's acknowledgement.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn with(self, change: impl FnOnce(Message) -> Message) -> Self {
        Self { message: self.message.map(change), ..self }
    }
}

impl IntoFuture for Publish {
    type Output = Result<(), EventError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { publisher, message, timeout } = self;
        Box::pin(async move { publisher.publish(message?, timeout).await })
    }
}

impl fmt::Debug for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish").field("message", &self.message).finish_non_exhaustive()
    }
}
