//! The requests of the extension `io.modelcontextprotocol/tasks`: a host asks how far a task is, answers its question, or
//! cancels it. None of them begins anything, so each can be sent again.

use std::time::Instant;

use rmcp::ErrorData;
use rmcp::model::{GetTaskResult, InputResponses};

use super::question::Reply;
use super::shared::Shared;
use super::task_book::Unknown;
use crate::shown::shown;

/// `tasks/get`
pub(super) fn get(shared: &Shared, owner: Option<&str>, id: &str) -> Result<GetTaskResult, ErrorData> {
    let task = shared.book.get(id, owner, Instant::now());
    task.map(GetTaskResult::new).ok_or_else(|| unknown(id))
}

/// `tasks/update`. A reply to no open question is ignored, as the extension says. One that is no answer to the open question
/// is refused, and the question stays open.
pub(super) fn update(
    shared: &Shared,
    owner: Option<&str>,
    id: &str,
    mut responses: InputResponses,
) -> Result<(), ErrorData> {
    let asked = shared.book.asked(id, owner, Instant::now()).map_err(|Unknown| unknown(id))?;
    let Some((key, response)) = asked.and_then(|key| responses.remove_entry(&key)) else { return Ok(()) };
    match Reply::read(response) {
        reply @ (Reply::Missing | Reply::Malformed) => Err(ErrorData::invalid_params(reply.fault(), None)),
        reply => {
            shared.book.answer(id, &key, reply.answer());
            Ok(())
        }
    }
}

/// `tasks/cancel`
pub(super) fn cancel(shared: &Shared, owner: Option<&str>, id: &str) -> Result<(), ErrorData> {
    shared.book.cancel(id, owner, Instant::now()).map_err(|Unknown| unknown(id))
}

fn unknown(id: &str) -> ErrorData {
    let message =
        format!("there is no task `{}`, or not any more; call the tool again if it is wanted", shown(id));
    ErrorData::invalid_params(message, None)
}
