//! The tasks that this connection has delegated, and their updates and results.
//!
//! The state of every task is in one [`Book`], a state machine without I/O. [`Delegations::on`] passes events to it,
//! notifies the waiters at once, and leaves the other effects to [`result_listener`](super::result_listener), which
//! reads incoming messages.

mod book;
mod delegation;
mod entry;
mod event;
mod queues;
mod seeded;
mod unclaimed;

use delegation::UPDATE_BYTES;
pub(crate) use delegation::{Delegation, Names, Waiting};

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::discover::ReceiverCards;
use crate::ledger::Ledger;
use crate::link::{ConnectionState, Link, Message, PublishError, Published};
use crate::shown::shown;
use crate::spawn;
use crate::store::{StoreError, TaskRecord, TaskSide, TaskStore};
use crate::wire::{Identifier, Namespace, TaskError, TaskMessage, TaskResult, TaskState, codes};
use book::Book;
use event::{Change, Effect, Event, Handed, What};
use unclaimed::Unclaimed;
pub(crate) use unclaimed::Unread;

/// How many records are read at once.
const PAGE: usize = 256;

/// All of them.
#[derive(Debug)]
pub(crate) struct Delegations {
    store: Arc<dyn TaskStore>,
    book: Mutex<Books>,
    /// Something waits in `Books`.
    work: Notify,
    /// The store took something, or failed to.
    stored: Notify,
    /// Counts the updates that wait for a watcher of their tasks.
    ledger: Ledger,
    unclaimed: Mutex<Unclaimed>,
    /// Results may have come while nobody took them.
    missed: AtomicBool,
    /// Changes with each of them. All readers look then: one of them may be left unread.
    arrived: watch::Sender<()>,
    /// Cancelled when the connection is closed: nobody waits any longer.
    pub(crate) closed: CancellationToken,
    /// Owns what goes on after the requester has left.
    pub(crate) tasks: TaskTracker,
}

#[derive(Debug)]
struct Books {
    book: Book,
    /// Messages that may be acknowledged.
    acknowledged: VecDeque<u64>,
    /// What is to be done by the result listener, each kind in its order.
    store: VecDeque<Effect>,
    wire: VecDeque<Effect>,
}

/// What is done by the result listener, by what it waits for: a connection that is down holds up no store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Store,
    Wire,
}

/// In which session and on which connection something is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    session: u64,
    epoch: u64,
}

impl Sending {
    /// To be taken before it is sent: should the session end meanwhile, it is sent once more than needed.
    pub(crate) fn now(link: &Link) -> Self {
        Self { session: link.session(), epoch: link.epoch() }
    }
}

/// Something that is to be done with waiting.
pub(super) struct Work(Box<Effect>);

/// The store is being read for more results. Dropped before that is done, it is to be read again.
struct Reading<'d> {
    delegations: &'d Delegations,
    done: bool,
}

impl Reading<'_> {
    fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.delegations.unclaimed_tasks().was_not_read();
        }
    }
}

impl Delegations {
    pub(crate) fn new(store: Arc<dyn TaskStore>) -> Self {
        let book = Book::new(store.is_durable());
        Self {
            store,
            book: Mutex::new(Books {
                book,
                acknowledged: VecDeque::new(),
                store: VecDeque::new(),
                wire: VecDeque::new(),
            }),
            work: Notify::new(),
            stored: Notify::new(),
            ledger: Ledger::new(UPDATE_BYTES),
            unclaimed: Mutex::default(),
            missed: AtomicBool::new(false),
            arrived: watch::Sender::new(()),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    pub(crate) fn store(&self) -> &Arc<dyn TaskStore> {
        &self.store
    }

    /// The lock is held only for a moment, never across an await.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened.
    fn on(&self, event: Event) {
        let mut effects = Vec::new();
        let mut books = self.books();
        books.book.take(event, Instant::now(), &mut effects);
        let mut released = Vec::new();
        for effect in effects {
            // Under the lock, so that all is told in its order.
            match effect {
                Effect::Update(delegation, update) => delegation.update(update, &self.ledger),
                Effect::Executor(delegation, executor) => delegation.set_executor(executor),
                Effect::End(delegation, end) => delegation.end(Ok(end)),
                Effect::Noted(delegation) => delegation.note(),
                Effect::Settled(delegation) => delegation.settle(),
                Effect::Failing(delegation, error) => delegation.end(Err(error)),
                Effect::Release(id) => released.push(id),
                Effect::Acknowledge(message) => books.acknowledged.push_back(message),
                Effect::Store { .. } => books.store.push_back(effect),
                Effect::Send(_) | Effect::Ask(_) | Effect::Learn(_) | Effect::Cancel(_) | Effect::Say(..) => {
                    books.wire.push_back(effect);
                }
            }
        }
        let some = !(books.acknowledged.is_empty() && books.store.is_empty() && books.wire.is_empty());
        drop(books);
        for id in released {
            self.unclaimed(id);
        }
        if some {
            self.work.notify_one();
        }
    }

    /// The store is about to be given a task. It is known from before: should nobody wait for that, it is withdrawn.
    pub(crate) fn inserting(&self, delegation: &Arc<Delegation>) {
        self.on(Event::Inserting(Arc::clone(delegation)));
    }

    /// The store failed to take a task, which ends here. A store that stalled may take it later: it is told of that once.
    pub(crate) fn not_inserted(&self, delegation: &Delegation, mut record: TaskRecord, error: &StoreError) {
        self.forget(delegation);
        (record.task.status, record.settled) = (TaskState::Failed, true);
        record.task.error = Some(TaskError::new("unavailable", error.to_string()).with_code(codes::STORE));
        let store = Arc::clone(&self.store);
        let ended = async move {
            if let Err(error) = store.update(TaskSide::Delegator, record).await {
                crate::log::debug!(%error, "failed to end a task in the store that did not take it");
            }
        };
        spawn::tracked(&self.tasks, ended);
    }

    /// A task is about to be given to the connection for the first time: its result may come at once.
    pub(crate) fn asked(&self, delegation: &Arc<Delegation>) {
        self.on(Event::Asked(Arc::clone(delegation)));
    }

    /// Waits for a task of another process, or of one that nobody waits for. `None`: somebody does already, or it is
    /// just ending, and its result is for [`Results`](crate::a2a::delegate::Results).
    pub(crate) fn attach(&self, names: Names, result_topic: String) -> Option<(Arc<Delegation>, Waiting)> {
        let mut books = self.books();
        let (delegation, waiting) = match books.book.attachable(&names.task_id)? {
            Some((known, executor)) => known.attached(executor),
            None => Delegation::elsewhere(names, result_topic),
        };
        let delegation = Arc::new(delegation);
        books.book.take(Event::Attached(Arc::clone(&delegation)), Instant::now(), &mut Vec::new());
        Some((delegation, waiting))
    }

    /// Whether a task that this process does not know has ended while nobody waited for it: its result is for
    /// [`Results`](crate::a2a::delegate::Results). To be asked once the task is attached to: the book forgets a task
    /// when the store has its end, and not before.
    pub(crate) async fn is_unclaimed(&self, attached: &Delegation) -> Result<bool, StoreError> {
        if !attached.is_elsewhere() {
            return Ok(false);
        }
        let record = self.store.get(TaskSide::Delegator, attached.task.task_id.as_str()).await?;
        Ok(record.is_some_and(|record| record.task.status.is_terminal() && !record.settled))
    }

    /// What its agent said of a task when it was asked: its end.
    pub(crate) fn told(&self, end: TaskResult) {
        // Its message is nobody's to acknowledge.
        self.heard(end, true, false, u64::MAX);
    }

    /// The broker has the task.
    pub(crate) fn sent(&self, delegation: &Delegation, sending: Sending) {
        let Sending { session, epoch } = sending;
        self.on(Event::Handed {
            id: delegation.task.task_id.clone(),
            outcome: Handed::Taken { session, epoch },
        });
    }

    /// A task that was not sent: it ends here, and no later process sends it.
    pub(crate) fn withdraw(&self, delegation: &Delegation, error: TaskError) {
        self.on(Event::Withdrawn { id: delegation.task.task_id.clone(), error });
    }

    /// Nobody waits for a task that is kept in no store.
    pub(crate) fn forget(&self, delegation: &Delegation) {
        self.on(Event::Forgotten(delegation.task.task_id.clone()));
    }

    /// A task is not wanted any more. The cancelling side tells its agent; a replica that is heard of only later is
    /// told then.
    pub(crate) fn canceled(&self, delegation: &Delegation) {
        self.on(Event::Canceled(delegation.task.task_id.clone()));
    }

    /// Its question is about to be answered. What its agent does not receive is sent again when it asks again.
    pub(crate) fn said(&self, delegation: &Delegation, message: &TaskMessage) {
        self.on(Event::Said { id: delegation.task.task_id.clone(), message: message.clone() });
    }

    /// Whether an agent is known to take more than tasks: it has sent an update (`A2A-12`).
    pub(crate) fn understands(&self, agent: &str) -> bool {
        self.books().book.understands(agent)
    }

    /// Some replicas that may work on a task and are online.
    pub(crate) fn replicas(&self, delegation: &Delegation) -> Vec<Arc<str>> {
        self.books().book.replicas(delegation)
    }

    /// Whether an agent is known to be online, or a replica of it.
    pub(crate) fn is_online(&self, agent: &str) -> bool {
        self.books().book.is_online(agent)
    }

    /// The same, or what may be one of its replicas.
    pub(crate) fn is_there(&self, agent: &str) -> bool {
        self.books().book.is_there(agent)
    }

    /// The agent that may be meant by an id that none has; not this one itself.
    pub(crate) fn near(&self, agent: &str, own: &str) -> Option<Arc<str>> {
        self.books().book.near(agent, own)
    }

    /// A task's handle is gone: its result is for [`Results`](crate::a2a::delegate::Results).
    pub(crate) fn dropped(&self, delegation: &Delegation) {
        self.on(Event::Dropped(delegation.task.task_id.clone()));
    }

    /// A task's handle has the result. Returns when the store had its first try at that.
    pub(crate) async fn taken(&self, delegation: &Delegation) {
        self.on(Event::Taken(delegation.task.task_id.clone()));
        tokio::select! {
            () = delegation.settled() => {}
            () = self.closed.cancelled() => {}
        }
    }

    pub(super) fn online(&self, agent: &str, retained: bool) {
        self.on(Event::Online { agent: agent.into(), retained });
    }

    pub(super) fn offline(&self, agent: &str) {
        self.on(Event::Offline { agent: agent.into() });
    }

    pub(super) fn connection(&self, state: &ConnectionState, link: &Link) {
        self.on(match state {
            ConnectionState::Connected { epoch, .. } => {
                Event::Connected { session: link.session(), epoch: *epoch }
            }
            _ => Event::Disconnected,
        });
    }

    pub(super) fn heard(&self, result: TaskResult, proven: bool, redelivered: bool, message: u64) {
        self.on(Event::Heard { result, proven, redelivered, message });
    }

    pub(super) fn tick(&self) {
        self.on(Event::Tick);
    }

    /// Returns when something is to be done.
    pub(super) async fn work(&self) {
        self.work.notified().await;
    }

    /// The next message that may be acknowledged.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.books().acknowledged.pop_front()
    }

    /// The next thing that is to be done of this kind.
    pub(super) fn next_work(&self, lane: Lane) -> Option<Work> {
        let mut books = self.books();
        let effect = match lane {
            Lane::Store => books.store.pop_front(),
            Lane::Wire => books.wire.pop_front(),
        };
        effect.map(|effect| Work(Box::new(effect)))
    }

    /// Does it.
    pub(super) async fn run(&self, work: Work, link: &Link, namespace: &Namespace, cards: &ReceiverCards) {
        match *work.0 {
            Effect::Send(delegation) => self.send_again(&delegation, link, namespace).await,
            Effect::Ask(delegation) => {
                let task = &delegation.task.task_id;
                if let Err(error) = link.publish(delegation.question(namespace)).await {
                    crate::log::debug!(task = %shown(task), %error, "failed to ask for a task that is silent");
                }
            }
            Effect::Learn(agent) => {
                let card = cards.of(link, namespace.agent_card(&agent)).await;
                if card.is_some_and(|card| card.takes_intents) {
                    self.on(Event::Understands(agent));
                }
            }
            Effect::Cancel(delegation) => {
                if let Err(error) = link.enqueue(delegation.cancel(namespace)).await {
                    crate::log::warn!(task = %shown(&delegation.task.task_id), %error, "failed to cancel a task");
                }
            }
            Effect::Say(delegation, answer) => {
                let message = delegation.further(namespace, answer);
                if let Err(error) = link.enqueue(message).await {
                    crate::log::warn!(task = %shown(&delegation.task.task_id), %error, "failed to send an answer again");
                }
            }
            Effect::Store { delegation, change, what } => self.keep(&delegation, *change, what).await,
            _ => {}
        }
    }

    async fn send_again(&self, delegation: &Delegation, link: &Link, namespace: &Namespace) {
        let Sending { session, epoch } = Sending::now(link);
        let message = match delegation.message(namespace) {
            Some(message) => Ok(message),
            None if delegation.is_elsewhere() => Ok(delegation.last_question(namespace)),
            None => self.stored_message(delegation, namespace).await,
        };
        let published = match message {
            Ok(message) => link.publish(message).await,
            Err(outcome) => {
                return self.on(Event::Handed { id: delegation.task.task_id.clone(), outcome });
            }
        };
        let outcome = match published {
            Ok(Published { no_subscribers: false }) => Handed::Taken { session, epoch },
            Ok(Published { no_subscribers: true }) => Handed::Nowhere,
            Err(PublishError::TooLarge { .. } | PublishError::Invalid { .. }) => Handed::Impossible,
            Err(error) => {
                crate::log::warn!(task = %shown(&delegation.task.task_id), %error, "failed to send a task again");
                Handed::Failed
            }
        };
        self.on(Event::Handed { id: delegation.task.task_id.clone(), outcome });
    }

    /// The message of a task that the store alone has.
    async fn stored_message(
        &self,
        delegation: &Delegation,
        namespace: &Namespace,
    ) -> Result<Message, Handed> {
        let task = &delegation.task.task_id;
        match self.store.get(TaskSide::Delegator, task.as_str()).await {
            Ok(Some(record)) => Ok(delegation.message_of(namespace, &record.task)),
            // Somebody removed it: nobody knows any more what it was.
            Ok(None) => Err(Handed::Nowhere),
            Err(error) => {
                crate::log::warn!(task = %shown(task), %error, "failed to read a task that is to be sent again");
                Err(Handed::Failed)
            }
        }
    }

    async fn keep(&self, delegation: &Delegation, change: Change, what: What) {
        let id = delegation.task.task_id.clone();
        let record = match delegation.record() {
            Some(record) => Ok(Some(record)),
            None => self.store.get(TaskSide::Delegator, id.as_str()).await,
        };
        let outcome = match record {
            Ok(Some(mut record)) => {
                change.apply(&mut record);
                // `false`: it was removed from the store meanwhile, and nothing is left to be kept.
                self.store.update(TaskSide::Delegator, record).await.map(drop)
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.on(Event::Stored { id, what, outcome });
        self.stored.notify_waiters();
    }

    /// Waits until the store has all that it is to have.
    pub(crate) async fn kept(&self) {
        loop {
            let stored = self.stored.notified();
            if self.books().book.is_kept() {
                return;
            }
            stored.await;
        }
    }

    /// Takes up what an earlier process asked for (`Delegator` side of the store); whether something of it has not ended.
    pub(crate) async fn recover(&self) -> Result<bool, StoreError> {
        let mut after: Option<String> = None;
        let mut some = false;
        loop {
            let page = self.store.open(TaskSide::Delegator, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else {
                if self.missed.swap(false, Ordering::AcqRel) {
                    self.on(Event::Missed);
                }
                return Ok(some);
            };
            after = Some(last.task.task_id.as_str().to_owned());
            for record in page {
                if record.task.status.is_terminal() {
                    self.unclaimed(record.task.task_id);
                } else {
                    let (sent, lost, canceled) = (record.sent, record.lost, record.canceled);
                    let delegation = Arc::new(Delegation::recovered(record));
                    self.on(Event::Recovered { delegation, sent, lost, canceled });
                    some = true;
                }
            }
        }
    }

    /// Results that the broker kept are about to be dropped: who has ended a task is given it again after the next
    /// [`recover`](Self::recover), and sends its result again.
    pub(crate) fn miss_results(&self) {
        self.missed.store(true, Ordering::Release);
    }

    /// A task has ended and nobody waits for it: [`Results`](crate::a2a::delegate::Results) gets it.
    pub(crate) fn unclaimed(&self, task_id: Identifier) {
        self.unclaimed_tasks().push(task_id);
        self.arrived.send_replace(());
    }

    /// The next task that ended without anybody who waited for it; `None` when the connection was closed. It is given
    /// back with [`unclaimed`](Self::unclaimed) or [`claimed`](Self::claimed).
    pub(crate) async fn next_unclaimed(&self) -> Result<Option<Unread>, StoreError> {
        let mut arrived = self.arrived.subscribe();
        loop {
            let next = self.unclaimed_tasks().pop();
            if next.is_some() {
                return Ok(next);
            }
            if self.unclaimed_tasks().is_to_read() {
                self.read_unclaimed().await?;
                continue;
            }
            tokio::select! {
                _ = arrived.changed() => {}
                () = self.closed.cancelled() => return Ok(None),
            }
        }
    }

    /// Reads those for which there was no room before.
    async fn read_unclaimed(&self) -> Result<(), StoreError> {
        let reading = Reading { delegations: self, done: false };
        let mut after: Option<String> = None;
        loop {
            let page = self.store.open(TaskSide::Delegator, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.task.task_id.as_str().to_owned());
            let ended = page.into_iter().map(|record| record.task).filter(|task| task.status.is_terminal());
            // Those in the book have somebody who waits for them.
            let unclaimed: Vec<_> = {
                let books = self.books();
                ended.map(|task| task.task_id).filter(|id| !books.book.is_claimed(id)).collect()
            };
            let has_room = unclaimed.into_iter().all(|id| self.unclaimed_tasks().push_read(id));
            if !has_room {
                break;
            }
        }
        reading.done();
        self.arrived.send_replace(());
        Ok(())
    }

    /// A waiter that takes a task has it.
    pub(crate) fn claimed(&self, task_id: &Identifier) {
        self.unclaimed_tasks().taken(task_id);
    }

    fn unclaimed_tasks(&self) -> MutexGuard<'_, Unclaimed> {
        self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task that ended without a waiter, for somebody who asks for this one; `None` where it is being taken. It is given back
    /// like the [next](Self::next_unclaimed).
    pub(crate) fn claim(&self, task_id: &Identifier) -> Option<Unread> {
        self.unclaimed_tasks().claim(task_id)
    }

    /// The requester has the result. `None`: it is kept no more, or was taken before.
    pub(crate) async fn settle(&self, unread: &Unread) -> Result<Option<TaskRecord>, StoreError> {
        let record = self.store.get(TaskSide::Delegator, unread.task_id.as_str()).await?;
        // One that was on its way to a user who left is settled, and nobody's.
        let Some(mut record) = record.filter(|record| !(unread.unsure && record.settled)) else {
            return Ok(None);
        };
        record.settled = true;
        self.store.update(TaskSide::Delegator, record.clone()).await?;
        Ok(Some(record))
    }

    /// Ends every wait: the connection is closed.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        self.tasks.close();
    }

    /// Forgets all of them.
    pub(crate) fn end(&self) {
        self.close();
        let mut books = self.books();
        books.book.clear();
        books.acknowledged.clear();
        books.store.clear();
        books.wire.clear();
    }

    /// Waits for what goes on after [`end`](Self::end).
    pub(crate) async fn ended_all(&self) {
        self.tasks.wait().await;
    }
}
