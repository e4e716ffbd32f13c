//! What both kinds of card share: status, version and the rules for reading one (`SUB-11`).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::decode_error::{DecodeCause, DecodeError, Form};

/// Whether whoever published a card says that it is there. A hint (`MCP-13`): a card that doesn't say counts as online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is there.
    #[default]
    Online,
    /// It left, or its broker says so for it.
    Offline,
}

static CARD: Form = Form { name: "the card", mend: "its publisher has to mend it", vital: &[] };

/// The version of a card that says none.
pub(super) fn version() -> String {
    "1".to_owned()
}

/// Reads a card: `None` for an empty payload, which removes one. One without a name has that of its topic.
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
