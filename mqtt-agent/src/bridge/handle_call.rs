//! A call of `agent_task`: waits for the end of a task whose call was answered with a handle. Made again, it says the same
//! again: a host that has lost an answer loses no result.

use std::time::Instant;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult, InputResponses, TaskPayload};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::timeout_at;

use super::caller::Caller;
use super::handle::{Arguments, given, unknown};
use super::outcome::{Failure, Refusal};
use super::parked;
use super::progress::Progress;
use super::question::{self, Answerer, Reply};
use super::shared::Shared;
use crate::deadline::within;

/// A call of the tool.
pub(super) struct Ask<'c> {
    pub(super) caller: &'c Caller,
    pub(super) arguments: Map<String, Value>,
    pub(super) progress: Option<Progress>,
    pub(super) answerer: Answerer,
    /// What a host of 2026-07-28 sends with the answer to a question.
    pub(super) state: Option<String>,
    pub(super) responses: Option<InputResponses>,
}

/// Waits for the result. Dropping it leaves the task as it is.
pub(super) async fn answer(shared: &Shared, ask: Ask<'_>) -> Result<CallToolResponse, ErrorData> {
    match wait(shared, ask).await {
        Ok(response) => Ok(response),
        Err(Refusal::Failure(failure)) => Ok(CallToolResult::from(failure).into()),
        Err(Refusal::Protocol(error)) => Err(error),
    }
}

async fn wait(shared: &Shared, ask: Ask<'_>) -> Result<CallToolResponse, Refusal> {
    let Ask { caller, arguments, mut progress, answerer, state, responses } = ask;
    let Arguments { id, cancel } = Arguments::read(arguments)?;
    let _places = shared.places(caller)?;
    let (book, owner) = (&shared.book, caller.identity());
    if cancel {
        book.cancel(&id, owner, Instant::now()).map_err(|_| unknown(&id))?;
    }
    if let Some(state) = state {
        let open = book.asked(&id, owner, Instant::now()).map_err(|_| unknown(&id))?;
        let Some(key) = state.strip_prefix(&id).and_then(|rest| rest.strip_prefix('/')) else {
            let message = "this `requestState` is of another task; send the one that came with the question";
            return Err(Refusal::Protocol(ErrorData::invalid_params(message, None)));
        };
        // What answers no open question is ignored, as that of a host that has lost what it was answered.
        match Reply::in_call(responses).filter(|_| open.as_deref() == Some(key)) {
            Some(reply @ (Reply::Missing | Reply::Malformed)) => {
                return Err(Refusal::Protocol(ErrorData::invalid_params(reply.fault(), None)));
            }
            Some(reply) => book.answer(&id, key, reply.answer()),
            None => {}
        }
    }
    let until = within(shared.limits().handle_after).into();
    let mut told: Option<String> = None;
    loop {
        // Before the look at the task, so that no change is missed.
        let mut changes = book.changes(&id, owner, Instant::now()).map_err(|_| unknown(&id))?;
        let found = book.get(&id, owner, Instant::now()).ok_or_else(|| unknown(&id))?;
        let task = found.task;
        match found.payload {
            TaskPayload::Completed { result } => return Ok(read::<CallToolResult>(result)?.into()),
            TaskPayload::Failed { error } => return Err(Refusal::Protocol(read(error)?)),
            TaskPayload::InputRequired { input_requests } => {
                // There is one, and it is a form.
                let first = input_requests.into_iter().next();
                let Some((key, text)) =
                    first.and_then(|(key, request)| Some((key, question::text(request)?)))
                else {
                    return Ok(given(&task, None).into());
                };
                let peer = match &answerer {
                    Answerer::Peer(peer) => peer,
                    Answerer::Retry => {
                        return Ok(question::asking(&text, format!("{id}/{key}"))?.into());
                    }
                    Answerer::Nobody => return Ok(given(&task, Some(&text)).into()),
                };
                let form = question::form(&text)?;
                let said = tokio::select! {
                    said = peer.create_elicitation_with_timeout(form, Some(parked::LONGEST)) => said,
                    // Its agent may take it back, and another call may answer it.
                    _ = changes.changed() => continue,
                };
                let answer = said.map_err(question::failed).and_then(|said| Reply::from(said).answer());
                book.answer(&id, &key, answer);
                continue;
            }
            TaskPayload::Working => {}
            _ => return Ok(given(&task, None).into()),
        }
        let waited = async {
            if let Some(progress) = &mut progress
                && told != task.status_message
            {
                told.clone_from(&task.status_message);
                progress.tell(&json!(told)).await;
            }
            // Whether it is forgotten shows with the next look.
            drop(changes.changed().await);
        };
        if timeout_at(until, waited).await.is_err() {
            return Ok(given(&task, None).into());
        }
    }
}

fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(object)).map_err(|error| {
        Failure::new("tool_error", format!("failed to read how the task has ended: {error}"))
    })
}
