//! What an earlier process left in the store: tasks that have not ended, and results that were not sent.

use std::sync::Arc;

use super::machine::Event;
use super::{Shared, Work};
use crate::json;
use crate::spawn;
use crate::store::{StoreError, TaskRecord, TaskSide};
use crate::wire::{TaskState, now_rfc3339};

/// How many records are read at once.
const PAGE: usize = 256;

/// Takes up every open task of this agent.
pub(super) async fn all(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let mut after = None;
    let mut count = 0_usize;
    loop {
        let page = shared.store.open(TaskSide::Executor, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.task.task_id.as_str().to_owned());
        count += page.len();
        for record in page {
            if record.task.status.is_terminal() {
                // It is read again when it is sent.
                shared.unsent.add_recovered(&record);
            } else {
                one(shared, record);
            }
        }
    }
    if count > 0 {
        tracing::info!(tasks = count, "tasks of an earlier process are taken up");
    }
    Ok(())
}

/// Takes up a task that has not ended, unless it is in hand.
pub(super) fn one(shared: &Arc<Shared>, record: TaskRecord) {
    // A page of the store may come twice.
    if shared.live().contains_key(&record.task.task_id) {
        return;
    }
    let size = json::memory(&record);
    let ready = match shared.skill(&record.task.kind) {
        Some(ready) => Arc::clone(ready),
        None => return orphan(shared, record),
    };
    let place = shared.admission.admit_promised(size);
    let work = Work::recovered(shared, ready, record);
    shared.live().insert(work.begun().task_id.clone(), Arc::clone(&work));
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    spawn::tracked(&tasks, async move {
        if shared.announced().await {
            drop(shared);
            work.run(place, Event::Recovered, None).await;
        }
    });
}

/// A task whose skill is gone: it has failed.
fn orphan(shared: &Arc<Shared>, mut record: TaskRecord) {
    (record.task.status, record.task.updated_at) = match record.canceled {
        true => (TaskState::Canceled, now_rfc3339()),
        false => (TaskState::Failed, now_rfc3339()),
    };
    record.task.error = (!record.canceled).then(|| shared.unknown_skill(&record.task.kind));
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    spawn::tracked(&tasks, async move {
        if shared.announced().await {
            shared.end(record).await;
        }
    });
}
