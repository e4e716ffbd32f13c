//! Identifiers of agents, servers, tools, clients, tasks and calls (`SUB-4`).

use crate::shown::debug_as_display;

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The maximum length of an identifier, in bytes.
const LONGEST: usize = 128;

/// An identifier, which is one topic level (`SUB-4`): 1 to 128 bytes, without `/`, `+`, `#` and control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(Arc<str>);

impl Identifier {
    /// Parses an identifier of any peer.
    ///
    /// # Errors
    ///
    /// When it cannot be a topic level, or is longer than 128 bytes.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.len() > LONGEST {
            return Err(IdentifierError::TooLong { length: text.len() });
        }
        match text.chars().find(|c| matches!(c, '/' | '+' | '#') || !is_sendable(*c)) {
            Some(character) => Err(IdentifierError::Character { text: text.to_owned(), character }),
            None => Ok(Self(text.into())),
        }
    }

    /// Parses an identifier for own use: only `A-Z`, `a-z`, `0-9`, `_`, `.` and `-`, which every broker, access rule
    /// and model provider accepts.
    ///
    /// # Errors
    ///
    /// When it is not an identifier, or has another character.
    pub fn portable(text: &str) -> Result<Self, IdentifierError> {
        match text.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | '-')) {
            Some(character) => Err(IdentifierError::NotPortable { text: shortened(text), character }),
            None => Self::parse(text),
        }
    }

    /// A random, unguessable identifier: a UUID of version 4.
    #[must_use]
    pub fn random() -> Self {
        let mut buffer = uuid::Uuid::encode_buffer();
        Self(Arc::from(&*uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer)))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a topic may contain this text: no wildcards, and no characters for which a broker closes the connection.
#[must_use]
pub fn is_topic_text(text: &str) -> bool {
    !text.contains(['+', '#']) && text.chars().all(is_sendable)
}

/// Whether MQTT allows a character in a topic: NUL is forbidden, and brokers may close the connection for control
/// characters and Unicode noncharacters, as Mosquitto does. A caller's name becomes part of a topic, so it is checked
/// here.
pub(super) fn is_sendable(c: char) -> bool {
    let code = u32::from(c);
    !c.is_control() && !(0xfdd0..=0xfdef).contains(&code) && code & 0xfffe != 0xfffe
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Why a text is not an identifier.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// It is empty.
    #[error("an identifier is empty; give it at least one character")]
    Empty,
    /// It is longer than 128 bytes.
    #[error("an identifier has {length} bytes; shorten it to 128")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It has a character that MQTT reserves.
    #[error("`{}` has the character {character:?}, which MQTT keeps for itself; leave it out", text.escape_debug())]
    Character {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
    /// It has a character outside the portable set.
    #[error("`{}` has the character {character:?}; use letters, digits, `_`, `.` and `-`", text.escape_debug())]
    NotPortable {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
}

debug_as_display!(IdentifierError);

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Identifier {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Identifier {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Identifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Identifier;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an identifier")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Identifier, E> {
                Identifier::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
