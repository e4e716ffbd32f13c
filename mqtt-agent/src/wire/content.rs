//! MCP's content blocks: the parts of a result beyond a JSON value (`MCP-21`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::tolerant;

/// The media type of bytes of which nothing else is known.
pub(crate) const BYTES: &str = "application/octet-stream";

/// One block of a result's content, as in MCP: a text, an image, audio, a link to a resource or a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentBlock {
    /// The block's content.
    pub content: BlockContent,
    /// MCP's annotations: `audience`, `priority`, `lastModified`.
    pub annotations: Map<String, Value>,
    /// MCP's `_meta`.
    pub meta: Map<String, Value>,
}

/// The content of a [`ContentBlock`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BlockContent {
    /// A text.
    Text(String),
    /// An image.
    Image {
        /// Its bytes; base64 in the JSON, so a third larger there.
        data: Bytes,
        /// Its media type, such as `image/png`.
        media_type: String,
    },
    /// Audio.
    Audio {
        /// Its bytes; base64 in the JSON, so a third larger there.
        data: Bytes,
        /// Its media type, such as `audio/wav`.
        media_type: String,
    },
    /// A link to a resource.
    ResourceLink(ResourceLink),
    /// A resource itself: text or bytes of any media type.
    Resource(Resource),
    /// A block of a type from a later version of MCP: the whole block.
    Other(Map<String, Value>),
}

/// A link to a resource, with a description.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceLink {
    /// Where it is.
    pub uri: String,
    /// Its name, for programs.
    pub name: String,
    /// Its title, for people.
    pub title: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// A resource with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is known by.
    pub uri: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// The resource's content.
    pub body: ResourceBody,
}

/// The content of a [`Resource`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceBody {
    /// A text.
    Text(String),
    /// Bytes; base64 in the JSON.
    Bytes(Bytes),
}

impl ContentBlock {
    /// A block without annotations.
    #[must_use]
    pub fn new(content: BlockContent) -> Self {
        Self { content, annotations: Map::new(), meta: Map::new() }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(BlockContent::Text(text.into()))
    }

    /// An image, with its media type, such as `image/png`.
    pub fn image(data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        Self::new(BlockContent::Image { data: data.into(), media_type: media_type.into() })
    }

    /// Audio, with its media type, such as `audio/wav`.
    pub fn audio(data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        Self::new(BlockContent::Audio { data: data.into(), media_type: media_type.into() })
    }

    /// Bytes of any media type, as a resource with a URI.
    pub fn bytes(uri: impl Into<String>, data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        let body = ResourceBody::Bytes(data.into());
        Self::new(BlockContent::Resource(Resource {
            uri: uri.into(),
            media_type: Some(media_type.into()),
            body,
        }))
    }

    /// A link to a resource, with its name.
    pub fn link(uri: impl Into<String>, name: impl Into<String>) -> Self {
        let link = ResourceLink { uri: uri.into(), name: name.into(), ..ResourceLink::default() };
        Self::new(BlockContent::ResourceLink(link))
    }

    /// The type of the block, as on the wire and on a card.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.content {
            BlockContent::Text(_) => kinds::TEXT,
            BlockContent::Image { .. } => kinds::IMAGE,
            BlockContent::Audio { .. } => kinds::AUDIO,
            BlockContent::ResourceLink(_) => kinds::RESOURCE_LINK,
            BlockContent::Resource(_) => kinds::RESOURCE,
            BlockContent::Other(block) => block.get("type").and_then(Value::as_str).unwrap_or_default(),
        }
    }

    /// The text of a text block or of a text resource.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            BlockContent::Text(text) => Some(text),
            BlockContent::Resource(Resource { body: ResourceBody::Text(text), .. }) => Some(text),
            _ => None,
        }
    }

    /// The bytes of an image, of audio, or of a resource of bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.content {
            BlockContent::Image { data, .. } | BlockContent::Audio { data, .. } => Some(data),
            BlockContent::Resource(Resource { body: ResourceBody::Bytes(data), .. }) => Some(data),
            _ => None,
        }
    }

    /// Takes its bytes out; it has none then.
    pub(crate) fn take_bytes(&mut self) -> Bytes {
        match &mut self.content {
            BlockContent::Image { data, .. } | BlockContent::Audio { data, .. } => std::mem::take(data),
            BlockContent::Resource(Resource { body: ResourceBody::Bytes(data), .. }) => std::mem::take(data),
            _ => Bytes::new(),
        }
    }

    /// Puts bytes in, which came apart from it.
    pub(crate) fn put_bytes(&mut self, bytes: Bytes) {
        match &mut self.content {
            BlockContent::Image { data, .. } | BlockContent::Audio { data, .. } => *data = bytes,
            BlockContent::Resource(Resource { body, .. }) => *body = ResourceBody::Bytes(bytes),
            _ => {}
        }
    }

    /// A block of bytes of which only the media type is known.
    pub(crate) fn of_media_type(data: Bytes, media_type: String) -> Self {
        match media_type.split('/').next() {
            Some("image") => Self::image(data, media_type),
            Some("audio") => Self::audio(data, media_type),
            _ => Self::bytes("attachment:0", data, media_type),
        }
    }

    /// The media type, if it has one.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        match &self.content {
            BlockContent::Image { media_type, .. } | BlockContent::Audio { media_type, .. } => {
                Some(media_type)
            }
            BlockContent::Resource(resource) => resource.media_type.as_deref(),
            BlockContent::ResourceLink(link) => link.media_type.as_deref(),
            BlockContent::Text(_) | BlockContent::Other(_) => None,
        }
    }

    /// Reads the `content` of a response: an array of blocks, all of which must be readable.
    ///
    /// A malformed optional field of a block is ignored, as in every message (`SUB-11a`).
    ///
    /// # Errors
    ///
    /// When it is not an array, or when a block is malformed: then the message has a pointer to the block.
    pub fn read_all(content: &RawValue) -> Result<Vec<Self>, String> {
        let blocks: Vec<Value> = serde_json::from_str(content.get())
            .map_err(|_| "`/content` is no array; its server has to mend it".to_owned())?;
        let read = |(index, block)| {
            Self::from_tree(block)
                .map_err(|error| format!("`/content/{index}`: {error}; its server has to mend it"))
        };
        blocks.into_iter().enumerate().map(read).collect()
    }

    fn from_tree(tree: Value) -> Result<Self, String> {
        let Value::Object(block) = tree else { return Err("no object".to_owned()) };
        let kind = match block.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            _ => return Err("it has no `type`".to_owned()),
        };
        if !kinds::ALL.contains(&kind.as_str()) {
            return Ok(Self::new(BlockContent::Other(block)));
        }
        let block: In = tolerant::read_tree("a content block", VITAL, Value::Object(block))
            .map_err(|error| error.to_string())?;
        let In { annotations, meta, .. } = &block;
        let (annotations, meta) = (annotations.clone(), meta.clone());
        Ok(Self { content: block.content(&kind)?, annotations, meta })
    }

    /// What a peer reads that knows no content: that there is something, and what.
    pub(crate) fn name(&self) -> String {
        let kind = self.kind();
        let bytes = |media_type: &str, data: &Bytes| format!("[{kind}: {media_type}, {} bytes]", data.len());
        match &self.content {
            BlockContent::Text(text) => text.clone(),
            BlockContent::Image { data, media_type } | BlockContent::Audio { data, media_type } => {
                bytes(media_type, data)
            }
            BlockContent::ResourceLink(link) => format!("[{kind}: {} at {}]", link.name, link.uri),
            BlockContent::Resource(Resource { uri, media_type, body }) => {
                let (length, usual) = match body {
                    ResourceBody::Text(text) => (text.len(), "text/plain"),
                    ResourceBody::Bytes(data) => (data.len(), BYTES),
                };
                let media_type = media_type.as_deref().unwrap_or(usual);
                format!("[{kind}: {uri}, {media_type}, {length} bytes]")
            }
            BlockContent::Other(_) => format!("[{kind}]"),
        }
    }
}

/// The kinds of blocks that MCP has.
pub(crate) mod kinds {
    pub(crate) const TEXT: &str = "text";
    pub(crate) const IMAGE: &str = "image";
    pub(crate) const AUDIO: &str = "audio";
    pub(crate) const RESOURCE_LINK: &str = "resource_link";
    pub(crate) const RESOURCE: &str = "resource";
    pub(crate) const ALL: &[&str] = &[TEXT, IMAGE, AUDIO, RESOURCE_LINK, RESOURCE];
}

/// Without these it would be another block, or none.
const VITAL: &[&str] = &["text", "data", "uri", "resource"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct In {
    text: Option<String>,
    data: Option<String>,
    mime_type: Option<String>,
    uri: Option<String>,
    name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    size: Option<u64>,
    resource: Option<InResource>,
    #[serde(default)]
    annotations: Map<String, Value>,
    #[serde(default, rename = "_meta")]
    meta: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InResource {
    uri: String,
    mime_type: Option<String>,
    text: Option<String>,
    blob: Option<String>,
}

impl In {
    fn content(self, kind: &str) -> Result<BlockContent, String> {
        let media_type = self.mime_type.clone().unwrap_or_else(|| BYTES.to_owned());
        let missing = |field: &str| format!("it has no `{field}`");
        Ok(match kind {
            kinds::TEXT => BlockContent::Text(self.text.ok_or_else(|| missing("text"))?),
            kinds::RESOURCE_LINK => {
                let uri = self.uri.ok_or_else(|| missing("uri"))?;
                let Self { name, title, description, mime_type: media_type, size, .. } = self;
                let name = name.unwrap_or_else(|| uri.clone());
                BlockContent::ResourceLink(ResourceLink { uri, name, title, description, media_type, size })
            }
            kinds::RESOURCE => {
                let InResource { uri, mime_type, text, blob } =
                    self.resource.ok_or_else(|| missing("resource"))?;
                let body = match (text, blob) {
                    (Some(text), _) => ResourceBody::Text(text),
                    (None, Some(blob)) => ResourceBody::Bytes(decode("resource/blob", &blob)?),
                    (None, None) => return Err(missing("resource/blob")),
                };
                BlockContent::Resource(Resource { uri, media_type: mime_type, body })
            }
            bytes => {
                let data = decode("data", &self.data.ok_or_else(|| missing("data"))?)?;
                match bytes {
                    kinds::IMAGE => BlockContent::Image { data, media_type },
                    _ => BlockContent::Audio { data, media_type },
                }
            }
        })
    }
}

fn decode(field: &str, text: &str) -> Result<Bytes, String> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| format!("its `{field}` is no base64: {error}"))
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Out<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Encoded<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OutResource<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "_meta")]
    meta: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutResource<'a> {
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<Encoded<'a>>,
}

struct Encoded<'a>(&'a [u8]);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

impl Serialize for ContentBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let some = |map| Some(map).filter(|map: &&Map<_, _>| !map.is_empty());
        let (annotations, meta) = (some(&self.annotations), some(&self.meta));
        let out = Out { r#type: self.kind(), annotations, meta, ..Out::default() };
        let out = match &self.content {
            BlockContent::Text(text) => Out { text: Some(text), ..out },
            BlockContent::Image { data, media_type } | BlockContent::Audio { data, media_type } => {
                Out { data: Some(Encoded(data)), mime_type: Some(media_type), ..out }
            }
            BlockContent::ResourceLink(link) => Out {
                uri: Some(&link.uri),
                name: Some(&link.name),
                title: link.title.as_deref(),
                description: link.description.as_deref(),
                mime_type: link.media_type.as_deref(),
                size: link.size,
                ..out
            },
            BlockContent::Resource(Resource { uri, media_type, body }) => {
                let (text, blob) = match body {
                    ResourceBody::Text(text) => (Some(text.as_str()), None),
                    ResourceBody::Bytes(data) => (None, Some(Encoded(data))),
                };
                let mime_type = media_type.as_deref();
                Out { resource: Some(OutResource { uri, mime_type, text, blob }), ..out }
            }
            BlockContent::Other(block) => return block.serialize(serializer),
        };
        out.serialize(serializer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(content: &Value) -> Result<Vec<ContentBlock>, String> {
        ContentBlock::read_all(&serde_json::value::to_raw_value(content).unwrap())
    }

    /// One of each kind, as MCP 2025-11-25 has it.
    fn each() -> Value {
        json!([
            {"type": "text", "text": "x", "annotations": {"audience": ["user"]}, "_meta": {"a": 1}},
            {"type": "image", "data": "AAEC", "mimeType": "image/png"},
            {"type": "audio", "data": "AAEC", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a", "name": "a", "title": "A", "description": "x",
             "mimeType": "text/plain", "size": 7},
            {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "text/plain", "text": "b"}},
            {"type": "resource", "resource": {"uri": "file:///c", "mimeType": "application/pdf", "blob": "AAEC"}},
            {"type": "hologram", "beams": [1]},
        ])
    }

    #[test]
    fn mcp_21_blocks_are_written_as_they_were_read() {
        let blocks = read(&each()).unwrap();
        assert_eq!(serde_json::to_value(&blocks).unwrap(), each());
        assert_eq!(blocks[5].as_bytes().unwrap(), &[0, 1, 2][..]);
        assert_eq!(blocks[3].media_type(), Some("text/plain"));
        assert!(matches!(&blocks[6].content, BlockContent::Other(_)), "{:?}", blocks[6]);
    }

    #[test]
    fn mcp_21_what_a_block_can_do_without_is_passed_over() {
        let blocks = read(&json!([
            {"type": "resource_link", "uri": "file:///a", "size": "big", "annotations": 7, "title": null},
            {"type": "image", "data": ""},
        ]));
        let blocks = blocks.unwrap();
        assert_eq!(blocks[0], ContentBlock::link("file:///a", "file:///a"));
        assert_eq!(blocks[1].media_type(), Some("application/octet-stream"));
    }

    #[test]
    fn mcp_21_what_is_no_block_is_an_error_that_says_where() {
        for (content, place) in [
            (json!({}), "`/content`"),
            (json!([1]), "`/content/0`"),
            (json!([{"type": "text", "text": "x"}, {}]), "`/content/1`"),
            (json!([{"type": "text", "text": 7}]), "`/content/0`"),
            (json!([{"type": "image", "data": "ä"}]), "its `data` is no base64"),
            (json!([{"type": "image", "data": [1, 2]}]), "`/content/0`"),
            (json!([{"type": "resource", "resource": {"uri": "a"}}]), "it has no `resource/blob`"),
            (json!([{"type": "resource_link"}]), "it has no `uri`"),
        ] {
            let error = read(&content).unwrap_err();
            assert!(error.contains(place), "{content}: {error}");
        }
    }
}
