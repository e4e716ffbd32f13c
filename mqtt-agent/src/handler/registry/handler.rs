//! One topic handler or event, as `#[on]`, `#[request]` and `#[event]` leave it.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator};

use super::{ArgDef, Handler, Location, TopicDef};
use crate::handler::layer::SharedLayer;
use crate::handler::reply::{Codes, NO_CODES};

/// What a topic handler does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerKind {
    /// `#[on]`: takes it.
    On,
    /// `#[request]`: answers it on its Response Topic.
    Request,
}

/// The definition of one topic handler: what `#[on]` or `#[request]` makes of a function.
#[derive(Debug)]
pub struct HandlerDef {
    pub(crate) kind: HandlerKind,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) topic: TopicDef,
    pub(crate) args: &'static [ArgDef],
    pub(crate) output: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) handler: Handler,
    pub(crate) location: Location,
    pub(crate) qos: u8,
    pub(crate) shared: Option<&'static str>,
    pub(crate) reply: Option<&'static str>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) errors: &'static dyn Codes,
    pub(crate) layers: &'static [fn() -> SharedLayer],
}

impl HandlerDef {
    /// A handler with nothing but what every handler has.
    #[allow(clippy::too_many_arguments)]
    #[must_use]
    pub const fn new(
        kind: HandlerKind,
        name: &'static str,
        description: &'static str,
        topic: TopicDef,
        args: &'static [ArgDef],
        output: fn(&mut SchemaGenerator) -> Schema,
        handler: Handler,
        location: Location,
    ) -> Self {
        Self {
            kind,
            name,
            description,
            topic,
            args,
            output,
            handler,
            location,
            qos: 1,
            shared: None,
            reply: None,
            timeout: None,
            concurrency: None,
            errors: NO_CODES,
            layers: &[],
        }
    }

    /// Stands in for a definition that did not compile, so that a list which names it adds no error of its own.
    #[doc(hidden)]
    pub const BROKEN: Self = Self::new(
        HandlerKind::On,
        "",
        "",
        TopicDef::new("", "", &[]),
        &[],
        SchemaGenerator::subschema_for::<()>,
        Handler::Inline(|_| Err(super::Refused)),
        Location::new("", 0),
    );

    /// The function's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The topic that it handles.
    #[must_use]
    pub const fn topic(&self) -> TopicDef {
        self.topic
    }

    /// Where the function was written.
    #[must_use]
    pub const fn location(&self) -> Location {
        self.location
    }

    /// The most that the subscription asks for: 0 or 1.
    #[must_use]
    pub const fn qos(mut self, qos: u8) -> Self {
        self.qos = qos;
        self
    }

    /// The group that shares the messages.
    #[must_use]
    pub const fn shared(mut self, group: &'static str) -> Self {
        self.shared = Some(group);
        self
    }

    /// The topics that a request may be answered to, as a filter, beside clients' response topics.
    #[must_use]
    pub const fn reply(mut self, filter: &'static str) -> Self {
        self.reply = Some(filter);
        self
    }

    /// Where the codes of its errors come from.
    #[doc(hidden)]
    #[must_use]
    pub const fn error_codes(mut self, codes: &'static dyn Codes) -> Self {
        self.errors = codes;
        self
    }

    /// How long one message may take, in milliseconds.
    #[must_use]
    pub const fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// How many messages are handled at once.
    #[must_use]
    pub const fn concurrency(mut self, messages: u32) -> Self {
        self.concurrency = Some(messages);
        self
    }

    /// What stands around the handler of a request, the outermost first. Each is made when an agent is built.
    #[doc(hidden)]
    #[must_use]
    pub const fn layers(mut self, layers: &'static [fn() -> SharedLayer]) -> Self {
        self.layers = layers;
        self
    }
}

/// The definition of one event: what `#[event]` makes of a function without a body.
#[derive(Debug)]
pub struct EventDef {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) topic: TopicDef,
    pub(crate) payload: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub(crate) location: Location,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

impl EventDef {
    /// An event at QoS 1 that is not retained.
    #[must_use]
    pub const fn new(
        name: &'static str,
        description: &'static str,
        topic: TopicDef,
        payload: Option<fn(&mut SchemaGenerator) -> Schema>,
        location: Location,
    ) -> Self {
        Self { name, description, topic, payload, location, qos: 1, retain: false }
    }

    /// The function's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The topic that it is published to.
    #[must_use]
    pub const fn topic(&self) -> TopicDef {
        self.topic
    }

    /// Where the function was written.
    #[must_use]
    pub const fn location(&self) -> Location {
        self.location
    }

    /// How surely it arrives: 0 or 1.
    #[must_use]
    pub const fn qos(mut self, qos: u8) -> Self {
        self.qos = qos;
        self
    }

    /// Whether the broker keeps the last one for later subscribers.
    #[must_use]
    pub const fn retain(mut self, yes: bool) -> Self {
        self.retain = yes;
        self
    }
}
