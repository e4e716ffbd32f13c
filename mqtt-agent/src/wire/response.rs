//! The answer to a call (`MCP-6`, `MCP-7`).

use serde::{Deserialize, Serialize, de};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Identifier;
use super::decode_error::{DecodeCause, DecodeError, Form};
use super::payload;
use super::tolerant;

/// The answer to one call.
#[derive(Debug, Clone)]
pub struct Response {
    /// The call's id.
    pub call_id: Identifier,
    /// The result's JSON, or the error.
    pub outcome: Result<Box<RawValue>, ErrorBody>,
    /// The array of [content blocks](super::ContentBlock::read_all) in addition to a result, for a caller that accepts
    /// it (`MCP-21`). An extension: a v0.1 peer ignores it.
    pub content: Option<Box<RawValue>>,
    /// The description of a result that was sent [in chunks](super::Chunks::read), instead of the result, for a caller
    /// that accepts it (`MCP-22`). An extension: a v0.1 peer ignores it.
    pub chunks: Option<Box<RawValue>>,
    /// How long the server took, in milliseconds.
    pub elapsed_ms: Option<u64>,
}

/// An error.
#[derive(Debug, Clone)]
pub struct ErrorBody {
    /// The kind of error.
    pub kind: ErrorKind,
    /// The message, for the caller and its model.
    pub message: String,
    /// The code, for programs.
    pub code: Option<String>,
    /// The data that restores the error's value. An extension: a v0.1 peer ignores it.
    pub data: Option<Box<RawValue>>,
    /// When to try again, in milliseconds. An extension: a v0.1 peer ignores it.
    pub retry_after_ms: Option<u64>,
}

impl ErrorBody {
    /// An error with only a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, data: None, retry_after_ms: None }
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

impl PartialEq for ErrorBody {
    fn eq(&self, other: &Self) -> bool {
        let data = |body: &Self| body.data.as_ref().map(|data| data.get().to_owned());
        self.kind == other.kind
            && self.message == other.message
            && self.code == other.code
            && data(self) == data(other)
            && self.retry_after_ms == other.retry_after_ms
    }
}

impl Eq for ErrorBody {}

/// The protocol's kinds of error (`MCP-7`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The arguments do not fit the tool's schema, or the call cannot be read.
    InvalidArguments,
    /// The caller is not allowed to call.
    Unauthorized,
    /// The tool itself failed.
    ToolError,
    /// The tool took too long.
    Timeout,
    /// The tool cannot be called now.
    Unavailable,
    /// A kind from a later version of the protocol.
    Other(String),
}

impl ErrorKind {
    /// The spelling on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InvalidArguments => "invalid_arguments",
            Self::Unauthorized => "unauthorized",
            Self::ToolError => "tool_error",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Other(kind) => kind,
        }
    }
}

impl From<String> for ErrorKind {
    fn from(kind: String) -> Self {
        match kind.as_str() {
            "invalid_arguments" => Self::InvalidArguments,
            "unauthorized" => Self::Unauthorized,
            "tool_error" => Self::ToolError,
            "timeout" => Self::Timeout,
            "unavailable" => Self::Unavailable,
            _ => Self::Other(kind),
        }
    }
}

static RESPONSE: Form = Form { name: "the response", mend: "its server has to mend it", vital: &[] };

/// The name of an error in logs.
pub(super) const ERROR: &str = "the error";

#[derive(Serialize)]
struct Out<'a> {
    call_id: &'a Identifier,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunks: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<OutError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_ms: Option<u64>,
}

#[derive(Serialize)]
struct OutError<'a> {
    r#type: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

#[derive(Deserialize)]
struct In {
    #[serde(default)]
    call_id: Option<Identifier>,
    #[serde(default)]
    status: Option<InStatus>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    content: Option<Box<RawValue>>,
    #[serde(default)]
    chunks: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Box<RawValue>>,
    #[serde(default)]
    elapsed_ms: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum InStatus {
    Ok,
    Error,
}

#[derive(Deserialize)]
struct InError {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    retry_after_ms: Value,
}

impl Response {
    /// The answer to a call that failed.
    #[must_use]
    pub fn refused(call_id: Identifier, error: ErrorBody) -> Self {
        Self::new(call_id, Err(error))
    }

    /// The answer to a call, with only its outcome.
    #[must_use]
    pub fn new(call_id: Identifier, outcome: Result<Box<RawValue>, ErrorBody>) -> Self {
        Self { call_id, outcome, content: None, chunks: None, elapsed_ms: None }
    }

    /// Reads a response. Without a valid `status` it is an error if it has an `error`, else it needs a `result`. An
    /// error without a type is a `tool_error`; a numeric code is read as text; an error that is a string is the
    /// message.
    ///
    /// # Errors
    ///
    /// When it is not a response.
    pub fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        Self::read_for(None, payload)
    }

    /// Reads the response to a known call (from its Correlation Data), so it needs no `call_id`.
    pub(crate) fn read_for(call: Option<&Identifier>, payload: &[u8]) -> Result<Self, DecodeError> {
        let missing = |what| RESPONSE.error(DecodeCause::Json(de::Error::missing_field(what)));
        let In { call_id, status, result, content, chunks, error, elapsed_ms } = RESPONSE.read(payload)?;
        let call_id = call_id.or_else(|| call.cloned()).ok_or_else(|| missing("call_id"))?;
        let error = error.map(|error| ErrorBody::read(&error));
        let outcome = match (status, error, result) {
            (Some(InStatus::Ok), _, result) => Ok(result.unwrap_or_else(|| RawValue::NULL.to_owned())),
            (Some(InStatus::Error), error, _) => Err(error.unwrap_or_else(ErrorBody::unspecified)),
            (None, Some(error), _) => Err(error),
            (None, None, Some(result)) => Ok(result),
            (None, None, None) => return Err(missing("status")),
        };
        let elapsed_ms = milliseconds(&elapsed_ms);
        Ok(Self { call_id, outcome, content, chunks, elapsed_ms })
    }

    /// Reads only the id of the call.
    #[must_use]
    pub fn read_call_id(payload: &[u8]) -> Option<Identifier> {
        #[derive(Deserialize)]
        struct Id {
            call_id: Identifier,
        }
        RESPONSE.read::<Id>(payload).ok().map(|id| id.call_id)
    }

    /// Serializes it to a payload.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (status, result, error) = match &self.outcome {
            Ok(result) => ("ok", Some(&**result), None),
            Err(ErrorBody { kind, message, code, data, retry_after_ms }) => {
                let (code, data, retry_after_ms) = (code.as_deref(), data.as_deref(), *retry_after_ms);
                let error = OutError { r#type: kind.as_str(), message, code, data, retry_after_ms };
                ("error", None, Some(error))
            }
        };
        let out = Out {
            call_id: &self.call_id,
            status,
            result,
            content: self.content.as_deref(),
            chunks: self.chunks.as_deref(),
            error,
            elapsed_ms: self.elapsed_ms,
        };
        let large = [out.result, out.content, out.chunks].into_iter().flatten().map(|json| json.get().len());
        payload::write(large.sum(), &out)
    }
}

impl PartialEq for Response {
    fn eq(&self, other: &Self) -> bool {
        let outcomes = match (&self.outcome, &other.outcome) {
            (Ok(one), Ok(other)) => one.get() == other.get(),
            (Err(one), Err(other)) => one == other,
            _ => false,
        };
        let text = |raw: &Option<Box<RawValue>>| raw.as_ref().map(|raw| raw.get().to_owned());
        outcomes
            && self.call_id == other.call_id
            && self.elapsed_ms == other.elapsed_ms
            && text(&self.content) == text(&other.content)
            && text(&self.chunks) == text(&other.chunks)
    }
}

/// A number; anything else counts as absent.
fn milliseconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().map(|ms| ms as u64))
}

impl ErrorBody {
    fn unspecified() -> Self {
        Self::new(ErrorKind::ToolError, "the server gives no reason")
    }

    /// Reads any JSON: an object with the fields of an error, a string as the message, or anything else printed as the
    /// message.
    fn read(error: &RawValue) -> Self {
        let text = error.get();
        match tolerant::read::<InError>(ERROR, &[], text.as_bytes()) {
            Ok(error) => error.into(),
            Err(_) => {
                let message = serde_json::from_str::<String>(text);
                Self::new(ErrorKind::ToolError, message.unwrap_or_else(|_| tolerant::shortened(text)))
            }
        }
    }
}

impl From<InError> for ErrorBody {
    fn from(error: InError) -> Self {
        let InError { r#type, message, code, data, retry_after_ms } = error;
        let kind = if r#type.is_empty() { ErrorKind::ToolError } else { r#type.into() };
        let code = match code {
            Value::String(code) => Some(code),
            Value::Number(code) => Some(code.to_string()),
            _ => None,
        };
        Self { kind, message, code, data, retry_after_ms: milliseconds(&retry_after_ms) }
    }
}
