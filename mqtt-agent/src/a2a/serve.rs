//! Serving skills: [`SkillServer`] takes tasks from the agent's inbox, stores them, runs them, and sends their results.
//!
//! The steps of a task: [`inbox`] reads it and makes an [`Execution`]. [`machine`] decides the next step, and
//! [`attempt`] does it: the task is stored, its message is acknowledged, it waits for its turn, its handler runs, its
//! end is stored, and [`report`] sends the result. Before the end, [`updates`] sends updates and [`ask`] sends
//! questions. [`recover`] resumes the tasks of an earlier process, as there is room for them; [`pending`] knows the
//! tasks that are not read yet, and [`unread`] handles messages about these. [`unsent`] sends results again that had no
//! receiver.

mod ask;
mod attempt;
mod dialogue;
mod execution;
mod inbox;
mod keeping;
mod ledger;
mod machine;
mod pending;
mod query;
mod ready;
mod recover;
mod report;
mod room;
mod seeded;
mod unread;
mod unsent;
mod updates;

pub(crate) use execution::Execution;
pub(crate) use ready::ReadySkill;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::presence::Presence;
use crate::error::Result;
use crate::handler::context::States;
use crate::link::{Filter, Link, RetainHandling, Subscription};
use crate::serve::{Admission, Announcer, GracefulShutdown, Limits, Retained};
use crate::session::SessionHandle;
use crate::spawn;
use crate::store::{Retention, StoreError, Stored, TaskRecord, TaskSide, TaskStore, update};
use crate::wire::{ErrorKind, Identifier, TaskError, codes};
use pending::Pending;
use room::Room;
use unsent::Unsent;

/// Messages that may be in hand beside the tasks: those that are answered, and results that are sent.
const READING: usize = 1024;

/// While the store fails: how many messages about tasks that are not read yet, how many such tasks that are sent again, and how
/// many rejected tasks, wait for it. Together fewer than [`READING`].
const UNREAD: u32 = 256;
const REPEATED: u32 = 448;
const WITHDRAWN: u32 = 256;

/// How long a stop waits for what came while it said that the agent is offline.
const AFTER_READING: Duration = Duration::from_secs(5);

/// How often ended tasks are removed from the store.
const PRUNE: Duration = Duration::from_secs(60);

/// What an agent needs to serve skills.
#[derive(Debug)]
pub(crate) struct SkillServerParts {
    /// The agent's id without its instance: whose inbox it is.
    pub(crate) agent: String,
    /// Whether there may be other replicas.
    pub(crate) shared: bool,
    pub(crate) skills: Vec<ReadySkill>,
    pub(crate) presence: Presence,
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) retention: Retention,
}

/// What all tasks of an agent share.
#[derive(Debug)]
pub(super) struct Executor {
    link: Link,
    handle: SessionHandle,
    states: Arc<States>,
    limits: Limits,
    /// Who the agent is: its MQTT client id.
    id: Identifier,
    /// Whose inbox it is: the same without an instance.
    agent: String,
    skills: HashMap<&'static str, Arc<ReadySkill>>,
    /// Whose the tasks of other types are.
    default: Option<Arc<ReadySkill>>,
    store: Arc<dyn TaskStore>,
    /// The tasks that have not ended.
    live: Mutex<HashMap<Identifier, Arc<Execution>>>,
    /// Those of an earlier process that are not read yet.
    pending: Pending,
    /// For acknowledged messages about these.
    unread: Room,
    /// For those of these that are sent again: they say nothing new, and must keep no cancel out.
    repeated: Room,
    /// For tasks that were rejected, and may be in the store all the same.
    withdrawn: Room,
    /// Owns every tokio task.
    tasks: TaskTracker,
    /// Ended, and received by nobody yet.
    unsent: Unsent,
    /// Queries that are looked up.
    queries: Semaphore,
    /// Queries that are looked up or wait for that.
    asked: Arc<Semaphore>,
    /// Cancelled when card and status are out: nothing is told of tasks before (`A2A-1`).
    announced: CancellationToken,
    /// Cancelled when no more work is accepted.
    stopping: CancellationToken,
    /// Cancelled when the grace of a stop is over.
    abandon: CancellationToken,
    /// Cancelled when the inbox is read no more.
    closing: CancellationToken,
    /// Tasks in hand.
    admission: Arc<Admission>,
}

impl Executor {
    /// The skill that a task is for. A task's `type` is free text: one that is no skill's id goes to the default one
    /// (`A2A-6`).
    fn skill(&self, kind: &str) -> Option<&Arc<ReadySkill>> {
        self.skills.get(kind).or(self.default.as_ref())
    }

    fn unknown_skill(&self, kind: &str) -> TaskError {
        let mut known: Vec<_> = self.skills.keys().map(|id| format!("`{id}`")).collect();
        known.sort_unstable();
        known.truncate(16);
        let kind: String = kind.chars().take(64).collect();
        let (known, kind) = (known.join(", "), kind.as_str());
        let message = if kind.is_empty() {
            format!(
                "the task names no skill in its `type`, and none is the default one; ask for one of {known}"
            )
        } else {
            format!("no skill `{kind}`; ask for one of {known}")
        };
        TaskError::new(ErrorKind::InvalidArguments.as_str(), message).with_code(codes::UNKNOWN_SKILL)
    }

    /// Stores what became of a task.
    async fn keep(&self, record: &TaskRecord) -> std::result::Result<Stored, StoreError> {
        update(&*self.store, TaskSide::Executor, record.clone()).await
    }

    /// Waits until card and status are out; `false` when the agent ends before.
    async fn announced(&self) -> bool {
        tokio::select! {
            biased;
            () = self.announced.cancelled() => true,
            () = self.abandon.cancelled() => false,
        }
    }

    /// A task is in hand no more. One that came under its id since is another.
    fn forget(&self, work: &Arc<Execution>) {
        let mut live = self.live();
        if live.get(&work.begun().task_id).is_some_and(|known| Arc::ptr_eq(known, work)) {
            live.remove(&work.begun().task_id);
        }
    }

    /// The lock is held only for a moment, never across an await.
    fn live(&self) -> MutexGuard<'_, HashMap<Identifier, Arc<Execution>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The skills of one agent, served over its connection.
#[derive(Debug)]
pub(crate) struct SkillServer {
    executor: Arc<Executor>,
    presence: Arc<Presence>,
    inbox: Vec<(Subscription, bool)>,
    // Reads the inbox.
    reader: AbortOnDropHandle<()>,
    // Publishes card and status again after each reconnect.
    announcer: AbortOnDropHandle<()>,
    // Removes what is too old.
    pruner: AbortOnDropHandle<()>,
    // Sends results again that nobody received.
    unsent: AbortOnDropHandle<()>,
    // An agent that is dropped without a stop leaves no handler behind.
    abandon: DropGuard,
}

impl SkillServer {
    /// Takes up what an earlier process left, publishes card and status, and subscribes the inbox (`A2A-1`).
    pub(crate) async fn start(
        handle: SessionHandle,
        states: Arc<States>,
        limits: Limits,
        parts: SkillServerParts,
        within: Duration,
    ) -> Result<Self> {
        let session = handle.session();
        let skills: HashMap<_, _> =
            parts.skills.into_iter().map(|ready| (ready.skill.id, Arc::new(ready))).collect();
        // The only one, or the one that is marked so.
        let default = skills.values().find(|ready| ready.skill.default || skills.len() == 1).cloned();
        let executor = Arc::new(Executor {
            link: session.link().clone(),
            id: session.id().clone(),
            states,
            agent: parts.agent,
            skills,
            default,
            store: parts.store,
            live: Mutex::default(),
            pending: Pending::default(),
            unread: Room::new(UNREAD),
            repeated: Room::new(REPEATED),
            withdrawn: Room::new(WITHDRAWN),
            tasks: TaskTracker::new(),
            unsent: Unsent::default(),
            queries: Semaphore::new(query::AT_ONCE),
            asked: Arc::new(Semaphore::new(query::WAITING)),
            announced: CancellationToken::new(),
            stopping: CancellationToken::new(),
            abandon: CancellationToken::new(),
            closing: CancellationToken::new(),
            admission: Admission::new(limits.task_capacity()),
            limits,
            handle: handle.clone(),
        });
        let abandon = executor.abandon.clone().drop_guard();
        // Before the inbox is open: a redelivery has to find what is there already.
        recover::all(&executor).await?;

        let presence = Arc::new(parts.presence);
        let (handler, inbox) = executor.link.inbox("an inbox message");
        let reader = spawn::owned(inbox::read(Arc::clone(&executor), inbox));
        let namespace = session.namespace();
        let mut filters = vec![(namespace.inbox(executor.id.as_str()), false)];
        if parts.shared {
            filters.push((namespace.shared_inbox(&executor.agent), true));
        }
        let announcer = Announcer::new(&executor.link);
        let subscribe = async {
            // SUB-15: what is retained is no work.
            let work = |filter: &String| Filter::new(filter).with_retain_handling(RetainHandling::DoNotSend);
            let wanted = filters.iter().map(|(filter, _)| work(filter)).collect();
            let granted = executor.link.subscribe(wanted, handler).await;
            let granted: std::result::Result<Vec<_>, _> = granted.into_iter().collect();
            Ok(granted?.into_iter().zip(filters.iter().map(|(_, is_shared)| *is_shared)).collect::<Vec<_>>())
        };
        // In one flight: a peer that sees the agent come online finds the inbox open.
        let announce = async {
            let goes_on = executor.link.session() == 0;
            if goes_on && !executor.store.is_durable() {
                presence.announce_anew(&executor.link).await
            } else {
                presence.announce(&executor.link).await
            }
        };
        let both = async { tokio::join!(announce, subscribe) };
        let both = executor.link.answered(
            "the PUBLISH of the agent's card and the SUBSCRIBE of its inbox",
            within,
            both,
        );
        let inbox =
            match both.await.map_err(Into::into).and_then(|(announcement, inbox)| announcement.and(inbox)) {
                Ok(inbox) => inbox,
                Err(error) => {
                    presence.retire(&executor.link).await;
                    return Err(error);
                }
            };
        executor.announced.cancel();
        let unsent = spawn::owned(unsent::send_again(Arc::clone(&executor)));
        let (link, announced) = (executor.link.clone(), Arc::clone(&presence));
        let announcer = spawn::owned(announcer.again("card and status", move || {
            let (link, announced) = (link.clone(), Arc::clone(&announced));
            async move { announced.announce(&link).await }
        }));
        let pruner = prune(Arc::clone(&executor.store), parts.retention);
        let pruner = spawn::owned(pruner);
        Ok(Self { executor, presence, inbox, reader, announcer, pruner, unsent, abandon })
    }

    /// What is to be at the broker while the agent serves (`SUB-16`).
    pub(crate) fn retained(&self) -> impl Iterator<Item = Retained> {
        self.presence.retained().into_iter()
    }

    /// Begins no more work, waits for what runs, and marks the agent offline (`A2A-15`), once nobody would publish its
    /// status again. The connection stays open.
    ///
    /// An inbox of its own stays subscribed, so that the broker keeps what comes for the next start; one that is shared
    /// with other replicas is left to them (`SUB-8a`).
    pub(crate) async fn stop(self, unrepaired: &CancellationToken) {
        let Self { executor, presence, inbox, reader, announcer, pruner, unsent, abandon } = self;
        announcer.abort();
        pruner.abort();
        let mut leave = Vec::new();
        for (subscription, is_shared) in inbox {
            if is_shared { leave.push(subscription) } else { subscription.keep() }
        }
        let shutdown = GracefulShutdown {
            link: &executor.link,
            what: "tasks",
            stopping: &executor.stopping,
            abandon: &executor.abandon,
            tasks: &executor.tasks,
            grace: executor.limits.grace,
        };
        shutdown.run(leave).await;
        // Nothing says any more that it is online.
        let (_, _, _) = tokio::join!(announcer, pruner, unsent);
        unrepaired.cancelled().await;
        presence.retire(&executor.link).await;
        executor.closing.cancel();
        drop(reader.await);
        // What came meanwhile is handed to the store, or left to the session.
        drop(timeout(AFTER_READING, executor.tasks.wait()).await);
        drop(abandon);
    }
}

async fn prune(store: Arc<dyn TaskStore>, retention: Retention) {
    loop {
        match store.prune(&retention).await {
            Ok(0) => {}
            Ok(tasks) => crate::log::debug!(tasks, "removed ended tasks from the store"),
            Err(error) => crate::log::warn!(%error, "failed to remove ended tasks from the store"),
        }
        tokio::time::sleep(PRUNE).await;
    }
}
