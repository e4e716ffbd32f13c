//! Resumes what an earlier process left in the store: tasks that have not ended, and results that were not sent.
//!
//! The start reads every open record, a page at a time, and remembers the ids of the tasks
//! ([`Pending`](super::pending)). For each skill, as many tasks as it has places, plus one page, are in memory; each
//! skill has its own lane that reads more as these end. [`unread`](super::unread) handles messages about tasks that are
//! not read yet.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::machine::Event;
use super::pending::{Claim, Claimed, Lane};
use super::{Execution, Executor};
use crate::deadline;
use crate::json;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::spawn;
use crate::store::{StoreError, TaskRecord, TaskSide};
use crate::wire::{Identifier, TaskState, now_rfc3339};

/// How many records are read at once.
const PAGE: usize = 64;

/// How often it is looked whose deadline has passed.
const LOOK: Duration = Duration::from_secs(1);

/// How long after a failure the store is tried again at first, and at most.
const RETRY: Duration = Duration::from_millis(100);
const RETRY_MOST: Duration = Duration::from_secs(30);

/// How many tasks of each lane are in memory.
struct Lanes(Vec<(Lane, Arc<Semaphore>)>);

impl Lanes {
    fn of(executor: &Executor) -> Self {
        let most = if executor.store.is_durable() { PAGE } else { Semaphore::MAX_PERMITS >> 1 };
        let room = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS >> 1) + most));
        let skills = executor.skills.values().map(|ready| {
            let own = ready.skill.concurrency.map_or(usize::MAX, |places| places as usize);
            (Some(ready.skill.id), room(own.min(executor.limits.tasks)))
        });
        Self(skills.chain([(None, room(0))]).collect())
    }

    fn room(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        let (_, room) = self.0.iter().find(|(id, _)| *id == lane)?;
        Arc::clone(room).try_acquire_owned().ok()
    }
}

/// Finds every open task of this agent, and begins to take them up.
pub(super) async fn all(executor: &Arc<Executor>) -> Result<(), StoreError> {
    let lanes = Lanes::of(executor);
    let (mut after, mut count) = (None, 0_usize);
    loop {
        let page = executor.store.open(TaskSide::Executor, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.task.task_id.as_str().to_owned());
        for record in page {
            let id = &record.task.task_id;
            // A page of the store may come twice.
            if executor.pending.contains(id) || executor.live().contains_key(id) {
                continue;
            }
            count += 1;
            let lane = lane(executor, &record);
            if record.task.status.is_terminal() {
                // It is read again when it is sent.
                executor.unsent.add_recovered(&record);
            } else if let Some(room) = lanes.room(lane) {
                take_up(executor, record, Some(room));
            } else {
                let place = executor.admission.admit_promised(0);
                executor.pending.add(&record, lane, place);
            }
        }
    }
    if count > 0 {
        crate::log::info!(tasks = count, "tasks of an earlier process are taken up");
    }
    let full = lanes.0.into_iter().filter(|(lane, _)| !executor.pending.of(*lane).is_empty());
    let full: Vec<_> = full.collect();
    if !full.is_empty() {
        spawn::tracked(&executor.tasks, go_on(Arc::clone(executor), full));
    }
    Ok(())
}

fn lane(executor: &Executor, record: &TaskRecord) -> Lane {
    executor.skill(&record.task.kind).map(|ready| ready.skill.id)
}

/// Takes up the others as there is room for them.
async fn go_on(executor: Arc<Executor>, lanes: Vec<(Lane, Arc<Semaphore>)>) {
    let lanes = lanes.into_iter().map(|(lane, room)| read_on(&executor, lane, room));
    let all = async { tokio::join!(join_all(lanes), end_late(&executor)) };
    tokio::select! {
        biased;
        // The next start finds them.
        () = executor.stopping.cancelled() => {}
        () = executor.abandon.cancelled() => {}
        _ = all => {}
    }
}

/// Takes up one task of a lane after the other, in their order, each when there is room for it.
async fn read_on(executor: &Arc<Executor>, lane: Lane, room: Arc<Semaphore>) {
    let mut found = true;
    while found {
        found = false;
        let mut after = None;
        loop {
            let page = page(executor, after.as_deref()).await;
            let Some(last) = page.last() else { break };
            after = Some(last.task.task_id.as_str().to_owned());
            // The others are read by their own lanes.
            let page: Vec<_> =
                page.into_iter().filter(|record| executor.pending.contains(&record.task.task_id)).collect();
            for record in page.into_iter().filter(|record| self::lane(executor, record) == lane) {
                let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
                // The record is as it was read: only who has claimed a task changes it.
                if let Some(claim) = claim(executor, &record.task.task_id).await {
                    take_up(executor, record, Some(room));
                    claim.done();
                    found = true;
                }
            }
        }
        // A page that came anew, because what it was after is gone, may have left some out.
        found &= !executor.pending.of(lane).is_empty();
    }
    for id in executor.pending.of(lane) {
        if let Claimed::Ours(claim) = executor.pending.claim(&id) {
            lost(claim, &id);
        }
    }
}

fn lost(claim: Claim<'_>, id: &Identifier) {
    crate::log::error!(task = %shown(id), "failed to read a task of an earlier process: it is not in the store any more");
    claim.done();
}

/// A page of what is open, once the store gives it.
async fn page(executor: &Executor, after: Option<&str>) -> Vec<TaskRecord> {
    let mut pause = RETRY;
    loop {
        match executor.store.open(TaskSide::Executor, after, PAGE).await {
            Ok(page) => return page,
            Err(error) => {
                crate::log::error!(%error, "failed to read tasks of an earlier process; it is tried again")
            }
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(RETRY_MOST);
    }
}

/// Takes up those whose deadline passes before their turn, which ends them.
async fn end_late(executor: &Arc<Executor>) {
    let room = Arc::new(Semaphore::new(PAGE));
    while executor.pending.has_deadlines() {
        for id in executor.pending.late(deadline::ms_within(Duration::ZERO)) {
            let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
            if let Some((claim, record)) = read(executor, &id).await {
                take_up(executor, record, Some(room));
                claim.done();
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Claims a task, once nobody else has it claimed; `None` where it is taken up.
async fn claim<'s>(executor: &'s Executor, id: &Identifier) -> Option<Claim<'s>> {
    loop {
        match executor.pending.claim(id) {
            Claimed::Ours(claim) => return Some(claim),
            Claimed::Others => executor.pending.settled(id).await,
            Claimed::Gone => return None,
        }
    }
}

/// Reads a task whose turn it is not yet, once the store gives it; `None` where it is taken up, or cannot be read. No
/// acknowledgement may wait for this: it takes as long as the store fails.
pub(super) async fn read<'s>(executor: &'s Executor, id: &Identifier) -> Option<(Claim<'s>, TaskRecord)> {
    let mut pause = RETRY;
    loop {
        let claim = claim(executor, id).await?;
        // Before it is read: one that was in hand then, and is no more, has ended in the store.
        if executor.live().contains_key(id) {
            claim.done();
            return None;
        }
        match executor.store.get(TaskSide::Executor, id.as_str()).await {
            Ok(Some(record)) => return Some((claim, record)),
            Ok(None) | Err(StoreError::Unreadable { .. }) => lost(claim, id),
            Err(error) => {
                drop(claim);
                limited!(error, "failed to read a task of an earlier process; it is tried again", task = %shown(id), %error);
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(RETRY_MOST);
            }
        }
    }
}

/// Takes up a task that had not ended when it was read, unless it is in hand or will be.
pub(super) fn one(executor: &Arc<Executor>, record: &TaskRecord) {
    let id = record.task.task_id.clone();
    let place = executor.admission.admit_promised(0);
    if !executor.pending.add(record, lane(executor, record), place) {
        return;
    }
    let (executor, tasks) = (Arc::clone(executor), executor.tasks.clone());
    spawn::tracked(&tasks, async move {
        let read = tokio::select! {
            biased;
            // The next start finds it.
            () = executor.stopping.cancelled() => return,
            read = read(&executor, &id) => read,
        };
        // Read anew: it may have ended since, and its end is sent by the process that ended it.
        if let Some((claim, record)) = read {
            if !record.task.status.is_terminal() {
                take_up(&executor, record, None);
            }
            claim.done();
        }
    });
}

/// Puts a task among those in hand. `room` is given back when nothing is left to do for it.
pub(super) fn take_up(executor: &Arc<Executor>, record: TaskRecord, room: Option<OwnedSemaphorePermit>) {
    let size = json::memory(&record);
    let ready = match executor.skill(&record.task.kind) {
        Some(ready) => Arc::clone(ready),
        None => return orphan(executor, record, room),
    };
    let place = executor.admission.admit_promised(size);
    let work = Execution::recovered(executor, ready, record);
    executor.live().insert(work.begun().task_id.clone(), Arc::clone(&work));
    let (executor, tasks) = (Arc::clone(executor), executor.tasks.clone());
    spawn::tracked(&tasks, async move {
        let _room = room;
        if executor.announced().await {
            drop(executor);
            work.run(place, Event::Recovered, None).await;
        }
    });
}

/// A task whose skill is gone: it has failed.
fn orphan(executor: &Arc<Executor>, mut record: TaskRecord, room: Option<OwnedSemaphorePermit>) {
    (record.task.status, record.task.updated_at) = match record.canceled {
        true => (TaskState::Canceled, now_rfc3339()),
        false => (TaskState::Failed, now_rfc3339()),
    };
    record.task.error = (!record.canceled).then(|| executor.unknown_skill(&record.task.kind));
    let (executor, tasks) = (Arc::clone(executor), executor.tasks.clone());
    spawn::tracked(&tasks, async move {
        let _room = room;
        if executor.announced().await {
            executor.end(record).await;
        }
    });
}
