//! The retained card of an agent (`A2A-5`) and its status (`A2A-4`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::card::{self, Status};
use super::decode_error::{DecodeError, Form};
use super::now_rfc3339;

/// The extension that holds the schemas of the skills on a card, because A2A's card has no field for them. Its `params`
/// map each skill's id to an object with `input` and `output`.
pub(crate) const SKILL_SCHEMAS: &str = "https://github.com/mqtt-agent/mqtt-agent/extensions/skill-schemas/v1";

/// The card of an agent, on `{ns}/agents/{agent_id}/card`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentCard {
    /// The format's version: `"1"`.
    #[serde(default = "card::version")]
    pub version: String,
    /// The agent's id; the id of a replica ends with its instance.
    #[serde(default)]
    pub agent_id: String,
    /// A name for people.
    #[serde(default)]
    pub name: String,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// A description.
    #[serde(default)]
    pub description: String,
    /// The agent's capabilities, as free keywords.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The topics for tasks and results.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// Its skills. An extension of this library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<AgentSkill>,
    /// Keywords for searching. An extension of this library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The provider. An extension of this library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<AgentProvider>,
    /// The URL of its documentation. An extension of this library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// The URL of its icon. An extension of this library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// The data of A2A extensions, such as the schemas of skills. An extension of this library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<AgentExtension>,
    /// The additions of this library that it understands: `intents` (`A2A-12`), `updates` (`A2A-13`), `parts`
    /// (`A2A-9`), `query` (`A2A-16`). An extension of this library.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The largest message that it accepts, in bytes of the MQTT packet (`SUB-14`). An extension of this library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// The versions of its SDK and of itself.
    #[serde(default)]
    pub version_info: AgentVersion,
    /// Whether it is online.
    #[serde(default)]
    pub status: Status,
    /// When the card was published, in RFC 3339.
    #[serde(default)]
    pub last_seen: String,
}

/// The topics of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    /// The topic for tasks; replicas share one.
    pub inbox: String,
    /// The topic for results.
    pub results: String,
}

/// One skill of an agent: A2A's `AgentSkill`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AgentSkill {
    /// The skill's id, which is the `type` of its tasks.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// A description.
    pub description: String,
    /// Keywords for searching.
    pub tags: Vec<String>,
    /// Example requests, as sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The media types that it accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_modes: Vec<String>,
    /// The media types of its result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_modes: Vec<String>,
}

/// Who runs an agent: A2A's `AgentProvider`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProvider {
    /// Its name.
    pub organization: String,
    /// The URL of its web page.
    pub url: String,
}

/// The data of an A2A extension: A2A's `AgentExtension`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentExtension {
    /// The URI of the extension.
    pub uri: String,
    /// A description of its purpose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The extension's data.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

/// `version_info` of an agent card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentVersion {
    /// Name and version of the agent's SDK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The agent's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

impl AgentCard {
    /// Reads a card from the topic level `agent_id`; `None` for an empty payload, which removes a card (`SUB-11`).
    ///
    /// # Errors
    ///
    /// When it is not a card, has another version, or names another agent than its topic. Ignore such a card.
    pub fn read(agent_id: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        card::read(agent_id, payload, |card: &mut Self| &mut card.agent_id)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The skill of this id.
    #[must_use]
    pub fn skill(&self, id: &str) -> Option<&AgentSkill> {
        self.skills.iter().find(|skill| skill.id == id)
    }

    /// The JSON Schema of a skill's arguments, if the card has one: an extension of this library.
    #[must_use]
    pub fn input_schema(&self, skill: &str) -> Option<&Value> {
        self.skill_schema(skill, "input")
    }

    /// The JSON Schema of a skill's result, as [`input_schema`](Self::input_schema).
    #[must_use]
    pub fn output_schema(&self, skill: &str) -> Option<&Value> {
        self.skill_schema(skill, "output")
    }

    fn skill_schema(&self, skill: &str, of: &str) -> Option<&Value> {
        let schemas = self.extensions.iter().find(|extension| extension.uri == SKILL_SCHEMAS)?;
        schemas.params.get(skill)?.get(of).filter(|schema| schema.is_object())
    }

    /// Whether the agent or one of its skills has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        let has = |tags: &[String]| tags.iter().any(|known| known == tag);
        has(&self.tags) || self.skills.iter().any(|skill| has(&skill.tags))
    }

    /// Whether it understands an addition of this library, such as `intents`.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether it lists this capability.
    #[must_use]
    pub fn has_capability(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}

/// The status of an agent, published by the agent or its Will on `{ns}/agents/{agent_id}/status` (`A2A-4`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The agent.
    #[serde(default)]
    pub agent_id: String,
    /// Whether it is online. The only required field.
    pub status: Status,
    /// The time of the status, in RFC 3339.
    #[serde(default)]
    pub last_seen: String,
}

static STATUS: Form = Form { name: "the status", mend: "its publisher has to mend it", vital: &["status"] };

impl AgentStatus {
    /// A status with the current time.
    #[must_use]
    pub fn new(agent_id: &str, status: Status) -> Self {
        Self { agent_id: agent_id.to_owned(), status, last_seen: now_rfc3339() }
    }

    /// Reads a status; `None` for an empty payload, which removes a status. A bare word `online` or `offline`, with or
    /// without quotes, is accepted as well.
    ///
    /// # Errors
    ///
    /// When it is not a status. Ignore such a message.
    pub fn read(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let status = match payload.trim_ascii() {
            b"" => return Ok(None),
            b"online" | b"\"online\"" => Status::Online,
            b"offline" | b"\"offline\"" => Status::Offline,
            payload => return STATUS.read(payload).map(Some),
        };
        Ok(Some(Self { agent_id: String::new(), status, last_seen: String::new() }))
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
