//! Publishes an event: the builder that `#[event]` uses.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::outgoing::Outgoing;
use crate::client::Client;
use crate::client::topics::{Encoded, EventError, Publisher};
use crate::handler::registry::EventDef;
use crate::link::{Message, QoS};

/// A placeholder of an event's topic that has a value.
#[derive(Debug, Clone, Copy)]
pub struct Set;

/// A placeholder of an event's topic that has no value yet.
#[derive(Debug, Clone, Copy)]
pub struct Unset;

/// Implemented for a placeholder with a value; publishing an event with an unset placeholder does not compile.
#[diagnostic::on_unimplemented(
    message = "a placeholder of the event's topic has no value",
    label = "published before each placeholder is set",
    note = "each placeholder has a setter of its name: for `home/{{room}}/alarm` call `.room(..)` first"
)]
pub trait IsSet {}

#[diagnostic::do_not_recommend]
impl IsSet for Set {}

/// An event that is not published yet. Generated code wraps it in a type with a setter for each placeholder.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Draft {
    event: &'static EventDef,
    outgoing: Outgoing,
}

impl Draft {
    /// An event with a payload.
    pub fn new(event: &'static EventDef, payload: serde_json::Result<Encoded>) -> Self {
        Self { event, outgoing: Outgoing::new(event.topic, Some(payload)) }
    }

    /// An event without a payload.
    #[must_use]
    pub fn empty(event: &'static EventDef) -> Self {
        Self { event, outgoing: Outgoing::new(event.topic, None) }
    }

    /// Sets a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl Display) -> Self {
        self.outgoing.set(name, value);
        self
    }

    /// Limits the wait for the acknowledgement.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.outgoing.timeout = Some(timeout);
        self
    }

    /// Publishes the event.
    pub fn publish(self, client: &Client) -> Publishing {
        let publisher = Publisher::of(client);
        Publishing(Box::pin(async move {
            let timeout = self.outgoing.timeout;
            // No expiry: the broker would drop a retained message with it.
            publisher.publish(self.message()?, timeout).await
        }))
    }

    fn message(self) -> Result<Message, EventError> {
        let mut message = self.outgoing.message()?;
        if self.event.qos == 0 {
            message = message.with_qos(QoS::AtMostOnce);
        }
        Ok(if self.event.retain { message.retained() } else { message })
    }
}

/// An event that is being published. Awaiting it sends the event; dropping it before the event is sent withdraws it.
// A type of its own: of an `async fn` rustc would report an unset placeholder at each use of its future.
#[must_use = "an event is sent when it is awaited"]
pub struct Publishing(Pin<Box<dyn Future<Output = Result<(), EventError>> + Send>>);

impl Future for Publishing {
    type Output = Result<(), EventError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publishing(..)")
    }
}
