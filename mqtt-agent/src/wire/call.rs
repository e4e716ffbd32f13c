//! A call (`MCP-3`), what is left of one that cannot be read (`MCP-9`), and a cancel (`MCP-17`).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode_error::{DecodeCause, DecodeError, Form};
use super::tolerant::unique_object;
use super::{Identifier, now_rfc3339};

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// The call's id, opaque (`MCP-4`).
    pub call_id: Identifier,
    /// The arguments; none at all is an empty object.
    #[serde(default, deserialize_with = "unique_object")]
    pub arguments: Map<String, Value>,
    /// Who says that they call (`SUB-7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// When the call was made, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Where the answer goes, for peers that cannot set a Response Topic (`MCP-5`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_topic: Option<String>,
    /// The largest message that the caller takes, in bytes of the MQTT packet (`SUB-14`, an extension of ours).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// Which of our additions to an answer the caller reads: `content` (`MCP-21`), `chunks` (`MCP-22`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepts: Vec<String>,
}

/// In [`CallRequest::accepts`]: the caller reads content (`MCP-21`).
pub(crate) const ACCEPTS_CONTENT: &str = "content";

/// In [`CallRequest::accepts`]: the caller puts a result in chunks together (`MCP-22`).
pub(crate) const ACCEPTS_CHUNKS: &str = "chunks";

impl CallRequest {
    /// Whether the caller reads one of our additions to an answer.
    #[must_use]
    pub fn accepts(&self, addition: &str) -> bool {
        self.accepts.iter().any(|accepted| accepted == addition)
    }

    /// Reads a call.
    ///
    /// # Errors
    ///
    /// When it is no call; the error holds what could be read of it all the same.
    pub fn read(payload: &[u8]) -> Result<Self, MalformedCall> {
        CALL.read(payload).map_err(|error| MalformedCall::salvage(payload, error))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and trees of them: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The payload of a new call, with arguments that are JSON already.
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
        serde_json::to_vec(&call).unwrap_or_default()
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

/// A call that cannot be read, and what could be read of it: enough to refuse it, if there is an address.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct MalformedCall {
    /// What is wrong with it.
    pub error: DecodeError,
    /// Its id.
    pub call_id: Option<Identifier>,
    /// Who says that they call.
    pub client: Option<String>,
    /// Where the answer goes.
    pub response_topic: Option<String>,
}

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

/// Asks the servers of a tool to drop calls (`MCP-17`, an extension of ours).
///
/// On the wire one call is `call_id`, several are `call_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// The calls.
    pub call_ids: Vec<Identifier>,
    /// Who made them.
    pub client: Option<String>,
}

impl CancelRequest {
    /// Reads a cancel. Ids in `call_ids` that are no identifiers are passed over.
    ///
    /// # Errors
    ///
    /// When it is none, or names no call.
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

    /// The payload.
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
