//! The retained card of an agent (`A2A-5`) and its status (`A2A-4`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::card::{self, Status};
use super::decode_error::{DecodeError, Form};
use super::now_rfc3339;

/// What an agent says of itself on `{ns}/agents/{agent_id}/card`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentCard {
    /// The format's version: `"1"`.
    #[serde(default = "card::version")]
    pub version: String,
    /// The agent's id; a replica's has its instance at the end.
    #[serde(default)]
    pub agent_id: String,
    /// A name for people.
    #[serde(default)]
    pub name: String,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// What it can, in words of the agents' own.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Where it takes tasks and results.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// What it can be asked for. An extension of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<AgentSkill>,
    /// Words to find it by. An extension of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Who runs it. An extension of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<AgentProvider>,
    /// Where people read about it. An extension of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// A picture of it. An extension of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    /// What A2A's extensions say, as the schemas of skills. An extension of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<AgentExtension>,
    /// Which of our additions it understands: `intents` (`A2A-12`), `updates` (`A2A-13`), `parts` (`A2A-9`). An extension
    /// of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The largest message that it takes, in bytes of the MQTT packet (`SUB-14`). An extension of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// The versions of its SDK and of itself.
    #[serde(default)]
    pub version_info: AgentVersion,
    /// Whether it says that it is there.
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
    /// Where it takes tasks; replicas have one together.
    pub inbox: String,
    /// Where it takes results.
    pub results: String,
}

/// One skill of an agent: A2A's `AgentSkill`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AgentSkill {
    /// Its id: the `type` of a task that asks for it.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// What it may be asked, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// The media types that it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_modes: Vec<String>,
    /// The media types that it gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_modes: Vec<String>,
}

/// Who runs an agent: A2A's `AgentProvider`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProvider {
    /// Its name.
    pub organization: String,
    /// Its page.
    pub url: String,
}

/// What an extension of A2A says of an agent: A2A's `AgentExtension`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentExtension {
    /// Which extension.
    pub uri: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it says.
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
    /// When it is no card, of another version, or of another agent than its topic's. Such a card is to be ignored.
    pub fn read(agent_id: &str, payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        card::read(agent_id, payload, |card: &mut Self| &mut card.agent_id)
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The skill of this id.
    #[must_use]
    pub fn skill(&self, id: &str) -> Option<&AgentSkill> {
        self.skills.iter().find(|skill| skill.id == id)
    }

    /// Whether it has this tag, or a skill of its has.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        let has = |tags: &[String]| tags.iter().any(|known| known == tag);
        has(&self.tags) || self.skills.iter().any(|skill| has(&skill.tags))
    }

    /// Whether it understands this addition of ours, such as `intents`.
    #[must_use]
    pub fn has_feature(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether it names this capability.
    #[must_use]
    pub fn has_capability(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}

/// What an agent, or its Will, says on `{ns}/agents/{agent_id}/status` (`A2A-4`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The agent.
    #[serde(default)]
    pub agent_id: String,
    /// Whether it is there. The only field that is required.
    pub status: Status,
    /// When that was, in RFC 3339.
    #[serde(default)]
    pub last_seen: String,
}

static STATUS: Form = Form { name: "the status", mend: "its publisher has to mend it", vital: &["status"] };

impl AgentStatus {
    /// A status of now.
    #[must_use]
    pub fn new(agent_id: &str, status: Status) -> Self {
        Self { agent_id: agent_id.to_owned(), status, last_seen: now_rfc3339() }
    }

    /// Reads a status; `None` for an empty payload, which removes one. A bare word `online` or `offline`, in quotes or
    /// not, is a status as well.
    ///
    /// # Errors
    ///
    /// When it is none. Such a message is to be ignored.
    pub fn read(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let status = match payload.trim_ascii() {
            b"" => return Ok(None),
            b"online" | b"\"online\"" => Status::Online,
            b"offline" | b"\"offline\"" => Status::Offline,
            payload => return STATUS.read(payload).map(Some),
        };
        Ok(Some(Self { agent_id: String::new(), status, last_seen: String::new() }))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
