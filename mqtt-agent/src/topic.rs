#![doc = include_str!("../docs/topics.md")]
// `serve` subscribes the handlers and runs them, message by message; `answer` answers requests; `event` publishes; `ask`
// asks; `publish` and `messages` do without the macros; `outgoing` is what both send, `payload` what a message can carry.
// Nothing here knows the protocol's topics; what the macros leave behind is in `handler::registry`.

mod ask;
mod error;
mod event;
mod messages;
mod outgoing;
mod payload;
mod publish;
mod serve;

pub use ask::{Ask, Asking};
pub use error::EventError;
pub use event::{Draft, IsSet, Publishing, Set, Unset};
pub use messages::{Incoming, Messages, Subscribe};
pub use payload::{Encoded, EventPayload, Payload};
pub use publish::Publish;
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
