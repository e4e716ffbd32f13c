//! The protocol as data: MQTT.Agent v0.1, namespaces to messages. No I/O, no runtime, no MQTT client.
//!
//! Every parser is total: any byte string gives a value or an error that says what is wrong, never a panic. Unknown
//! fields and unknown error types are ignored, because minor versions of the protocol only add.
//!
//! The identifiers in this documentation (`SUB-4`, `MCP-6`, ...) name the rules of the protocol that an item
//! implements.

mod agent_card;
mod agent_topics;
mod call;
mod call_path;
mod card;
mod card_schema;
mod chunk;
pub mod codes;
mod content;
mod decode_error;
mod digest;
mod ident;
mod inbox;
mod namespace;
mod part;
mod payload;
mod query;
mod reply;
mod response;
mod server_card;
mod stats;
mod stream;
mod task;
mod task_result;
mod tolerant;
mod tool_card;
mod topics;
mod trace;

/// The version of the MQTT.Agent specification that this crate implements. Cards carry their own format's `version`,
/// which is `"1"`. The page [`guide::wire`](crate::guide::wire) has every message.
pub const SPEC_VERSION: &str = "0.1";

/// The current time in the format of the wire: RFC 3339, in UTC, with milliseconds.
#[must_use]
pub fn now_rfc3339() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod task_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tolerance_tests;

pub(crate) use agent_card::SKILL_SCHEMAS;
pub use agent_card::{
    AgentCard, AgentExtension, AgentProvider, AgentSkill, AgentStatus, AgentVersion, Endpoints,
};
pub(crate) use call::{ACCEPTS_CHUNKS, ACCEPTS_CONTENT};
pub use call::{CallRequest, CancelRequest, MalformedCall};
pub use call_path::CallPath;
pub use card::Status;
pub use card_schema::CardSchema;
pub(crate) use chunk::JSON;
pub use chunk::{Chunk, Chunks};
pub(crate) use content::{BYTES, kinds as content_kinds};
pub use content::{BlockContent, ContentBlock, Resource, ResourceBody, ResourceLink};
pub use decode_error::{DecodeCause, DecodeError};
pub(crate) use digest::Sha256;
pub use ident::{Identifier, IdentifierError, is_topic_text};
pub use inbox::{Intent, TaskNotification};
pub use namespace::{Namespace, NamespaceError};
pub use part::{Base64, Part, PartContent};
pub use query::{TaskList, TaskQuery, TaskSummary};
pub use reply::reply_address;
pub use response::{ErrorBody, ErrorKind, Response};
pub use server_card::{ServerCard, ServerVersion};
pub use stats::{Quantiles, ServerPing, ServerStats, ToolStats};
pub(crate) use stream::StreamHead;
pub use stream::{StreamKind, StreamMessage};
pub use task::{Artifact, Role, Task, TaskError, TaskMessage, TaskState};
pub use task_result::TaskResult;
pub use tool_card::{ToolAnnotations, ToolCard, ToolVersion};
pub use topics::Topic;
pub use trace::TraceContext;
