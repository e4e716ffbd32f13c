//! [`Content`]: a tool's reply of texts, images, audio and bytes, with or without a value (`MCP-21`).

use std::marker::PhantomData;

use bytes::Bytes;
use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::reply::{Answer, Answered, Apart, Described, FromToolResult, Received, Reply, Unfit};
use crate::json;
use crate::wire::{ContentBlock, content_kinds as kinds};

/// A tool's reply beyond JSON: any number of texts, images, audio, bytes with a media type and links, and optionally a
/// value `T`.
///
/// The card of a tool that returns it says so (`content`). A caller reads it as the same type, with
/// [`ToolCall::content`](crate::ToolCall::content) or [`returning`](crate::ToolCall::returning). The page
/// [`guide::content`](crate::guide::content) says what other clients read.
///
/// ```
/// use mqtt_agent::Content;
/// use mqtt_agent::prelude::*;
///
/// /// Draws the sales of a year.
/// #[tool]
/// async fn chart(year: u16) -> Result<Content, String> {
///     let png = vec![0x89, b'P', b'N', b'G'];
///     Ok(Content::new().with_text(format!("Sales of {year}")).with_image(png, "image/png"))
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "content is what a tool answers with"]
pub struct Content<T = ()> {
    value: T,
    blocks: Vec<ContentBlock>,
}

impl Default for Content {
    fn default() -> Self {
        Self::new()
    }
}

impl Content {
    /// Content without a value and without blocks.
    pub fn new() -> Self {
        Self::of(())
    }
}

impl<T> Content<T> {
    /// Content with a value and without blocks. The value is the result for peers that do not support content.
    pub fn of(value: T) -> Self {
        Self { value, blocks: Vec::new() }
    }

    /// Adds a text.
    pub fn with_text(self, text: impl Into<String>) -> Self {
        self.with(ContentBlock::text(text))
    }

    /// Adds an image, with its media type, such as `image/png`.
    pub fn with_image(self, data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        self.with(ContentBlock::image(data, media_type))
    }

    /// Adds audio, with its media type, such as `audio/wav`.
    pub fn with_audio(self, data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        self.with(ContentBlock::audio(data, media_type))
    }

    /// Adds bytes of any media type, such as `application/pdf`: a resource whose URI is `attachment:` and its position
    /// among the blocks. [`ContentBlock::bytes`] takes a URI.
    pub fn with_bytes(self, data: impl Into<Bytes>, media_type: impl Into<String>) -> Self {
        let uri = format!("attachment:{}", self.blocks.len());
        self.with(ContentBlock::bytes(uri, data, media_type))
    }

    /// Adds a link to a resource.
    pub fn with_link(self, uri: impl Into<String>, name: impl Into<String>) -> Self {
        self.with(ContentBlock::link(uri, name))
    }

    /// Adds a block.
    pub fn with(mut self, block: ContentBlock) -> Self {
        self.blocks.push(block);
        self
    }

    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The blocks, in their order.
    #[must_use]
    pub fn blocks(&self) -> &[ContentBlock] {
        &self.blocks
    }

    /// The texts, one per line.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<_> = self.blocks.iter().filter_map(ContentBlock::as_text).collect();
        texts.join("\n")
    }

    /// The value and the blocks.
    #[must_use]
    pub fn into_parts(self) -> (T, Vec<ContentBlock>) {
        (self.value, self.blocks)
    }
}

impl From<ContentBlock> for Content {
    fn from(block: ContentBlock) -> Self {
        Self::new().with(block)
    }
}

/// What a peer reads that knows no content: the texts, or else the names of what it doesn't get.
fn plain(blocks: &[ContentBlock]) -> String {
    let texts = blocks.iter().filter(|block| block.kind() == kinds::TEXT);
    let mut lines: Vec<_> = texts.map(ContentBlock::name).collect();
    if lines.is_empty() {
        lines = blocks.iter().map(ContentBlock::name).collect();
    }
    lines.join("\n")
}

/// The answer with blocks beside a value that is JSON already. Without a value the result is a text.
fn answered(value: Answered, blocks: Vec<ContentBlock>) -> Answer {
    let mut answered = value;
    if answered.value.get() == "null" {
        answered.value = json::to_raw(&plain(&blocks)).unwrap_or(answered.value);
        answered.has_value = false;
    }
    answered.content = Some(blocks.into_boxed_slice());
    Ok(answered)
}

#[diagnostic::do_not_recommend]
impl<T: Reply> Reply for Content<T> {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }

    fn into_answer(self) -> Answer {
        answered(self.value.into_answer()?, self.blocks)
    }

    const DESCRIBED: Described<Self> = Described { schema: T::schema, content: kinds::ALL, of: PhantomData };
}

/// A result without content is one text: what is text already, or its JSON.
#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromToolResult for Content<T> {
    const CONTENT: bool = true;

    fn from_received(received: Received) -> Result<Self, Unfit> {
        let Received { result, content, bytes: Apart(bytes) } = received;
        let text = serde_json::from_str::<String>(result.get());
        let value = serde_json::from_str(result.get()).or_else(|error| {
            // Where there is no value the result is a text for others.
            let is_nothing = text.is_ok() || size_of::<T>() == 0;
            let nothing = if is_nothing { serde_json::from_str("null").ok() } else { None };
            nothing.ok_or(Unfit::Value(error))
        })?;
        let mut blocks = match content {
            Some(content) => ContentBlock::read_all(&content).map_err(Unfit::Content)?,
            None if bytes.is_some() => Vec::new(),
            None => vec![ContentBlock::text(text.unwrap_or_else(|_| result.get().to_owned()))],
        };
        if let Some((bytes, media_type)) = bytes {
            match blocks.as_mut_slice() {
                [block] if block.as_bytes().is_some() => block.put_bytes(bytes),
                _ => blocks = vec![ContentBlock::of_media_type(bytes, media_type)],
            }
        }
        Ok(Self { value, blocks })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use serde_json::value::to_raw_value;

    fn result<T: Reply>(content: Content<T>) -> String {
        content.into_answer().unwrap().value.get().to_owned()
    }

    #[test]
    fn mcp_21_the_result_is_the_value_or_the_text_or_the_names_of_what_was_left_out() {
        let image = ContentBlock::image(vec![0; 7], "image/png");
        assert_eq!(result(Content::of(7).with_text("seven").with(image.clone())), "7");
        assert_eq!(result(Content::new().with_text("a").with(image.clone()).with_text("b")), r#""a\nb""#);
        let names = result(Content::from(image).with_link("file:///a", "a").with_bytes(vec![1], "x/y"));
        assert_eq!(
            names,
            r#""[image: image/png, 7 bytes]\n[resource_link: a at file:///a]\n[resource: attachment:2, x/y, 1 bytes]""#
        );
        assert_eq!(result(Content::new()), r#""""#);
    }

    fn received(result: &serde_json::Value, content: Option<&serde_json::Value>) -> Received {
        let content = content.map(|content| to_raw_value(content).unwrap());
        Received { result: to_raw_value(result).unwrap(), content, bytes: Apart::default() }
    }

    #[test]
    fn mcp_21_content_is_read_with_its_value_and_a_result_without_content_as_a_text() {
        let blocks = json!([{"type": "text", "text": "x"}]);
        let with = |result: &serde_json::Value| received(result, Some(&blocks));
        assert_eq!(Content::<u8>::from_received(with(&json!(7))).unwrap(), Content::of(7).with_text("x"));
        assert_eq!(Content::<()>::from_received(with(&json!("x"))).unwrap(), Content::new().with_text("x"));
        assert_eq!(Content::<Option<u8>>::from_received(with(&json!("x"))).unwrap().into_parts().0, None);
        assert!(Content::<u8>::from_received(with(&json!("x"))).is_err());
        assert!(Content::<Option<u8>>::from_received(with(&json!({}))).is_err(), "another value");
        let without = |result: &serde_json::Value| received(result, None);
        assert_eq!(Content::<()>::from_received(without(&json!("x"))).unwrap().text(), "x");
        assert_eq!(Content::<()>::from_received(without(&json!({"a": 1}))).unwrap().text(), r#"{"a":1}"#);
        assert_eq!(Content::<u8>::from_received(without(&json!(7))).unwrap(), Content::of(7).with_text("7"));
    }
}
