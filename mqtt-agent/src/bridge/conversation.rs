//! A call of an agent's skill, from its start, or from the answer to a question.

use std::sync::Arc;
use std::time::Instant;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CreateTaskResult, InputResponses};
use serde_json::{Map, Value};
use tokio::time::timeout_at;

use super::asking::{Asking, Step};
use super::caller::Caller;
use super::calling::{Clock, Limits};
use super::forms::Forms;
use super::handle;
use super::handle_call::{self, Follow};
use super::offer::Listed;
use super::outcome::{self, Failure, Refusal};
use super::parked::Purpose;
use super::progress::Progress;
use super::question::{self, Answerer, Reply};
use super::reader::Era;
use super::shared::Shared;
use super::skill;
use super::task_book::Kind;
use super::task_run::Work;
use crate::deadline;
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
    pub(super) forms: &'c Forms,
    /// Whether the host takes a task for an answer; else it takes a handle.
    pub(super) takes_tasks: bool,
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
        Ok(Said::End(value)) => Ok(outcome::of_skill(value, output, era).into()),
        Ok(Said::Other(response)) => Ok(response),
        Err(refusal) => Ok(refusal.answer()?.into()),
    }
}

enum Said {
    End(Value),
    /// A question, or a task that goes on.
    Other(CallToolResponse),
}

async fn converse(shared: &Arc<Shared>, conversation: Conversation<'_>) -> Result<Said, Refusal> {
    let Conversation { caller, listed, arguments, era, trace, mut progress, answerer, .. } = conversation;
    let Conversation { takes_tasks, forms, state, responses, .. } = conversation;
    let Limits { task_after, handle_after, longest, .. } = shared.limits();
    // From its beginning: its host waits already.
    let until = deadline::within(if takes_tasks { task_after } else { handle_after }).into();
    let mut late = Some(until);
    let _places = shared.places(caller)?;
    let tool = &listed.card.tool;
    let purpose = Purpose::new(caller.identity(), tool, &arguments);
    let mut clock = Clock::new(shared.limits());
    let mut again = None;
    let mut asking = match state {
        None => {
            let (agent, id) = skill::of(tool).unwrap_or((tool, ""));
            let task = skill::task(&listed.card, id, &arguments)?;
            let client = shared.client(caller, trace).await?;
            let shown = &listed.offer.modern.name;
            Asking::begin(&client, agent, task, shown, shared.limits(), &shared.tasks).await?
        }
        Some(state) => {
            let reply = Reply::in_call(responses);
            if let Some(malformed @ Reply::Malformed) = reply {
                // The question stays open, and its state good.
                return Err(Refusal::Protocol(ErrorData::invalid_params(malformed.fault(), None)));
            }
            let Some(mut asking) = shared.parked.take(&state, &purpose, Instant::now()) else {
                return Err(Refusal::Protocol(ErrorData::invalid_params(
                    "the question of this `requestState` is not open, or not any more; call the tool again without it",
                    None,
                )));
            };
            match reply {
                Some(reply) => asking.answer(reply.answer()?, &mut clock).await?,
                None => again = Some(asking.again().ok_or_else(question::unanswered)?),
            }
            asking
        }
    };
    let mut last = Value::Null;
    loop {
        let step = match again.take() {
            Some(question) => Step::Question(question),
            None => asking.step(&mut clock, late).await?,
        };
        let asked = match step {
            Step::End(value) => return Ok(Said::End(value)),
            Step::Progress(text) => {
                let text = Value::String(text);
                if let Some(progress) = &mut progress {
                    let told = timeout_at(clock.end(), progress.tell(&text)).await;
                    told.map_err(|_| clock.over(&listed.offer.modern.name))?;
                }
                last = text;
                continue;
            }
            Step::Late => {
                late = None;
                let kind = if takes_tasks { Kind::Polled } else { Kind::Handle };
                let (book, now) = (&shared.book, Instant::now());
                let begun = book.begin(caller.identity(), kind, longest, last.as_str(), now);
                // Where there are too many, the host waits for the end of this one, as it does for every other call.
                let Some(begun) = begun else { continue };
                let (output, answers) = (listed.offer.output, answerer.is_somebody());
                let work = Work { asking, asked: None, clock, output, era, answers };
                let task = work.run(shared, begun);
                return Ok(Said::Other(match takes_tasks {
                    true => CreateTaskResult::new(task).into(),
                    false => handle::given(&task, None).into(),
                }));
            }
            Step::Question(question) => question,
        };
        match &answerer {
            Answerer::Peer(peer) => {
                let book = &shared.book;
                let begin =
                    || book.begin(caller.identity(), Kind::Handle, longest, last.as_str(), Instant::now());
                // A person may take longer than the host waits: then it gets a handle.
                if let Some(begun) = (!takes_tasks).then(begin).flatten() {
                    let (output, answers) = (listed.offer.output, true);
                    let work = Work { asking, asked: Some(asked), clock, output, era, answers };
                    let task = work.run(shared, begun);
                    let given_up = GivenUp { shared, caller, id: Some(&task.task_id) };
                    let (id, answerer) = (task.task_id.as_str(), &answerer);
                    let follow = Follow { caller, forms, id, era, progress, answerer, until };
                    let response = handle_call::follow(shared, follow).await?;
                    given_up.disarm();
                    return Ok(Said::Other(response));
                }
                // A person may take as long as the whole call may.
                let form = question::form(&asked)?;
                let result = peer.create_elicitation_with_timeout(form, Some(clock.left())).await;
                let result = result.map_err(question::failed)?;
                asking.answer(Reply::from(result).answer()?, &mut clock).await?;
            }
            Answerer::Retry => {
                let Some(state) = shared.park(asking, purpose) else {
                    let message = "too many questions are open; answer some of them first";
                    return Err(Failure::unavailable(message).with_code(codes::BUSY).into());
                };
                return Ok(Said::Other(question::asking(&asked, state)?.into()));
            }
            Answerer::Nobody => return Err(question::unanswerable(&asked, era)),
        }
    }
}

/// A call whose task goes on in the book. Dropped before it is answered, it cancels the task.
struct GivenUp<'c> {
    shared: &'c Shared,
    caller: &'c Caller,
    id: Option<&'c str>,
}

impl GivenUp<'_> {
    fn disarm(mut self) {
        self.id = None;
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // It may be over, or forgotten.
            drop(self.shared.book.cancel(id, self.caller.identity(), Instant::now()));
        }
    }
}
