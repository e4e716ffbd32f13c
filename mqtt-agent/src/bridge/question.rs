//! An agent's question during its work, as MCP's elicitation: a request to hosts that send `initialize`, and a result
//! that asks for more input to hosts of 2026-07-28.

use std::collections::BTreeMap;

use rmcp::model::{
    ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, InputResponses,
};
use rmcp::service::{ElicitationMode, Peer, RoleServer};
use serde_json::Value;

use super::offer::Era;
use super::outcome::Failure;

/// The property that has the answer, and the name of the one request.
const ANSWER: &str = "answer";

/// Who answers.
pub(super) enum Answerer {
    /// The host, when it is asked.
    Peer(Peer<RoleServer>),
    /// The host, with a call that has the answer.
    Retry,
    /// Nobody: the host has not said that it can.
    Nobody,
}

impl Answerer {
    pub(super) fn of(era: Era, peer: &Peer<RoleServer>, capabilities: Option<&ClientCapabilities>) -> Self {
        match era {
            Era::Legacy if peer.supported_elicitation_modes().contains(&ElicitationMode::Form) => {
                Self::Peer(peer.clone())
            }
            Era::Modern => match capabilities.and_then(|all| all.elicitation.as_ref()) {
                Some(modes) if modes.form.is_some() || modes.url.is_none() => Self::Retry,
                _ => Self::Nobody,
            },
            Era::Legacy => Self::Nobody,
        }
    }
}

/// The question, as a form with one field.
pub(super) fn form(question: &str) -> Result<ElicitRequestParams, Failure> {
    let field = ElicitationSchema::builder()
        .required_string_with(ANSWER, |field| field.description("The answer to the agent's question."))
        .build();
    let requested_schema = field.map_err(|error| Failure::new("tool_error", error))?;
    Ok(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: question.to_owned(),
        requested_schema,
    })
}

/// The result that asks for the answer. `state` comes back with it.
pub(super) fn asking(question: &str, state: String) -> Result<InputRequiredResult, Failure> {
    let request = InputRequest::Elicitation(ElicitRequest::new(form(question)?));
    Ok(InputRequiredResult::new(Some(BTreeMap::from([(ANSWER.to_owned(), request)])), Some(state)))
}

/// The answer that came with a call; `None` where it has none.
pub(super) fn answered(responses: Option<InputResponses>) -> Option<Result<String, Failure>> {
    let response = responses?.remove(ANSWER)?;
    let result: ElicitResult = match serde_json::from_value(response) {
        Ok(result) => result,
        Err(_) => {
            return Some(Err(Failure::new(
                "invalid_arguments",
                "the answer is no result of an elicitation; send `action` and `content`",
            )));
        }
    };
    Some(answer(result))
}

/// What somebody said.
pub(super) fn answer(result: ElicitResult) -> Result<String, Failure> {
    let content = match result.action {
        ElicitationAction::Accept => result.content,
        _ => {
            let message = "the task was cancelled, for the agent's question was not answered; call the tool again if it is wanted";
            return Err(Failure::new("tool_error", message).with_code("declined"));
        }
    };
    match content.as_ref().and_then(|content| content.get(ANSWER)) {
        Some(Value::String(answer)) => Ok(answer.clone()),
        Some(other) if !other.is_null() => Ok(other.to_string()),
        _ => Err(Failure::new("invalid_arguments", format!("the answer has no `{ANSWER}`; give one"))),
    }
}
