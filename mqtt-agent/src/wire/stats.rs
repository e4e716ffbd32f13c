//! What a server says of its work when it is asked (`MCP-20`, an extension of ours).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decode_error::{DecodeError, Form};
use super::server_card::ServerVersion;

static STATS: Form = Form { name: "the statistics", mend: "its server has to mend them", vital: &[] };
static PING: Form = Form { name: "the answer to a ping", mend: "its server has to mend it", vital: &[] };

/// The answer on `{ns}/mcp/servers/{server}/ping`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerPing {
    /// The server's id.
    pub server: String,
    /// Which of several replicas; `None` for a server that is no replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The version of its SDK.
    pub version_info: ServerVersion,
}

/// The answer on `{ns}/mcp/servers/{server}/stats`: what was counted since the server's process began to serve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerStats {
    /// Who answers.
    #[serde(flatten)]
    pub server: ServerPing,
    /// For how long it has served, in milliseconds.
    pub uptime_ms: u64,
    /// Its tools, by name.
    pub tools: BTreeMap<String, ToolStats>,
}

/// What was counted of one tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolStats {
    /// The calls that were answered, with errors too. A call that was delivered again counts once.
    pub calls: u64,
    /// Of them those that ended with an error, by the error's type; types that did not occur are left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
    /// The calls that were taken and are not answered yet.
    pub in_hand: u64,
    /// How long calls waited for their turn, in milliseconds.
    pub queue_ms: Quantiles,
    /// How long their handlers ran, in milliseconds.
    pub handling_ms: Quantiles,
}

/// Of how many per cent a time was not longer than this; zero where nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Quantiles {
    /// Of half of them.
    pub p50: f64,
    /// Of 95 in 100.
    pub p95: f64,
    /// Of 99 in 100.
    pub p99: f64,
}

impl Quantiles {
    pub(crate) fn new([p50, p95, p99]: [f64; 3]) -> Self {
        Self { p50, p95, p99 }
    }
}

impl ServerPing {
    /// Reads the answer to a ping.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        PING.read(payload)
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings alone: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl ServerStats {
    /// Reads statistics.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        STATS.read(payload)
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
