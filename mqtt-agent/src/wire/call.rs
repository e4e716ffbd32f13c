//! A call (`MCP-3`), a malformed call (`MCP-9`), and a cancellation (`MCP-17`).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode_error::{DecodeCause, DecodeError, Form};
use super::payload;
use super::tolerant::unique_object;
use super::{Identifier, now_rfc3339};
use crate::shown::debug_as_display;

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// The call's id, opaque (`MCP-4`).
    pub call_id: Identifier,
    /// The arguments; an absent value means an empty object.
    #[serde(default, deserialize_with = "unique_object")]
    pub arguments: Map<String, Value>,
    /// The caller's claimed id (`SUB-7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// When the call was made, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The topic for the answer, for peers that cannot set a Response Topic (`MCP-5`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_topic: Option<String>,
    /// The largest message that the caller accepts, in bytes of the MQTT packet (`SUB-14`, an extension of this
    /// library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// Which additions of this library to an answer the caller understands: `content` (`MCP-21`), `chunks` (`MCP-22`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<String>,
}

/// In [`CallRequest::accepts`]: the caller reads content (`MCP-21`).
pub(crate) const ACCEPTS_CONTENT: &str = "content";

/// In [`CallRequest::accepts`]: the caller puts a result in chunks together (`MCP-22`).
pub(crate) const ACCEPTS_CHUNKS: &str = "chunks";

impl CallRequest {
    /// Whether the caller understands an addition of this library to an answer.
    #[must_use]
    pub fn accepts(&self, addition: &str) -> bool {
        self.accepts.iter().any(|accepted| accepted == addition)
    }

    /// Reads a call.
    ///
    /// # Errors
    ///
    /// When it is not a valid call; the error contains the fields that could be read.
    pub fn read(payload: &[u8]) -> Result<Self, MalformedCall> {
        CALL.read(payload).map_err(|error| MalformedCall::salvage(payload, error))
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and trees of them: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The payload of a new call, with serialized arguments.
    #[must_use]
    pub fn encode(
        call_id: &Identifier,
        arguments: &RawValue,
        client: &str,
        response_topic: &str,
        max_message_bytes: u64,
        accepts: &[&str],
    ) -> Vec<u8> {
        #[derive(Serialize)]
        struct New<'a> {
            call_id: &'a Identifier,
            arguments: &'a RawValue,
            client: &'a str,
            timestamp: String,
            response_topic: &'a str,
            max_message_bytes: u64,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            accepts: &'a [&'a str],
        }
        let timestamp = now_rfc3339();
        let call = New { call_id, arguments, client, timestamp, response_topic, max_message_bytes, accepts };
        payload::write(arguments.get().len(), &call)
    }
}

static CALL: Form = Form {
    name: "the call",
    mend: r#"send `{"call_id": .., "arguments": {..}, "client": ..}`"#,
    // With other arguments it would be another call.
    vital: &["call_id", "arguments"],
};

static CANCEL: Form =
    Form { name: "the cancel", mend: r#"send `{"call_id": .., "client": ..}`"#, vital: &[] };

/// A malformed call, with the fields that could be read: enough to refuse it, if it has a reply address.
#[derive(thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct MalformedCall {
    /// What is wrong with it.
    pub error: DecodeError,
    /// The call's id.
    pub call_id: Option<Identifier>,
    /// The caller's claimed id.
    pub client: Option<String>,
    /// The topic for the answer.
    pub response_topic: Option<String>,
}

debug_as_display!(MalformedCall);

impl MalformedCall {
    fn salvage(payload: &[u8], error: DecodeError) -> Self {
        let parts: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
        let text = |name: &str| parts.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            error,
            call_id: text("call_id").and_then(|id| Identifier::parse(&id).ok()),
            client: text("client"),
            response_topic: text("response_topic"),
        }
    }
}

/// Asks the servers of a tool to cancel calls (`MCP-17`, an extension of this library).
///
/// On the wire, one call is in `call_id`, several are in `call_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// The calls.
    pub call_ids: Vec<Identifier>,
    /// The caller's claimed id.
    pub client: Option<String>,
}

impl CancelRequest {
    /// Reads a cancellation. Invalid ids in `call_ids` are ignored.
    ///
    /// # Errors
    ///
    /// When it is not a cancellation, or names no call.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct In {
            #[serde(default)]
            call_id: Option<Identifier>,
            #[serde(default)]
            call_ids: Option<Vec<Value>>,
            #[serde(default)]
            client: Option<String>,
        }
        let In { call_id, call_ids, client } = CANCEL.read(payload)?;
        let many = call_ids.unwrap_or_default();
        let many = many.into_iter().filter_map(|id| serde_json::from_value(id).ok());
        let call_ids: Vec<_> = call_id.into_iter().chain(many).collect();
        if call_ids.is_empty() {
            Err(CANCEL.error(DecodeCause::NoCall))
        } else {
            Ok(Self { call_ids, client })
        }
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Out<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            call_id: Option<&'a Identifier>,
            #[serde(skip_serializing_if = "Option::is_none")]
            call_ids: Option<&'a [Identifier]>,
            #[serde(skip_serializing_if = "Option::is_none")]
            client: Option<&'a str>,
        }
        // One in the form that every peer knows that knows cancels.
        let (call_id, call_ids) = match self.call_ids.as_slice() {
            [call_id] => (Some(call_id), None),
            many => (None, Some(many)),
        };
        serde_json::to_vec(&Out { call_id, call_ids, client: self.client.as_deref() }).unwrap_or_default()
    }
}
