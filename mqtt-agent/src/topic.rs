#![doc = include_str!("../docs/topics.md")]
// `serve` subscribes the handlers and runs them, message by message; `answer` answers requests; `event` publishes; `ask`
// asks; `outgoing` is what both send. What does without the macros is in `client::topics`.
// Nothing here knows the protocol's topics; what the macros leave behind is in `handler::registry`.

mod ask;
mod event;
mod outgoing;
mod serve;

pub use crate::client::topics::{
    Encoded, EventError, EventPayload, Incoming, Messages, Payload, Publish, Subscribe,
};
pub use ask::{Ask, Asking};
pub use event::{Draft, IsSet, Publishing, Set, Unset};
pub(crate) use serve::TopicServer;

use std::borrow::Cow;

use crate::handler::registry::HandlerDef;

/// The filter that a handler subscribes to.
pub(crate) fn filter(handler: &HandlerDef) -> Cow<'static, str> {
    match handler.shared {
        Some(group) => Cow::Owned(format!("$share/{group}/{}", handler.topic.filter())),
        None => Cow::Borrowed(handler.topic.filter()),
    }
}
