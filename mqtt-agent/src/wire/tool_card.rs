//! The retained card of a tool (`MCP-1`).

use serde::{Deserialize, Serialize};

use super::IdentifierError;
use super::card::{self, Status};
use super::card_schema::CardSchema;
use super::decode_error::DecodeError;

/// The card of a tool, on `{ns}/mcp/tools/{tool}/card`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCard {
    /// The format's version: `"1"`.
    #[serde(default = "card::version")]
    pub version: String,
    /// The tool's name.
    #[serde(default)]
    pub tool: String,
    /// The server that published the card last; replicas share a card.
    #[serde(default)]
    pub server: String,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// The description, for the model.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of the arguments.
    #[serde(default)]
    pub input_schema: CardSchema,
    /// The JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<CardSchema>,
    /// Whether it sends partial results.
    #[serde(default)]
    pub supports_streaming: bool,
    /// Whether a caller needs more rights than a connection to the broker.
    #[serde(default)]
    pub requires_auth: bool,
    /// The allowed callers; absent: every caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_callers: Option<Vec<String>>,
    /// The versions of the SDK and of the tool.
    #[serde(default)]
    pub version_info: ToolVersion,
    /// Whether its server is online.
    #[serde(default)]
    pub status: Status,
    /// When the card was published, in RFC 3339.
    #[serde(default)]
    pub last_seen: String,
    /// A title for people (an extension of this library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// MCP's tool annotations (an extension of this library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<ToolAnnotations>,
    /// `false` if the tool has only one server, which subscribes to its calls without sharing them (`MCP-12`, an
    /// extension of this library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<bool>,
    /// The largest message that its servers accept, in bytes of the MQTT packet (`SUB-14`, an extension of this
    /// library).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// The kinds of content blocks that may come with a result (`MCP-21`, an extension of this library).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<String>,
    /// Keywords for searching (an extension of this library).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// `version_info` of a tool card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolVersion {
    /// Name and version of the server's SDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The tool's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

/// A tool's hints about its own effects. Do not rely on them for security.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolAnnotations {
    /// A title for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The tool does not modify anything. MCP's default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// The tool may be destructive. MCP's default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// A second call with the same arguments has no further effect. MCP's default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// The tool interacts with external systems. MCP's default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

impl ToolCard {
    /// Reads a card from the topic level `tool`; `None` for an empty payload, which removes a card (`SUB-11`).
    ///
    /// # Errors
    ///
    /// When it is not a card, has another version, or names another tool than its topic. Ignore such a card.
    pub fn read(tool: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        card::read(tool, payload, |card: &mut Self| &mut card.tool)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and trees of them: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Checks that the tool's name can be called.
    ///
    /// # Errors
    ///
    /// When it is not a topic level (`SUB-4`).
    pub fn check_name(&self) -> Result<(), IdentifierError> {
        super::Identifier::parse(&self.tool).map(drop)
    }
}
