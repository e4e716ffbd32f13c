//! The outcome of a call for hosts: a result that fits the tool's schema, or a result with `isError`, so that a model
//! can correct its call. Protocol errors are only for calls of unknown tools.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Map, Value, json};

use super::blocks::{self, IS_ERROR};
use super::reader::{Era, Output};
use super::wrap;
use crate::handler::content::Content;
use crate::mcp::CallError;

/// Under this name `_meta` has the error of a call for programs: its type, code and data as they came.
const ERROR: &str = "mqtt-agent/error";

/// A failed call, as the wire names it (`MCP-7`).
#[derive(Debug)]
pub(super) struct Failure {
    kind: &'static str,
    code: Option<String>,
    message: String,
    data: Option<Value>,
    retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), data: None, retry_after: None }
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new("unavailable", message)
    }

    /// Of what has ended already.
    pub(super) fn from_end(tool: &str) -> Self {
        Self::new("tool_error", format!("`{tool}` has ended already; call it again"))
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum Refusal {
    /// What a model can read, and may correct.
    Failure(Failure),
    /// What only the host can correct.
    Protocol(ErrorData),
}

impl Refusal {
    /// As a host gets it.
    pub(super) fn answer(self) -> Result<CallToolResult, ErrorData> {
        match self {
            Self::Failure(failure) => Ok(failure.into()),
            Self::Protocol(error) => Err(error),
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let kind = match &error {
            CallError::InvalidArguments { .. } | CallError::InvalidName { .. } => "invalid_arguments",
            CallError::Unauthorized { .. } => "unauthorized",
            CallError::TimedOutByServer { .. } | CallError::Timeout { .. } => "timeout",
            CallError::Unavailable { .. } | CallError::Publish(_) | CallError::Subscribe(_) => "unavailable",
            _ => "tool_error",
        };
        let code = error.code().map(str::to_owned);
        let data = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
        let retry_after = error.retry_after();
        let message = match error {
            CallError::InvalidArguments { message }
            | CallError::Unauthorized { message }
            | CallError::Tool { message, .. }
            | CallError::TimedOutByServer { message }
            | CallError::Unavailable { message, .. } => message,
            other => other.to_string(),
        };
        Self { kind, code, message, data, retry_after }
    }
}

impl From<Failure> for CallToolResult {
    fn from(failure: Failure) -> Self {
        let Failure { kind, code, message, data, retry_after } = failure;
        // What an MCP server answered as an error, and a bridge put on the broker, is that again.
        if let Some(result) =
            data.as_ref().filter(|_| code.as_deref() == Some(IS_ERROR)).and_then(blocks::error)
        {
            return result;
        }
        let named = code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
        let mut result = Self::error(vec![ContentBlock::text(format!("{kind}{named}: {message}"))]);
        let mut error =
            Map::from_iter([("type".to_owned(), json!(kind)), ("message".to_owned(), json!(message))]);
        let more = [
            ("code", code.map(Value::from)),
            ("data", data),
            (
                "retry_after_ms",
                retry_after.map(|wait| json!(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))),
            ),
        ];
        error.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        result.meta = Some(MetaObject(Map::from_iter([(ERROR.to_owned(), Value::Object(error))])));
        result
    }
}

/// The result of a skill.
pub(super) fn of_skill(value: Value, output: Output, era: Era) -> CallToolResult {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    result(Content::of(value).with_text(text), output, era)
}

/// A result for hosts of this era. What its card calls an object and is none can't be given to them.
pub(super) fn result(content: Content<Value>, output: Output, era: Era) -> CallToolResult {
    let (value, blocks) = content.into_parts();
    let structured = match (output, era) {
        (Output::Object, _) if !value.is_object() => {
            let message = "the result is no object, as the tool's `output_schema` says; report it to the tool's operator";
            return Failure::new("tool_error", message).with_code("invalid_result").into();
        }
        (Output::Object, _) | (Output::Wrapped, Era::Modern) => Some(value),
        (Output::Wrapped, Era::Legacy) => Some(wrap::value(value)),
        (Output::Undeclared, _) => Some(value).filter(Value::is_object),
    };
    let mut result = CallToolResult::success(blocks::to_hosts(&blocks));
    result.structured_content = structured;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(value: Value) -> Content<Value> {
        let text = value.to_string();
        Content::of(value).with_text(text)
    }

    fn structured(value: Value, output: Output, era: Era) -> Option<Value> {
        result(content(value), output, era).structured_content
    }

    #[test]
    fn results_are_as_the_schema_of_the_era_says() {
        let (text, object) = (json!("7"), json!({"a": 7}));
        for era in [Era::Legacy, Era::Modern] {
            assert_eq!(structured(object.clone(), Output::Object, era), Some(object.clone()));
            assert_eq!(structured(object.clone(), Output::Undeclared, era), Some(object.clone()));
            assert_eq!(structured(text.clone(), Output::Undeclared, era), None);
        }
        assert_eq!(structured(text.clone(), Output::Wrapped, Era::Legacy), Some(json!({"result": "7"})));
        assert_eq!(structured(text.clone(), Output::Wrapped, Era::Modern), Some(text));
    }

    #[test]
    fn a_result_that_is_not_what_its_card_says_is_an_error() {
        assert_eq!(result(content(json!(7)), Output::Object, Era::Legacy).is_error, Some(true));
    }

    #[test]
    fn mcp_21_blocks_of_every_kind_go_to_hosts_as_they_are() {
        let each = Content::of(json!({"a": 1}))
            .with_text("x")
            .with_image(vec![0, 1, 2], "image/png")
            .with_audio(vec![3], "audio/wav")
            .with_link("file:///a", "a")
            .with_bytes(vec![4], "application/pdf");
        let blocks = serde_json::to_value(each.blocks()).unwrap();
        let result = serde_json::to_value(result(each, Output::Undeclared, Era::Legacy)).unwrap();
        assert_eq!(result["content"], blocks);
        assert_eq!(result["structuredContent"], json!({"a": 1}));
    }

    #[test]
    fn what_an_mcp_server_answered_as_an_error_is_that_again() {
        let content = json!([{"type": "image", "data": "AAEC", "mimeType": "image/png"}]);
        let data = json!({"content": content, "structuredContent": {"a": 1}});
        let error = crate::wire::ErrorBody {
            code: Some(IS_ERROR.to_owned()),
            data: Some(serde_json::value::to_raw_value(&data).unwrap()),
            ..crate::wire::ErrorBody::new(crate::wire::ErrorKind::ToolError, "x")
        };
        let result =
            serde_json::to_value(CallToolResult::from(Failure::from(CallError::from(error)))).unwrap();
        assert_eq!((&result["isError"], &result["content"]), (&json!(true), &content));
        assert_eq!(result["structuredContent"], json!({"a": 1}));
    }

    #[test]
    fn a_model_reads_what_a_program_reads() {
        let data = serde_json::value::to_raw_value(&json!({"station": "north"})).unwrap();
        let error = crate::wire::ErrorBody {
            code: Some("station".to_owned()),
            data: Some(data),
            retry_after_ms: Some(1500),
            ..crate::wire::ErrorBody::new(crate::wire::ErrorKind::ToolError, "it is broken")
        };
        let result = CallToolResult::from(Failure::from(CallError::from(error)));
        assert_eq!(
            serde_json::to_value(&result).unwrap(),
            json!({
                "resultType": "complete",
                "content": [{"type": "text", "text": "tool_error station: it is broken"}],
                "isError": true,
                "_meta": {"mqtt-agent/error": {
                    "type": "tool_error",
                    "code": "station",
                    "message": "it is broken",
                    "data": {"station": "north"},
                    "retry_after_ms": 1500,
                }},
            })
        );
    }
}
