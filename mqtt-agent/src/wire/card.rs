//! What both kinds of card share: status, version and the rules for reading one (`SUB-11`).

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// Whether whoever published a card says that it is there. A hint (`MCP-13`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is there.
    Online,
    /// It left, or its broker says so for it.
    Offline,
}

/// Why a retained card is ignored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Not the JSON of a card.
    #[error("the card cannot be read: {0}; its publisher has to mend it")]
    Malformed(#[from] serde_json::Error),
    /// A version of the card's format that is not `"1"`.
    #[error(
        "the card has version `{0}`, and `1` is the only one known; update this program or the publisher"
    )]
    Version(String),
    /// The card names something else than its topic does.
    #[error("the card of `{name}` lies on the topic of `{level}`; its publisher has to mend it")]
    Misplaced {
        /// What the card says.
        name: String,
        /// What the topic says.
        level: String,
    },
}

/// Reads a card: `None` for an empty payload, which removes one.
pub(super) fn read<C: DeserializeOwned>(
    level: &str,
    payload: &[u8],
    name: impl Fn(&C) -> &str,
) -> Result<Option<C>, CardError> {
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
    let Versioned { version, .. } = serde_json::from_slice(payload)?;
    if version != "1" {
        return Err(CardError::Version(version.chars().take(64).collect()));
    }
    let card: C = serde_json::from_slice(payload)?;
    match name(&card) {
        name if name == level => Ok(Some(card)),
        name => Err(CardError::Misplaced { name: name.chars().take(128).collect(), level: level.to_owned() }),
    }
}
