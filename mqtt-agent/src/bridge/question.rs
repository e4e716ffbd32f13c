//! An agent's question during its work, as MCP's elicitation: a request to hosts that send `initialize`, and a result
//! that asks for more input to hosts of 2026-07-28.

use std::collections::BTreeMap;

use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, InputResponses,
};
use rmcp::service::{ElicitationMode, Peer, RoleServer};
use serde_json::Value;

use super::outcome::{Failure, Refusal};
use super::reader::Era;
use crate::shown::shown;

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

    pub(super) fn is_somebody(&self) -> bool {
        !matches!(self, Self::Nobody)
    }
}

/// The end of a task whose question nobody answers. Hosts of 2026-07-28 are told which capability that needs.
pub(super) fn unanswerable(question: &str, era: Era) -> Refusal {
    let message = format!(
        "the task was cancelled, for this host answers no questions and the agent asks: `{}`; say it in the call",
        shown(question)
    );
    if era == Era::Legacy {
        return Failure::new("tool_error", message).with_code("question").into();
    }
    let elicitation = ClientCapabilities::builder().enable_elicitation().build();
    let mut error = ErrorData::missing_required_client_capability(elicitation);
    error.message = message.into();
    Refusal::Protocol(error)
}

/// The end of a task whose question was asked often enough.
pub(super) fn unanswered() -> Failure {
    let message = "the task was cancelled, for the agent's question was not answered; call the tool again, and send the answer with the state";
    Failure::new("invalid_arguments", message).with_code("question")
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

/// The question as hosts find it in results and tasks.
pub(super) fn request(question: &str) -> Result<InputRequest, Failure> {
    Ok(InputRequest::Elicitation(ElicitRequest::new(form(question)?)))
}

/// What such a request asks.
pub(super) fn text(request: InputRequest) -> Option<String> {
    match request {
        InputRequest::Elicitation(ElicitRequest {
            params: ElicitRequestParams::FormElicitationParams { message, .. },
            ..
        }) => Some(message),
        _ => None,
    }
}

/// The end of a task whose question was not answered, for the host failed.
pub(super) fn failed(error: impl std::fmt::Display) -> Failure {
    let message = format!(
        "the task was cancelled, for the agent's question was not answered: {}; call the tool again if it is wanted",
        shown(&error)
    );
    Failure::new("tool_error", message).with_code("question")
}

/// The result that asks for the answer. `state` comes back with it.
pub(super) fn asking(question: &str, state: String) -> Result<InputRequiredResult, Failure> {
    let requests = BTreeMap::from([(ANSWER.to_owned(), request(question)?)]);
    Ok(InputRequiredResult::new(Some(requests), Some(state)))
}

/// What a host says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Said(String),
    /// It was asked, and does not want to say.
    Declined,
    /// Not what was asked for.
    Missing,
    /// It is no result of an elicitation.
    Malformed,
}

impl Reply {
    /// The one that came with a call; `None` where it has none.
    pub(super) fn in_call(responses: Option<InputResponses>) -> Option<Self> {
        responses?.remove(ANSWER).map(Self::read)
    }

    pub(super) fn read(response: Value) -> Self {
        serde_json::from_value::<ElicitResult>(response).map_or(Self::Malformed, Self::from)
    }

    /// The answer, or why the task ends without one.
    pub(super) fn answer(self) -> Result<String, Failure> {
        match self {
            Self::Said(answer) => Ok(answer),
            Self::Declined => {
                let message = "the task was cancelled, for the agent's question was not answered; call the tool again if it is wanted";
                Err(Failure::new("tool_error", message).with_code("declined"))
            }
            Self::Missing | Self::Malformed => Err(Failure::new("invalid_arguments", self.fault())),
        }
    }

    /// What a host has to do better.
    pub(super) fn fault(&self) -> String {
        match self {
            Self::Malformed => {
                "the answer is no result of an elicitation; send `action` and `content`".to_owned()
            }
            _ => format!("the answer has no `{ANSWER}`; give one"),
        }
    }
}

impl From<ElicitResult> for Reply {
    fn from(result: ElicitResult) -> Self {
        match result.action {
            ElicitationAction::Accept => {}
            _ => return Self::Declined,
        }
        match result.content.as_ref().and_then(|content| content.get(ANSWER)) {
            Some(Value::String(answer)) => Self::Said(answer.clone()),
            Some(other) if !other.is_null() => Self::Said(other.to_string()),
            _ => Self::Missing,
        }
    }
}
