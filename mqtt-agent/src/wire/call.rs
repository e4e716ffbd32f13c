//! A call (`MCP-3`), what is left of one that cannot be read (`MCP-9`), and a cancel (`MCP-17`).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Identifier, now_rfc3339};

/// One call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// The call's id, opaque (`MCP-4`).
    pub call_id: Identifier,
    /// The arguments; none at all is an empty object.
    #[serde(default, deserialize_with = "or_empty")]
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
}

fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl CallRequest {
    /// Reads a call.
    ///
    /// # Errors
    ///
    /// When it is no call; the error holds what could be read of it all the same.
    pub fn read(payload: &[u8]) -> Result<Self, MalformedCall> {
        serde_json::from_slice(payload).map_err(|error| MalformedCall::salvage(payload, &error))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and trees of them: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The payload of a new call, with arguments that are JSON already.
    #[must_use]
    pub fn encode(call_id: &Identifier, arguments: &RawValue, client: &str, response_topic: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct New<'a> {
            call_id: &'a Identifier,
            arguments: &'a RawValue,
            client: &'a str,
            timestamp: String,
            response_topic: &'a str,
        }
        let call = New { call_id, arguments, client, timestamp: now_rfc3339(), response_topic };
        serde_json::to_vec(&call).unwrap_or_default()
    }
}

/// A call that cannot be read, and what could be read of it: enough to refuse it, if there is an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the call cannot be read: {reason}; send `{{\"call_id\": .., \"arguments\": {{..}}, \"client\": ..}}`"
)]
pub struct MalformedCall {
    /// What is wrong with it.
    pub reason: String,
    /// Its id.
    pub call_id: Option<Identifier>,
    /// Who says that they call.
    pub client: Option<String>,
    /// Where the answer goes.
    pub response_topic: Option<String>,
}

impl MalformedCall {
    fn salvage(payload: &[u8], error: &serde_json::Error) -> Self {
        let parts: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
        let text = |name: &str| parts.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            reason: error.to_string(),
            call_id: text("call_id").and_then(|id| Identifier::parse(&id).ok()),
            client: text("client"),
            response_topic: text("response_topic"),
        }
    }
}

/// Asks the servers of a tool to drop a call (`MCP-17`, an extension of ours).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    /// The call.
    pub call_id: Identifier,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// A cancel that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the cancel cannot be read: {0}; send `{{\"call_id\": .., \"client\": ..}}`")]
pub struct MalformedCancel(#[from] serde_json::Error);

impl CancelRequest {
    /// Reads a cancel.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(payload: &[u8]) -> Result<Self, MalformedCancel> {
        Ok(serde_json::from_slice(payload)?)
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
