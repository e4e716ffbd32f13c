//! The retained card of a server (`MCP-2`).

use serde::{Deserialize, Serialize};

use super::card::{self, Status};
use super::decode_error::DecodeError;

/// The card of a server, on `{ns}/mcp/servers/{server}/card`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerCard {
    /// The format's version: `"1"`.
    #[serde(default = "card::version")]
    pub version: String,
    /// The server's id.
    #[serde(default)]
    pub server: String,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// The names of its tools.
    #[serde(default)]
    pub tools: Vec<String>,
    /// The version of its SDK; absent in a Will (`MCP-19`).
    #[serde(default, skip_serializing_if = "ServerVersion::is_empty")]
    pub version_info: ServerVersion,
    /// Whether it is online.
    #[serde(default)]
    pub status: Status,
    /// When the card was published, in RFC 3339.
    #[serde(default)]
    pub last_seen: String,
    /// The agent whose status takes precedence (`MCP-19`, an extension of this library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
}

/// `version_info` of a server card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerVersion {
    /// Name and version of the server's SDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
}

impl ServerVersion {
    fn is_empty(&self) -> bool {
        self.sdk.is_none()
    }
}

impl ServerCard {
    /// Reads a card from the topic level `server`; `None` for an empty payload, which removes a card (`SUB-11`).
    ///
    /// # Errors
    ///
    /// When it is not a card, has another version, or names another server than its topic. Ignore such a card.
    pub fn read(server: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        card::read(server, payload, |card: &mut Self| &mut card.server)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings alone: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
