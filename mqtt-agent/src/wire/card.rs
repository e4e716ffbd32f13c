//! What both kinds of card share: status, version and the rules for reading one (`SUB-11`).

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::decode_error::{DecodeCause, DecodeError, Form};

/// Whether whoever published a card says that it is there. A hint (`MCP-13`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is there.
    Online,
    /// It left, or its broker says so for it.
    Offline,
}

static CARD: Form = Form { name: "the card", mend: "its publisher has to mend it" };

/// Reads a card: `None` for an empty payload, which removes one.
pub(super) fn read<C: DeserializeOwned>(
    level: &str,
    payload: &[u8],
    name: impl Fn(&C) -> &str,
) -> Result<Option<C>, DecodeError> {
    if payload.is_empty() {
        return Ok(None);
    }
    // The version first: the fields of another version are not ours to judge.
    #[derive(Deserialize)]
    struct Versioned {
        version: String,
        #[serde(flatten)]
        _rest: IgnoredAny,
    }
    let Versioned { version, .. } = CARD.read(payload)?;
    if version != "1" {
        return Err(CARD.error(DecodeCause::Version(version.chars().take(64).collect())));
    }
    let card: C = CARD.read(payload)?;
    match name(&card) {
        name if name == level => Ok(Some(card)),
        name => {
            let name = name.chars().take(128).collect();
            Err(CARD.error(DecodeCause::Misplaced { name, level: level.to_owned() }))
        }
    }
}
