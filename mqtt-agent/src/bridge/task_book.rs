//! [`TaskBook`]: what the MCP tasks are that hosts poll, by the extension `io.modelcontextprotocol/tasks`. A host only has
//! an id, which is unguessable and good for the identity alone that made the call.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rmcp::model::{DetailedTask, InputRequest, Task, TaskPayload, TaskStatus};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::outcome::Failure;
use super::progress::cut;
use crate::deadline::after;
use crate::wire::now_rfc3339;

/// How many there are at once.
pub(super) const MOST: usize = 1024;

/// How many of one identity.
pub(super) const MOST_OWN: usize = 128;

/// How many bytes the results and questions of all take.
const MOST_BYTES: usize = 64 << 20;

/// The same of one identity.
pub(super) const MOST_OWN_BYTES: usize = 16 << 20;

/// What always has room, in bytes: that something else has none.
const SMALL: usize = 4 << 10;

/// How long after the longest time of a call a task is kept that no host has fetched.
pub(super) const UNFETCHED: Duration = Duration::from_secs(15 * 60);

/// How long one is kept whose end a host has fetched, or that a host has cancelled.
pub(super) const FETCHED: Duration = Duration::from_secs(5 * 60);

/// How often hosts should ask: after a tenth of what a task has taken so far, within these limits.
const POLL: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// What somebody said to a question.
pub(super) type Answer = Result<String, Failure>;

/// How a host asks for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By the requests of the extension, until its end.
    Polled,
    /// By a tool, if its model does not forget it.
    Handle,
}

/// A task as it is, and what tells of its changes.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) task: DetailedTask,
    /// How often its agent has said something.
    pub(super) told: u64,
    pub(super) changes: watch::Receiver<()>,
}

/// A task that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    /// What its host is told.
    pub(super) task: Task,
    /// Its host has cancelled it.
    pub(super) cancelled: CancellationToken,
    /// It is not in the book any more.
    pub(super) gone: CancellationToken,
}

/// All tasks. Taken out of it, they are cancelled.
#[derive(Debug, Default)]
pub(super) struct TaskBook(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    kind: Kind,
    owner: Option<String>,
    task: Task,
    payload: Arc<TaskPayload>,
    began: Instant,
    until: Instant,
    /// Its host has fetched its end.
    fetched: bool,
    /// Of the payload.
    bytes: usize,
    told: u64,
    /// How many questions there were.
    questions: u32,
    question: Option<Question>,
    cancelled: CancellationToken,
    /// Changes with what is told of it.
    changes: watch::Sender<()>,
    _gone: DropGuard,
}

#[derive(Debug)]
struct Question {
    key: String,
    /// How often its host was asked again, for it had no answer.
    again: u32,
    answer: oneshot::Sender<Answer>,
}

impl Entry {
    fn is_over(&self) -> bool {
        self.task.status.is_terminal()
    }

    fn become_(&mut self, payload: TaskPayload, bytes: usize) {
        self.task.status = payload.status();
        self.task.last_updated_at = now_rfc3339();
        (self.payload, self.bytes, self.question) = (Arc::new(payload), bytes, None);
        self.changes.send_replace(());
    }

    /// Keeps it for so long from now, if that is sooner than until now.
    fn shorten(&mut self, now: Instant, left: Duration) {
        let until = after(now, left);
        if until < self.until {
            self.until = until;
            self.task.ttl_ms = millis(until.saturating_duration_since(self.began));
        }
    }
}

impl TaskBook {
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a task that has not ended.
    fn on<T>(&self, id: &str, work: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.entries().get_mut(id).filter(|entry| !entry.is_over()).map(work)
    }

    /// Does something with a task of this identity. The id of another one's is as unknown as a guessed one.
    fn on_own<T>(
        &self,
        id: &str,
        owner: Option<&str>,
        now: Instant,
        work: impl FnOnce(&mut Entry) -> T,
    ) -> Option<T> {
        self.expire(now);
        self.entries().get_mut(id).filter(|entry| entry.owner.as_deref() == owner).map(work)
    }

    /// Begins a task that takes at most so long, with what its agent has said last; `None` where there are too many.
    pub(super) fn begin(
        &self,
        owner: Option<&str>,
        kind: Kind,
        longest: Duration,
        message: Option<&str>,
        now: Instant,
    ) -> Option<Begun> {
        self.expire(now);
        let mut entries = self.entries();
        // Dropped last, and so not under the lock.
        let (has_place, _old) = make_place(&mut entries, owner);
        if !has_place {
            return None;
        }
        let id = uuid::Uuid::new_v4().to_string();
        let at = now_rfc3339();
        let until = after(now, longest.saturating_add(UNFETCHED));
        let mut task = Task::new(id.clone(), TaskStatus::Working, at.clone(), at);
        task.ttl_ms = millis(until.saturating_duration_since(now));
        task.poll_interval_ms = millis(poll(Duration::ZERO));
        task.status_message = message.map(cut);
        let (gone, cancelled) = (CancellationToken::new(), CancellationToken::new());
        let begun = Begun { task: task.clone(), cancelled: cancelled.clone(), gone: gone.clone() };
        let entry = Entry {
            kind,
            owner: owner.map(str::to_owned),
            task,
            payload: Arc::new(TaskPayload::Working),
            began: now,
            until,
            fetched: false,
            bytes: 0,
            told: 0,
            questions: 0,
            question: None,
            cancelled,
            changes: watch::Sender::new(()),
            _gone: gone.drop_guard(),
        };
        entries.insert(id, entry);
        Some(begun)
    }

    /// What a task is now; `None` where its host has none of this id. One that has ended is kept for a while more.
    pub(super) fn get(&self, id: &str, owner: Option<&str>, now: Instant) -> Option<DetailedTask> {
        Some(self.look(id, owner, now).ok()?.task)
    }

    /// The same, with what tells of all changes from then on, also that it is forgotten; an error where its host has none
    /// of this id.
    pub(super) fn look(&self, id: &str, owner: Option<&str>, now: Instant) -> Result<Look, Unknown> {
        let looked = self.on_own(id, owner, now, |entry| {
            if entry.is_over() {
                entry.fetched = true;
                entry.shorten(now, FETCHED);
            }
            entry.task.poll_interval_ms = millis(poll(now.saturating_duration_since(entry.began)));
            (entry.task.clone(), Arc::clone(&entry.payload), entry.told, entry.changes.subscribe())
        });
        let (task, payload, told, changes) = looked.ok_or(Unknown)?;
        // A result may be large: not under the lock.
        let task = DetailedTask::new(task, TaskPayload::clone(&payload));
        Ok(Look { task, told, changes })
    }

    /// What the agent says of its work.
    pub(super) fn tell(&self, id: &str, message: &str) {
        self.on(id, |entry| {
            entry.task.status_message = Some(cut(message));
            entry.task.last_updated_at = now_rfc3339();
            entry.told = entry.told.saturating_add(1);
            entry.changes.send_replace(());
        });
    }

    /// Asks the host, and gives where the answer comes; `None` where there is no room for the question. Each question has
    /// a key of its own, so that no answer is taken for that of another one.
    pub(super) fn ask(&self, id: &str, request: InputRequest) -> Option<oneshot::Receiver<Answer>> {
        let bytes = serde_json::to_string(&request).map_or(usize::MAX, |text| text.len());
        let mut entries = self.entries();
        // Dropped last, and so not under the lock.
        let (has_room, _old) = make_room(&mut entries, id, bytes);
        if !has_room {
            return None;
        }
        let entry = entries.get_mut(id).filter(|entry| !entry.is_over())?;
        entry.questions = entry.questions.saturating_add(1);
        let key = format!("answer-{}", entry.questions);
        entry.become_(
            TaskPayload::InputRequired { input_requests: BTreeMap::from([(key.clone(), request)]) },
            bytes,
        );
        let (answer, answered) = oneshot::channel();
        entry.question = Some(Question { key, again: 0, answer });
        Some(answered)
    }

    /// The key of a task's open question; an error where its host has none of this id.
    pub(super) fn asked(
        &self,
        id: &str,
        owner: Option<&str>,
        now: Instant,
    ) -> Result<Option<String>, Unknown> {
        Ok(self.asked_now(id, owner, now)?.0)
    }

    /// The same, with what tells of all changes from then on.
    pub(super) fn asked_now(
        &self,
        id: &str,
        owner: Option<&str>,
        now: Instant,
    ) -> Result<(Option<String>, watch::Receiver<()>), Unknown> {
        let asked = |entry: &mut Entry| {
            let key = entry.question.as_ref().map(|question| question.key.clone());
            (key, entry.changes.subscribe())
        };
        self.on_own(id, owner, now, asked).ok_or(Unknown)
    }

    /// Answers the question of this key, if it is open.
    pub(super) fn answer(&self, id: &str, key: &str, answer: Answer) {
        let question = self.on(id, |entry| {
            let question = entry.question.take_if(|question| question.key == key)?;
            entry.become_(TaskPayload::Working, 0);
            Some(question)
        });
        if let Some(question) = question.flatten() {
            // A task that has just ended needs none.
            drop(question.answer.send(answer));
        }
    }

    /// Counts that a host was asked the question of this key and had no answer.
    pub(super) fn again(&self, id: &str, key: &str) -> u32 {
        let counted = self.on(id, |entry| {
            let question = entry.question.as_mut().filter(|question| question.key == key)?;
            question.again = question.again.saturating_add(1);
            Some(question.again)
        });
        counted.flatten().unwrap_or_default()
    }

    /// The agent goes on without an answer to its question.
    pub(super) fn take_back(&self, id: &str) {
        self.on(id, |entry| {
            if entry.question.is_some() {
                entry.become_(TaskPayload::Working, 0);
            }
        });
    }

    /// Cancels a task, if it has not ended; an error where its host has none of this id.
    pub(super) fn cancel(&self, id: &str, owner: Option<&str>, now: Instant) -> Result<(), Unknown> {
        let cancel = |entry: &mut Entry| {
            if !entry.is_over() {
                entry.become_(TaskPayload::Cancelled, 0);
                entry.shorten(now, FETCHED);
                entry.cancelled.cancel();
            }
        };
        self.on_own(id, owner, now, cancel).ok_or(Unknown)
    }

    /// How a task has ended; `false` where there is no room for that.
    pub(super) fn end(&self, id: &str, payload: TaskPayload, now: Instant) -> bool {
        let bytes = match &payload {
            TaskPayload::Completed { result: object } | TaskPayload::Failed { error: object } => {
                serde_json::to_string(object).map_or(usize::MAX, |text| text.len())
            }
            _ => 0,
        };
        let mut entries = self.entries();
        let (has_room, _old) = make_room(&mut entries, id, bytes);
        if let Some(entry) = entries.get_mut(id).filter(|entry| has_room && !entry.is_over()) {
            entry.become_(payload, bytes);
            if entry.kind == Kind::Handle {
                entry.shorten(now, UNFETCHED);
            }
        }
        has_room
    }

    /// When a task is forgotten; `None` where it is already.
    pub(super) fn until(&self, id: &str) -> Option<Instant> {
        self.entries().get(id).map(|entry| entry.until)
    }

    /// Forgets those that were kept for long enough.
    pub(super) fn expire(&self, now: Instant) {
        self.forget(|entry| entry.until <= now);
    }

    /// Forgets those of identities that are not known any more.
    #[cfg_attr(not(feature = "mcp-http"), allow(dead_code))]
    pub(super) fn retain(&self, is_known: impl Fn(Option<&str>) -> bool) {
        self.forget(|entry| !is_known(entry.owner.as_deref()));
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.forget(|_| true);
    }

    fn forget(&self, is_old: impl Fn(&Entry) -> bool) {
        let old: Vec<_> = self.entries().extract_if(|_, entry| is_old(entry)).collect();
        // Not under the lock.
        drop(old);
    }
}

/// A host has no task of this id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown;

/// Whether an identity may have one task more. Those that have ended make room: what was fetched, and handles that were
/// forgotten; they are given back.
fn make_place(entries: &mut HashMap<String, Entry>, owner: Option<&str>) -> (bool, Vec<Entry>) {
    let mut old = Vec::new();
    loop {
        let is_own = |entry: &Entry| entry.owner.as_deref() == owner;
        let is_full = entries.values().filter(|entry| is_own(entry)).count() >= MOST_OWN;
        if !is_full && entries.len() < MOST {
            return (true, old);
        }
        let ended = entries.iter().filter(|(_, entry)| {
            (is_own(entry) || !is_full) && entry.is_over() && (entry.fetched || entry.kind == Kind::Handle)
        });
        let next = ended.min_by_key(|(_, entry)| (!is_own(entry), !entry.fetched, entry.until));
        let Some(next) = next.map(|(next, _)| next.clone()) else { return (false, old) };
        old.extend(entries.remove(&next));
    }
}

/// Whether a task may take so many bytes. Results that were fetched make room, those of its own host first; they are given
/// back.
fn make_room(entries: &mut HashMap<String, Entry>, id: &str, bytes: usize) -> (bool, Vec<Entry>) {
    let mut old = Vec::new();
    let owner = entries.get(id).map(|entry| entry.owner.clone());
    while !has_room(entries, id, bytes) {
        let fetched = entries.iter().filter(|(_, entry)| entry.fetched && entry.bytes > 0);
        let next = fetched.min_by_key(|(_, entry)| (Some(&entry.owner) != owner.as_ref(), entry.until));
        let Some(next) = next.map(|(next, _)| next.clone()) else { return (false, old) };
        old.extend(entries.remove(&next));
    }
    (true, old)
}

/// Whether a task may take so many bytes.
fn has_room(entries: &HashMap<String, Entry>, id: &str, bytes: usize) -> bool {
    let owner = entries.get(id).map(|entry| &entry.owner).filter(|_| bytes > SMALL);
    let Some(owner) = owner else { return true };
    let others = || entries.iter().filter(|(other, _)| *other != id).map(|(_, entry)| entry);
    let all = others().map(|entry| entry.bytes).fold(bytes, usize::saturating_add);
    let own = others().filter(|entry| entry.owner == *owner).map(|entry| entry.bytes);
    all <= MOST_BYTES && own.fold(bytes, usize::saturating_add) <= MOST_OWN_BYTES
}

pub(super) fn poll(age: Duration) -> Duration {
    let [least, most] = POLL;
    (age / 10).clamp(least, most)
}

/// As MCP writes it; `None` is without a limit.
pub(super) fn millis(duration: Duration) -> Option<u64> {
    u64::try_from(duration.as_millis()).ok()
}
