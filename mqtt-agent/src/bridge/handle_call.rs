//! A call of `agent_task`: waits for the end of a task whose call was answered with a handle. It can be made again, for
//! hosts lose answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult, InputRequests, InputResponses, TaskPayload};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::timeout_at;

use super::asking::MOST_ASKED;
use super::caller::Caller;
use super::forms::{Forms, Open};
use super::handle::{Arguments, given, unknown};
use super::outcome::{Failure, Refusal};
use super::progress::Progress;
use super::question::{self, Answerer, Reply};
use super::reader::Era;
use super::shared::Shared;
use super::task_book::Look;
use super::wrap;
use crate::deadline::within;

/// The shortest wait, so that no model asks all the time.
const LEAST: Duration = Duration::from_secs(1);

/// A call of the tool.
pub(super) struct Ask<'c> {
    pub(super) caller: &'c Caller,
    pub(super) forms: &'c Forms,
    pub(super) arguments: Map<String, Value>,
    pub(super) era: Era,
    pub(super) progress: Option<Progress>,
    pub(super) answerer: Answerer,
    /// What a host of 2026-07-28 sends with the answer to a question.
    pub(super) state: Option<String>,
    pub(super) responses: Option<InputResponses>,
}

/// Waits for the result. Dropping it leaves the task as it is.
pub(super) async fn answer(shared: &Arc<Shared>, ask: Ask<'_>) -> Result<CallToolResponse, ErrorData> {
    match wait(shared, ask).await {
        Ok(response) => Ok(response),
        Err(refusal) => Ok(refusal.answer()?.into()),
    }
}

async fn wait(shared: &Arc<Shared>, ask: Ask<'_>) -> Result<CallToolResponse, Refusal> {
    let Ask { caller, forms, arguments, era, progress, answerer, state, responses } = ask;
    let Arguments { id, cancel } = Arguments::read(arguments)?;
    let _places = shared.places(caller)?;
    let (book, owner) = (&shared.book, caller.identity());
    if cancel {
        book.cancel(&id, owner, Instant::now()).map_err(|_| unknown(&id))?;
    }
    if let Some(state) = state {
        let open = book.asked(&id, owner, Instant::now()).map_err(|_| unknown(&id))?;
        take(shared, &id, &state, open, responses)?;
    }
    let until = within(shared.limits().handle_after.max(LEAST)).into();
    follow(shared, Follow { caller, forms, id: &id, era, progress, answerer: &answerer, until }).await
}

/// A task that is waited for.
pub(super) struct Follow<'c> {
    pub(super) caller: &'c Caller,
    pub(super) forms: &'c Forms,
    pub(super) id: &'c str,
    pub(super) era: Era,
    pub(super) progress: Option<Progress>,
    pub(super) answerer: &'c Answerer,
    pub(super) until: tokio::time::Instant,
}

/// Gives the result, what its host is to answer, or after a while the handle.
pub(super) async fn follow(shared: &Arc<Shared>, follow: Follow<'_>) -> Result<CallToolResponse, Refusal> {
    let Follow { caller, forms, id, era, mut progress, answerer, until } = follow;
    let (book, owner) = (&shared.book, caller.identity());
    let (mut told, mut is_late) = (None, false);
    loop {
        let Look { task: found, told: said, mut changes } =
            book.look(id, owner, Instant::now()).map_err(|_| unknown(id))?;
        let task = found.task;
        let question = match found.payload {
            TaskPayload::Completed { result } => return Ok(completed(read(result)?, era).into()),
            TaskPayload::Failed { error } => return Err(failed(read(error)?, era)),
            // There is one, and it is a form.
            TaskPayload::InputRequired { input_requests } => first(input_requests),
            TaskPayload::Working => None,
            _ => return Ok(given(&task, None).into()),
        };
        let text = question.as_ref().map(|(_, text)| text.as_str());
        match (answerer, &question) {
            _ if is_late => return Ok(given(&task, text).into()),
            (Answerer::Retry, Some((key, text))) => {
                return Ok(question::asking(text, format!("{id}/{key}"))?.into());
            }
            (Answerer::Nobody, Some(_)) => return Ok(given(&task, text).into()),
            _ => {}
        }
        let waited = async {
            if let (Answerer::Peer(peer), Some((key, text))) = (answerer, question.clone()) {
                let owner = owner.map(str::to_owned);
                forms.show(shared, peer, Open { id: id.to_owned(), owner, key, text }).await?;
            }
            if let (Some(progress), Some(message)) = (&mut progress, &task.status_message)
                && told != Some(said)
            {
                told = Some(said);
                progress.tell(&json!(message)).await;
            }
            // Whether it is forgotten shows with the next look.
            drop(changes.changed().await);
            Ok::<_, Failure>(())
        };
        match timeout_at(until, waited).await {
            Ok(waited) => waited?,
            Err(_) => is_late = true,
        }
    }
}

/// Takes what a host of 2026-07-28 says to a question.
fn take(
    shared: &Shared,
    id: &str,
    state: &str,
    open: Option<String>,
    responses: Option<InputResponses>,
) -> Result<(), Refusal> {
    let refused = |why: String| Refusal::Protocol(ErrorData::invalid_params(why, None));
    let Some(key) = state.strip_prefix(id).and_then(|rest| rest.strip_prefix('/')) else {
        let why = "this `requestState` is of another task; send the one that came with the question";
        return Err(refused(why.to_owned()));
    };
    // What answers no open question is ignored: its host has lost what it was answered.
    if open.as_deref() != Some(key) {
        return Ok(());
    }
    match Reply::in_call(responses) {
        Some(reply @ (Reply::Missing | Reply::Malformed)) => return Err(refused(reply.fault())),
        Some(reply) => shared.book.answer(id, key, reply.answer()),
        None if shared.book.again(id, key) >= MOST_ASKED => {
            shared.book.answer(id, key, Err(question::unanswered()));
        }
        None => {}
    }
    Ok(())
}

fn first(requests: InputRequests) -> Option<(String, String)> {
    let (key, request) = requests.into_iter().next()?;
    Some((key, question::text(request)?))
}

/// The result of a call, which may have been made by a host of the other era.
fn completed(mut result: CallToolResult, era: Era) -> CallToolResult {
    result.structured_content = result.structured_content.map(|value| match era {
        Era::Legacy if !value.is_object() => wrap::value(value),
        _ => value,
    });
    result
}

/// The same of an error.
fn failed(error: ErrorData, era: Era) -> Refusal {
    match era {
        Era::Legacy => Failure::new("tool_error", error.message).with_code("question").into(),
        Era::Modern => Refusal::Protocol(error),
    }
}

fn read<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(object)).map_err(|error| {
        Failure::new("tool_error", format!("failed to read how the task has ended: {error}"))
    })
}
