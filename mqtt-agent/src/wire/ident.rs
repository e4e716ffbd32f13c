//! Identifiers of agents, servers, tools, clients, tasks and calls (`SUB-4`).

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest identifier, in bytes.
const LONGEST: usize = 128;

/// One topic level that names something (`SUB-4`). Never empty, at most 128 bytes, without `/`, `+`, `#` and
/// control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier(Arc<str>);

impl Identifier {
    /// An identifier of anybody's.
    ///
    /// # Errors
    ///
    /// When it cannot be one topic level, or is over 128 bytes.
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

    /// An identifier of our own: of `A-Z`, `a-z`, `0-9`, `_`, `.` and `-` alone, which every broker, access rule and
    /// model provider takes.
    ///
    /// # Errors
    ///
    /// When it is no identifier at all, or has another character.
    pub fn portable(text: &str) -> Result<Self, IdentifierError> {
        match text.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | '-')) {
            Some(character) => Err(IdentifierError::NotPortable { text: shortened(text), character }),
            None => Self::parse(text),
        }
    }

    /// A random one: a UUID of version 4, which cannot be guessed.
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

/// Whether a topic may have this text in it: no wildcards, and nothing for which a broker ends the connection.
#[must_use]
pub fn is_topic_text(text: &str) -> bool {
    !text.contains(['+', '#']) && text.chars().all(is_sendable)
}

/// What MQTT lets a topic hold: NUL is forbidden, and brokers may end a connection for control characters and for what
/// Unicode says is no character; Mosquitto does. A caller's name becomes part of a topic, so it has to pass here.
pub(super) fn is_sendable(c: char) -> bool {
    let code = u32::from(c);
    !c.is_control() && !(0xfdd0..=0xfdef).contains(&code) && code & 0xfffe != 0xfffe
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Nothing at all.
    #[error("an identifier is empty; give it at least one character")]
    Empty,
    /// Over 128 bytes.
    #[error("an identifier has {length} bytes; 128 are the most")]
    TooLong {
        /// How many.
        length: usize,
    },
    /// A character that MQTT keeps for itself.
    #[error("`{}` has the character {character:?}, which MQTT keeps for itself; leave it out", text.escape_debug())]
    Character {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
    /// A character outside the portable set.
    #[error("`{}` has the character {character:?}; use letters, digits, `_`, `.` and `-`", text.escape_debug())]
    NotPortable {
        /// The text.
        text: String,
        /// The character.
        character: char,
    },
}

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
