//! A message on a call's stream topic (`MCP-10`).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Identifier;
use super::decode_error::{DecodeError, Form};

/// A partial result, or the end of the partial results.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamMessage {
    /// The call's id.
    pub call_id: Identifier,
    /// Its position in the stream. Accept any number: the reference SDK sends the time.
    pub seq: Option<u64>,
    /// The kind of message.
    pub kind: StreamKind,
    /// The value of a partial result. Like the reference SDK, a string is sent as `content` and any other value as
    /// `data`. The end of a stream has neither, because the reference client would treat it as a partial result.
    pub content: Value,
}

/// The kind of a stream message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamKind {
    /// A partial result.
    Partial,
    /// The end of the partial results.
    Done,
    /// A kind from a later version of the protocol.
    Other(String),
}

/// A stream message without its content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamHead {
    pub(crate) call_id: Identifier,
    pub(crate) seq: Option<u64>,
    pub(crate) kind: StreamKind,
}

static STREAM_MESSAGE: Form =
    Form { name: "the stream message", mend: "its server has to mend it", vital: &["call_id"] };

#[derive(Serialize)]
struct Out<'a> {
    call_id: &'a Identifier,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

#[derive(Deserialize)]
struct In {
    call_id: Identifier,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default = "partial")]
    r#type: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct HeadIn {
    call_id: Identifier,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default = "partial")]
    r#type: String,
}

/// A message without a type is a partial result.
fn partial() -> String {
    "partial".to_owned()
}

impl StreamKind {
    fn named(name: String) -> Self {
        match name.as_str() {
            "partial" => Self::Partial,
            "done" => Self::Done,
            _ => Self::Other(name),
        }
    }
}

impl StreamHead {
    /// Reads a stream message without its content.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        let HeadIn { call_id, seq, r#type } = STREAM_MESSAGE.read(payload)?;
        Ok(Self { call_id, seq, kind: StreamKind::named(r#type) })
    }
}

impl StreamMessage {
    /// Reads a stream message.
    ///
    /// # Errors
    ///
    /// When it is not a stream message.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        let In { call_id, seq, r#type, content, data } = STREAM_MESSAGE.read(payload)?;
        let kind = StreamKind::named(r#type);
        let content = if content.is_null() { data } else { content };
        Ok(Self { call_id, seq, kind, content })
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (r#type, ends) = match &self.kind {
            StreamKind::Partial => ("partial", false),
            StreamKind::Done => ("done", true),
            StreamKind::Other(kind) => (kind.as_str(), false),
        };
        let (content, data) = match &self.content {
            Value::Null if ends => (None, None),
            Value::String(_) => (Some(&self.content), None),
            value => (None, Some(value)),
        };
        let out = Out { call_id: &self.call_id, seq: self.seq, r#type, content, data };
        // Strings, numbers and trees of them: nothing here that JSON cannot hold.
        serde_json::to_vec(&out).unwrap_or_default()
    }
}
