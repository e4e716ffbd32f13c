//! Messages on users' own topics: [`Client::publish`](crate::Client::publish) and
//! [`Client::subscribe`](crate::Client::subscribe), and what a message can carry. The macros' side is in [`crate::topic`].

mod error;
mod payload;
mod publish;
mod subscribe;

pub use error::EventError;
pub use payload::{Encoded, EventPayload, Payload};
pub use publish::Publish;
pub(crate) use publish::Publisher;
pub use subscribe::{Incoming, Messages, Subscribe};
