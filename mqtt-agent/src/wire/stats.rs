//! Statistics and ping of a server (`MCP-20`, an extension of this library).

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
    /// The replica's instance; `None` if the server is not a replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The version of its SDK.
    pub version_info: ServerVersion,
}

/// The answer on `{ns}/mcp/servers/{server}/stats`: the counters since the server started to serve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerStats {
    /// The server.
    #[serde(flatten)]
    pub server: ServerPing,
    /// How long it has been serving, in milliseconds.
    pub uptime_ms: u64,
    /// Its tools, by name.
    pub tools: BTreeMap<String, ToolStats>,
}

/// The counters of one tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolStats {
    /// The number of answered calls, including errors. A redelivered call counts once.
    pub calls: u64,
    /// The number of errors, by the error's type; types that did not occur are absent.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
    /// The number of accepted calls that are not answered yet.
    pub in_hand: u64,
    /// How long calls waited for their turn, in milliseconds.
    pub queue_ms: Quantiles,
    /// How long their handlers ran, in milliseconds.
    pub handling_ms: Quantiles,
}

/// Percentiles of a time, in milliseconds; zero if nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
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
    /// When it is not an answer to a ping.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        PING.read(payload)
    }

    /// Serializes it to a payload.
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
    /// When it is not a message with statistics.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        STATS.read(payload)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings and numbers: nothing here that JSON cannot hold.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
