//! What an earlier process left in the store: tasks that have not ended, and results that were not sent.
//!
//! The start looks at every open record, a page at a time, and remembers which tasks there are ([`Pending`](super::pending)).
//! As many of each skill as it has places and a page more are in memory; a lane of its own reads on as they end. What
//! comes for a task that has not been read yet is in [`unread`](super::unread).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::machine::Event;
use super::pending::{Claim, Claimed, Lane};
use super::{Shared, Work};
use crate::deadline;
use crate::json;
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
    fn of(shared: &Shared) -> Self {
        let most = if shared.store.is_durable() { PAGE } else { Semaphore::MAX_PERMITS >> 1 };
        let room = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS >> 1) + most));
        let skills = shared.skills.values().map(|ready| {
            let own = ready.skill.concurrency.map_or(usize::MAX, |places| places as usize);
            (Some(ready.skill.id), room(own.min(shared.limits.tasks)))
        });
        Self(skills.chain([(None, room(0))]).collect())
    }

    fn room(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        let (_, room) = self.0.iter().find(|(id, _)| *id == lane)?;
        Arc::clone(room).try_acquire_owned().ok()
    }
}

/// Finds every open task of this agent, and begins to take them up.
pub(super) async fn all(shared: &Arc<Shared>) -> Result<(), StoreError> {
    let lanes = Lanes::of(shared);
    let (mut after, mut count) = (None, 0_usize);
    loop {
        let page = shared.store.open(TaskSide::Executor, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.task.task_id.as_str().to_owned());
        for record in page {
            let id = &record.task.task_id;
            // A page of the store may come twice.
            if shared.pending.contains(id) || shared.live().contains_key(id) {
                continue;
            }
            count += 1;
            let lane = lane(shared, &record);
            if record.task.status.is_terminal() {
                // It is read again when it is sent.
                shared.unsent.add_recovered(&record);
            } else if let Some(room) = lanes.room(lane) {
                take_up(shared, record, Some(room));
            } else {
                let place = shared.admission.admit_promised(0);
                shared.pending.add(record.task.task_id, lane, record.deadline_ms, place);
            }
        }
    }
    if count > 0 {
        crate::log::info!(tasks = count, "tasks of an earlier process are taken up");
    }
    let full = lanes.0.into_iter().filter(|(lane, _)| !shared.pending.of(*lane).is_empty());
    let full: Vec<_> = full.collect();
    if !full.is_empty() {
        spawn::tracked(&shared.tasks, go_on(Arc::clone(shared), full));
    }
    Ok(())
}

fn lane(shared: &Shared, record: &TaskRecord) -> Lane {
    shared.skill(&record.task.kind).map(|ready| ready.skill.id)
}

/// Takes up the others as there is room for them.
async fn go_on(shared: Arc<Shared>, lanes: Vec<(Lane, Arc<Semaphore>)>) {
    let lanes = lanes.into_iter().map(|(lane, room)| read_on(&shared, lane, room));
    let all = async { tokio::join!(join_all(lanes), end_late(&shared)) };
    tokio::select! {
        biased;
        // The next start finds them.
        () = shared.stopping.cancelled() => {}
        () = shared.abandon.cancelled() => {}
        _ = all => {}
    }
}

/// Takes up one task of a lane after the other, in their order, each when there is room for it.
async fn read_on(shared: &Arc<Shared>, lane: Lane, room: Arc<Semaphore>) {
    let mut found = true;
    while found {
        found = false;
        let mut after = None;
        loop {
            let page = page(shared, after.as_deref()).await;
            let Some(last) = page.last() else { break };
            after = Some(last.task.task_id.as_str().to_owned());
            // The others are read by their own lanes.
            let page: Vec<_> =
                page.into_iter().filter(|record| shared.pending.contains(&record.task.task_id)).collect();
            for record in page.into_iter().filter(|record| self::lane(shared, record) == lane) {
                let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
                // The record is as it was read: only who has claimed a task changes it.
                if let Some(claim) = claim(shared, &record.task.task_id).await {
                    take_up(shared, record, Some(room));
                    claim.done();
                    found = true;
                }
            }
        }
        // A page that came anew, because what it was after is gone, may have left some out.
        found &= !shared.pending.of(lane).is_empty();
    }
    for id in shared.pending.of(lane) {
        if let Claimed::Ours(claim) = shared.pending.claim(&id) {
            lost(claim, &id);
        }
    }
}

fn lost(claim: Claim<'_>, id: &Identifier) {
    crate::log::error!(task = %shown(id), "a task of an earlier process cannot be read any more");
    claim.done();
}

/// A page of what is open, once the store gives it.
async fn page(shared: &Shared, after: Option<&str>) -> Vec<TaskRecord> {
    let mut pause = RETRY;
    loop {
        match shared.store.open(TaskSide::Executor, after, PAGE).await {
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
async fn end_late(shared: &Arc<Shared>) {
    let room = Arc::new(Semaphore::new(PAGE));
    while shared.pending.has_deadlines() {
        for id in shared.pending.late(deadline::ms_within(Duration::ZERO)) {
            let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
            if let Some((claim, record)) = read(shared, &id).await {
                take_up(shared, record, Some(room));
                claim.done();
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Claims a task, once nobody else has it claimed; `None` where it is taken up.
async fn claim<'s>(shared: &'s Shared, id: &Identifier) -> Option<Claim<'s>> {
    loop {
        match shared.pending.claim(id) {
            Claimed::Ours(claim) => return Some(claim),
            Claimed::Others => shared.pending.settled(id).await,
            Claimed::Gone => return None,
        }
    }
}

/// Reads a task whose turn it is not yet, once the store gives it; `None` where it is taken up, or cannot be read.
pub(super) async fn read<'s>(shared: &'s Shared, id: &Identifier) -> Option<(Claim<'s>, TaskRecord)> {
    let mut pause = RETRY;
    loop {
        let claim = claim(shared, id).await?;
        // Before it is read: one that was in hand then, and is no more, has ended in the store.
        if shared.live().contains_key(id) {
            claim.done();
            return None;
        }
        match shared.store.get(TaskSide::Executor, id.as_str()).await {
            Ok(Some(record)) => return Some((claim, record)),
            Ok(None) | Err(StoreError::Unreadable { .. }) => lost(claim, id),
            Err(error) => {
                drop(claim);
                crate::log::error!(task = %shown(id), %error, "failed to read a task of an earlier process; it is tried again");
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(RETRY_MOST);
            }
        }
    }
}

/// Takes up a task that had not ended when it was read, unless it is in hand or will be.
pub(super) fn one(shared: &Arc<Shared>, record: &TaskRecord) {
    let id = record.task.task_id.clone();
    let place = shared.admission.admit_promised(0);
    if !shared.pending.add(id.clone(), lane(shared, record), record.deadline_ms, place) {
        return;
    }
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    spawn::tracked(&tasks, async move {
        let read = tokio::select! {
            biased;
            // The next start finds it.
            () = shared.stopping.cancelled() => return,
            read = read(&shared, &id) => read,
        };
        // Read anew: it may have ended since, and its end is sent by whoever was there.
        if let Some((claim, record)) = read {
            if !record.task.status.is_terminal() {
                take_up(&shared, record, None);
            }
            claim.done();
        }
    });
}

/// Puts a task among those in hand. `room` is given back when nothing is left to do for it.
pub(super) fn take_up(shared: &Arc<Shared>, record: TaskRecord, room: Option<OwnedSemaphorePermit>) {
    let size = json::memory(&record);
    let ready = match shared.skill(&record.task.kind) {
        Some(ready) => Arc::clone(ready),
        None => return orphan(shared, record, room),
    };
    let place = shared.admission.admit_promised(size);
    let work = Work::recovered(shared, ready, record);
    shared.live().insert(work.begun().task_id.clone(), Arc::clone(&work));
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    spawn::tracked(&tasks, async move {
        let _room = room;
        if shared.announced().await {
            drop(shared);
            work.run(place, Event::Recovered, None).await;
        }
    });
}

/// A task whose skill is gone: it has failed.
fn orphan(shared: &Arc<Shared>, mut record: TaskRecord, room: Option<OwnedSemaphorePermit>) {
    (record.task.status, record.task.updated_at) = match record.canceled {
        true => (TaskState::Canceled, now_rfc3339()),
        false => (TaskState::Failed, now_rfc3339()),
    };
    record.task.error = (!record.canceled).then(|| shared.unknown_skill(&record.task.kind));
    let (shared, tasks) = (Arc::clone(shared), shared.tasks.clone());
    spawn::tracked(&tasks, async move {
        let _room = room;
        if shared.announced().await {
            shared.end(record).await;
        }
    });
}
