//! A call of an agent's skill, from its start, or from the answer to a question.

use std::sync::Arc;
use std::time::Instant;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult, InputResponses};
use serde_json::{Map, Value};

use super::asking::{Asking, Step};
use super::caller::Caller;
use super::calling::Clock;
use super::offer::{Era, Listed};
use super::outcome::{self, Failure};
use super::parked::Purpose;
use super::progress::Progress;
use super::question::{self, Answerer};
use super::shared::Shared;
use super::skill;
use crate::handler::content::Content;
use crate::shown::shown;
use crate::wire::{TraceContext, codes};

/// A call of a skill.
pub(super) struct Conversation<'c> {
    pub(super) caller: &'c Caller,
    pub(super) listed: &'c Arc<Listed>,
    pub(super) arguments: Map<String, Value>,
    pub(super) era: Era,
    pub(super) trace: Option<TraceContext>,
    pub(super) progress: Option<Progress>,
    pub(super) answerer: Answerer,
    /// What a host of 2026-07-28 sends with the answer to a question.
    pub(super) state: Option<String>,
    pub(super) responses: Option<InputResponses>,
}

/// Holds it. Dropping it cancels the task. A state that is not good is an error of the protocol: the host keeps it, and no
/// model could correct it.
pub(super) async fn hold(
    shared: &Arc<Shared>,
    conversation: Conversation<'_>,
) -> Result<CallToolResponse, ErrorData> {
    let (output, era) = (conversation.listed.offer.output, conversation.era);
    match converse(shared, conversation).await {
        Ok(Said::End(value)) => {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            Ok(outcome::result(Content::of(value).with_text(text), output, era).into())
        }
        Ok(Said::Asked(response)) => Ok(response),
        Ok(Said::Closed) => Err(ErrorData::invalid_params(
            "the question of this `requestState` is not open, or not any more; call the tool again without it",
            None,
        )),
        Err(failure) => Ok(CallToolResult::from(failure).into()),
    }
}

enum Said {
    End(Value),
    Asked(CallToolResponse),
    /// Nothing waits for this answer.
    Closed,
}

async fn converse(shared: &Arc<Shared>, conversation: Conversation<'_>) -> Result<Said, Failure> {
    let Conversation { caller, listed, arguments, trace, mut progress, answerer, state, responses, .. } =
        conversation;
    let _places = shared.places(caller)?;
    let tool = &listed.card.tool;
    let purpose = Purpose::new(caller.identity(), tool, &arguments);
    let mut clock = Clock::new(shared.limits());
    let mut asking = match state {
        None => {
            let (agent, id) = skill::of(tool).unwrap_or((tool, ""));
            let task = skill::task(&listed.card, id, &arguments)?;
            let client = shared.client(caller, trace).await?;
            let shown = &listed.offer.modern.name;
            Asking::begin(&client, agent, task, shown, shared.limits(), &shared.tasks).await?
        }
        Some(state) => {
            let Some(answer) = question::answered(responses) else {
                return Err(Failure::new(
                    "invalid_arguments",
                    "there is no answer to the question; send it with the state",
                ));
            };
            let Some(asking) = shared.parked.take(&state, &purpose, Instant::now()) else {
                return Ok(Said::Closed);
            };
            asking.answer(answer?, &mut clock).await?;
            asking
        }
    };
    loop {
        let asked = match asking.step(&mut clock, &mut progress).await? {
            Step::End(value) => return Ok(Said::End(value)),
            Step::Question(question) => question,
        };
        match &answerer {
            Answerer::Peer(peer) => {
                // A person may take as long as the whole call may.
                let form = question::form(&asked)?;
                let result = peer.create_elicitation_with_timeout(form, Some(clock.left())).await;
                let result = result.map_err(|error| {
                    let message = format!(
                        "the task was cancelled, for the agent's question was not answered: {}; call the tool again if it is wanted",
                        shown(&error)
                    );
                    Failure::new("tool_error", message).with_code("question")
                })?;
                asking.answer(question::answer(result)?, &mut clock).await?;
            }
            Answerer::Retry => {
                let Some(state) = shared.park(asking, purpose) else {
                    let message = "too many questions are open; answer some of them first";
                    return Err(Failure::unavailable(message).with_code(codes::BUSY));
                };
                return Ok(Said::Asked(question::asking(&asked, state)?.into()));
            }
            Answerer::Nobody => {
                let message = format!(
                    "the task was cancelled, for this host answers no questions and the agent asks: `{}`; say it in the call",
                    shown(&asked)
                );
                return Err(Failure::new("tool_error", message).with_code("question"));
            }
        }
    }
}
