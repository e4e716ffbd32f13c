//! What an earlier process left in the store: tasks that have not ended, and results that were not sent.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use super::{ReadySkill, Shared, Work};
use crate::handler::registry::OnCrash;
use crate::json;
use crate::spawn;
use crate::store::{StoreError, Stored, TaskRecord, TaskSide};
use crate::wire::{TaskError, TaskState, codes, now_rfc3339};

/// How many records are read at once.
const PAGE: usize = 256;

/// Results that are sent at once: they go out beside what the agent is asked for now.
const AT_ONCE: usize = 64;

/// Takes up every open task of this agent.
pub(super) async fn all(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let mut after = None;
    let mut count = 0_usize;
    let mut unsent = Vec::new();
    loop {
        let page = shared.store.open(TaskSide::Executor, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.task.task_id.as_str().to_owned());
        count += page.len();
        for record in page {
            if record.task.status.is_terminal() {
                unsent.push(record);
            } else {
                one(shared, record);
            }
        }
    }
    if !unsent.is_empty() {
        spawn::tracked(&shared.tasks, send(Arc::clone(shared), unsent));
    }
    if count > 0 {
        tracing::info!(tasks = count, "tasks of an earlier process are taken up");
    }
    Ok(())
}

/// Sends results that an earlier process did not send, or that nobody was there to receive.
async fn send(shared: Arc<Shared>, unsent: Vec<TaskRecord>) {
    let shared = &shared;
    let sent = stream::iter(unsent).for_each_concurrent(AT_ONCE, |record| shared.send_result(record));
    tokio::select! {
        () = sent => {}
        // The next start sends the rest.
        () = shared.stopping.cancelled() => {}
    }
}

fn one(shared: &Arc<Shared>, mut record: TaskRecord) {
    let begun = if record.canceled { Err((TaskState::Canceled, None)) } else { begin(shared, &record) };
    match begun {
        Ok(ready) => {
            record.task.status = TaskState::Submitted;
            let (place, stored) = (
                shared.admission.admit_promised(json::size(&record).unwrap_or_else(|begun| begun)),
                Stored::read_back(&record),
            );
            let work = Work::new(shared, ready, Arc::new(record));
            work.note_stored(Some(stored));
            shared.live().insert(work.begun().task_id.clone(), Arc::clone(&work));
            spawn::tracked(&shared.tasks, work.run(place));
        }
        Err((status, error)) => {
            record.task.status = status;
            record.task.error = error;
            record.task.updated_at = now_rfc3339();
            let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
            spawn::tracked(&tasks, async move {
                match shared.keep(&record).await {
                    Ok(()) => shared.send_result(record).await,
                    Err(error) => tracing::error!(%error, "a task that was cut off was not stored as ended"),
                }
            });
        }
    }
}

/// The skill of one more attempt, or how it ends without one.
fn begin(shared: &Shared, record: &TaskRecord) -> Result<Arc<ReadySkill>, (TaskState, Option<TaskError>)> {
    let failed = |error| (TaskState::Failed, Some(error));
    let ready = shared.skill(&record.task.kind);
    let ready = ready.ok_or_else(|| failed(shared.unknown_skill(&record.task.kind)))?;
    let given_up = ready.skill.on_crash == OnCrash::Fail || record.attempts >= ready.skill.attempts.max(1);
    if record.attempts > 0 && given_up {
        let message = format!(
            "the agent's process ended in attempt {} at the task; give it again if it may run twice",
            record.attempts
        );
        return Err(failed(TaskError::new("task_error", message).with_code(codes::CRASHED)));
    }
    ready.arguments(&record.task).map_err(failed)?;
    Ok(Arc::clone(ready))
}
