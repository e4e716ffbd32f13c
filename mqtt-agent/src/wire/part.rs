//! The parts of messages and artifacts: A2A's `Part`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use super::tolerant;

/// A part of a message or an artifact, as in A2A 1.0: a text, bytes, a URL or JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "In")]
pub struct Part {
    /// The content.
    #[serde(flatten)]
    pub content: PartContent,
    /// A file name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Its media type, such as `image/png`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Further metadata.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct In {
    text: Option<String>,
    raw: Option<Base64>,
    url: Option<String>,
    data: Option<Value>,
    filename: Option<String>,
    media_type: Option<String>,
    metadata: Map<String, Value>,
}

impl TryFrom<In> for Part {
    type Error = &'static str;

    fn try_from(part: In) -> Result<Self, Self::Error> {
        let In { text, raw, url, data, filename, media_type, metadata } = part;
        let text = text.map(PartContent::Text);
        let raw = raw.map(PartContent::Raw);
        let url = url.map(PartContent::Url);
        let content = text.or(raw).or(url).or(data.map(PartContent::Data));
        let content =
            content.ok_or("a part holds nothing that can be read; give it `text`, `raw`, `url` or `data`")?;
        Ok(Self { content, filename, media_type, metadata })
    }
}

/// The content of a [`Part`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum PartContent {
    /// A text.
    Text(String),
    /// Bytes; base64 in JSON, so a third larger.
    Raw(Base64),
    /// The URL of the content.
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

    /// A part of bytes. They are sent as base64: 3 MiB take 4 MiB on the wire.
    pub fn raw(bytes: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        Self { media_type: Some(media_type.into()), ..Self::new(PartContent::Raw(Base64(bytes.into()))) }
    }

    /// A part with the URL of its content.
    pub fn url(url: impl Into<String>) -> Self {
        Self::new(PartContent::Url(url.into()))
    }

    /// JSON.
    #[must_use]
    pub fn data(value: Value) -> Self {
        Self::new(PartContent::Data(value))
    }

    /// Sets the file name.
    #[must_use]
    pub fn with_filename(mut self, name: impl Into<String>) -> Self {
        self.filename = Some(name.into());
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// The text, if the part is a text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            PartContent::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if the part has bytes.
    #[must_use]
    pub fn as_raw(&self) -> Option<&Bytes> {
        match &self.content {
            PartContent::Raw(bytes) => Some(&bytes.0),
            _ => None,
        }
    }

    /// The JSON, if the part is JSON.
    #[must_use]
    pub fn as_data(&self) -> Option<&Value> {
        match &self.content {
            PartContent::Data(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is only a text.
    fn is_plain(&self) -> bool {
        self.as_text().is_some()
            && self.filename.is_none()
            && self.media_type.is_none()
            && self.metadata.is_empty()
    }

    /// The text for peers that do not know parts (`A2A-9`).
    fn to_plain_text(&self) -> String {
        match &self.content {
            PartContent::Text(text) | PartContent::Url(text) => text.clone(),
            PartContent::Data(value) => value.to_string(),
            PartContent::Raw(Base64(bytes)) => {
                let name = self.filename.as_deref().unwrap_or("bytes");
                let media_type = self.media_type.as_deref().unwrap_or("application/octet-stream");
                format!("[{name}: {media_type}, {} bytes]", bytes.len())
            }
        }
    }
}

/// A message's content on the wire (`A2A-9`): `content` is a string for every peer, and `parts` replaces it for peers
/// that know parts. A single plain text needs no parts.
pub(super) fn to_wire(parts: &[Part]) -> (String, Option<&[Part]>) {
    match parts {
        [part] if part.is_plain() => (part.as_text().unwrap_or_default().to_owned(), None),
        parts => {
            let texts: Vec<_> = parts.iter().map(Part::to_plain_text).collect();
            (texts.join("\n"), Some(parts))
        }
    }
}

/// Reads parts, if all of them can be read.
fn all(parts: Vec<Value>) -> Result<Vec<Part>, serde_json::Error> {
    parts.into_iter().map(|part| tolerant::read_tree("a part", &[], part)).collect()
}

/// `content` on receipt: a string, or an array of parts.
pub(super) struct Content(pub(super) Vec<Part>);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(vec![Part::text(text)])),
            Value::Array(parts) => all(parts).map(Self).map_err(de::Error::custom),
            _ => Err(de::Error::custom("`content` is neither a string nor an array of parts")),
        }
    }
}

/// `parts` on receipt: if one cannot be read, the message's `content` is used instead.
pub(super) struct Parts(pub(super) Vec<Part>);

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        all(Vec::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}
