//! Common parts of cards: status, version and the rules for reading (`SUB-11`).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode_error::{DecodeCause, DecodeError, Form};

/// Whether the publisher of a card is online. A hint (`MCP-13`); a card without it counts as online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is online.
    #[default]
    Online,
    /// It is offline, by its own message or by its Will.
    Offline,
}

static CARD: Form = Form { name: "the card", mend: "its publisher has to mend it", vital: &[] };

/// The version of a card without one.
pub(super) fn version() -> String {
    "1".to_owned()
}

/// Reads a card; `None` for an empty payload, which removes a card. A card without a name gets that of its topic.
pub(super) fn read<C: DeserializeOwned>(
    level: &str,
    payload: &[u8],
    name: impl Fn(&mut C) -> &mut String,
) -> Result<Option<C>, DecodeError> {
    if payload.is_empty() {
        return Ok(None);
    }
    // The version first: the fields of another version are not ours to judge.
    #[derive(Deserialize)]
    struct Versioned {
        #[serde(default)]
        version: Value,
    }
    let version = match CARD.read(payload)? {
        Versioned { version: Value::String(version) } => version,
        Versioned { version: Value::Number(version) } => version.to_string(),
        Versioned { .. } => version(),
    };
    if version != "1" {
        return Err(CARD.error(DecodeCause::Version(version.chars().take(64).collect())));
    }
    let mut card: C = CARD.read(payload)?;
    let name = name(&mut card);
    if name.is_empty() {
        level.clone_into(name);
    }
    if name == level {
        Ok(Some(card))
    } else {
        let name = name.chars().take(128).collect();
        Err(CARD.error(DecodeCause::Misplaced { name, level: level.to_owned() }))
    }
}
