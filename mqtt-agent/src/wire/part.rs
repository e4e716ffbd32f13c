//! What a message or an artifact is made of: A2A's `Part`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

/// One piece of a message or an artifact, as A2A 1.0 has it: a text, bytes, a URL or JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// What it holds.
    #[serde(flatten)]
    pub content: PartContent,
    /// A name for the content as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its media type, such as `image/png`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What else somebody says of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// What a [`Part`] holds: exactly one of four.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PartContent {
    /// A text.
    Text(String),
    /// Bytes; base64 in the JSON, so a third larger there.
    Raw(Base64),
    /// Where the content is.
    Url(String),
    /// JSON.
    Data(Value),
}

/// Bytes that are base64 in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base64(pub Bytes);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes()).map_err(|error| {
            de::Error::custom(format!("`raw` is no base64: {error}; encode it with the standard alphabet"))
        })?;
        Ok(Self(bytes.into()))
    }
}

impl Part {
    fn new(content: PartContent) -> Self {
        Self { content, filename: None, media_type: None, metadata: Map::new() }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartContent::Text(text.into()))
    }

    /// Bytes. They travel as base64: 3 MiB take 4 MiB on the wire.
    pub fn raw(bytes: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        Self { media_type: Some(media_type.into()), ..Self::new(PartContent::Raw(Base64(bytes.into()))) }
    }

    /// Where the content is.
    pub fn url(url: impl Into<String>) -> Self {
        Self::new(PartContent::Url(url.into()))
    }

    /// JSON.
    #[must_use]
    pub fn data(value: Value) -> Self {
        Self::new(PartContent::Data(value))
    }

    /// With a name for the content as a file.
    #[must_use]
    pub fn with_filename(mut self, name: impl Into<String>) -> Self {
        self.filename = Some(name.into());
        self
    }

    /// With a media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// The text, of a part that is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            PartContent::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, of a part that has them.
    #[must_use]
    pub fn as_raw(&self) -> Option<&Bytes> {
        match &self.content {
            PartContent::Raw(bytes) => Some(&bytes.0),
            _ => None,
        }
    }

    /// The JSON, of a part that is JSON.
    #[must_use]
    pub fn as_data(&self) -> Option<&Value> {
        match &self.content {
            PartContent::Data(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is a text and nothing else.
    fn is_plain(&self) -> bool {
        self.as_text().is_some()
            && self.filename.is_none()
            && self.media_type.is_none()
            && self.metadata.is_empty()
    }
}

/// The `content` of a message (`A2A-9`): a string where it is one text, an array of parts else.
pub(super) mod content {
    use super::{Deserialize, Deserializer, Part, Serialize, Serializer};

    pub(in crate::wire) fn serialize<S: Serializer>(
        parts: &[Part],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match parts {
            [part] if part.is_plain() => part.as_text().unwrap_or_default().serialize(serializer),
            parts => parts.serialize(serializer),
        }
    }

    pub(in crate::wire) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Part>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "`content` is a string or an array of parts")]
        enum Content {
            Text(String),
            Parts(Vec<Part>),
        }
        Ok(match Content::deserialize(deserializer)? {
            Content::Text(text) => vec![Part::text(text)],
            Content::Parts(parts) => parts,
        })
    }
}
