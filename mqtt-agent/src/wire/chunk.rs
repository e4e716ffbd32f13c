//! A result that is larger than a message, in chunks (`MCP-22`, an extension of this library).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use super::Identifier;
use super::decode_error::{DecodeCause, DecodeError, Form};
use super::payload;

/// One chunk, a message on the call's stream topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The call.
    pub call_id: Identifier,
    /// Its number, from 0.
    pub seq: u64,
    /// The bytes; base64 in the JSON.
    pub data: Bytes,
}

/// What a response says about the chunks that were sent before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunks {
    /// The number of chunks.
    pub count: u64,
    /// Their total number of bytes.
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal digits.
    pub sha256: String,
    /// The media type of the bytes: `application/json` for a result, else that of the content block.
    #[serde(default = "json")]
    pub media_type: String,
    /// Whether the bytes are those of a content block although their media type is `application/json`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub block: bool,
}

fn json() -> String {
    JSON.to_owned()
}

/// The type of a chunk among the messages of a stream.
const KIND: &str = "chunk";

/// The media type of a result's own JSON.
pub(crate) const JSON: &str = "application/json";

static CHUNK: Form =
    Form { name: "the chunk", mend: "its server has to mend it", vital: &["call_id", "seq", "type", "data"] };

static CHUNKS: Form = Form {
    name: "what the response says of its chunks",
    mend: "its server has to mend it",
    vital: &["count", "bytes", "sha256"],
};

#[derive(Serialize)]
struct Out<'a> {
    call_id: &'a Identifier,
    seq: u64,
    r#type: &'a str,
    data: &'a str,
}

#[derive(Deserialize)]
struct In {
    call_id: Identifier,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

impl Chunk {
    /// Reads a message of a call's stream; `None` if the message is not a chunk but, for example, a partial result.
    ///
    /// # Errors
    ///
    /// When it is a malformed chunk, or not a message of a stream.
    pub fn read(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let In { call_id, seq, r#type, data } = CHUNK.read(payload)?;
        if r#type != KIND {
            return Ok(None);
        }
        let wrong = |what: String| CHUNK.error(DecodeCause::Json(de::Error::custom(what)));
        let missing = |field| wrong(format!("missing field `{field}`"));
        let data = data.ok_or_else(|| missing("data"))?;
        let data: String =
            serde_json::from_str(data.get()).map_err(|error| wrong(format!("`data`: {error}")))?;
        let data = STANDARD.decode(data).map_err(|error| wrong(format!("`data` is no base64: {error}")))?;
        Ok(Some(Self { call_id, seq: seq.ok_or_else(|| missing("seq"))?, data: data.into() }))
    }

    /// The payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let data = STANDARD.encode(&self.data);
        let out = Out { call_id: &self.call_id, seq: self.seq, r#type: KIND, data: &data };
        payload::write(data.len(), &out)
    }
}

impl Chunks {
    /// Whether the bytes are those of a content block, and not the result's JSON.
    #[must_use]
    pub fn is_of_block(&self) -> bool {
        self.block || self.media_type != JSON
    }

    /// Reads the field `chunks` of a response.
    ///
    /// # Errors
    ///
    /// When a field that is needed to check that all chunks arrived is missing or malformed.
    pub fn read(chunks: &RawValue) -> Result<Self, DecodeError> {
        CHUNKS.read(chunks.get().as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn mcp_22_chunks_come_back_and_other_messages_of_a_stream_are_none() {
        let call_id = Identifier::parse("c").unwrap();
        let chunk = Chunk { call_id, seq: 7, data: Bytes::from_static(&[0, 1, 2, 255]) };
        assert_eq!(Chunk::read(&chunk.to_bytes()).unwrap(), Some(chunk));
        for other in
            [r#"{"call_id":"c","seq":0,"type":"partial","data":{"a":1}}"#, r#"{"call_id":"c","type":"done"}"#]
        {
            assert_eq!(Chunk::read(other.as_bytes()).unwrap(), None);
        }
        for malformed in [
            r#"{"call_id":"c","type":"chunk","data":"AAEC"}"#,
            r#"{"call_id":"c","seq":-1,"type":"chunk","data":"AAEC"}"#,
            r#"{"call_id":"c","seq":0,"type":"chunk"}"#,
            r#"{"call_id":"c","seq":0,"type":"chunk","data":[1]}"#,
            r#"{"call_id":"c","seq":0,"type":"chunk","data":"A"}"#,
            r#"{"seq":0,"type":"chunk","data":"AAEC"}"#,
        ] {
            assert!(Chunk::read(malformed.as_bytes()).is_err(), "{malformed}");
        }
    }

    #[test]
    fn mcp_22_what_a_response_says_of_chunks_has_to_be_readable() {
        let read = |text: &str| Chunks::read(&RawValue::from_string(text.to_owned()).unwrap());
        let chunks = read(r#"{"count":2,"bytes":9,"sha256":"ab","media_type":7,"more":1}"#).unwrap();
        assert_eq!((chunks.count, chunks.bytes, &*chunks.media_type), (2, 9, JSON));
        assert!(!chunks.is_of_block());
        for block in
            [r#""block":true"#, r#""media_type":"image/png""#, r#""media_type":"image/png","block":7"#]
        {
            let chunks = read(&format!(r#"{{"count":2,"bytes":9,"sha256":"ab",{block}}}"#)).unwrap();
            assert!(chunks.is_of_block(), "{block}");
        }
        for malformed in [r#"{"count":2,"bytes":9}"#, r#"{"count":"2","bytes":9,"sha256":"ab"}"#, "7"] {
            assert!(read(malformed).is_err(), "{malformed}");
        }
    }
}
