//! The world of the book in a schedule: the store, the connection, the broker, agents and users. Each is as simple as
//! possible, but can fail.

mod agents;
mod broker;
mod finish;
mod process;
mod users;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::super::delegation::Delegation;
use super::super::super::event::{Effect, Event, Handed, What};
use super::super::super::queues::AT_ONCE;
use super::super::Book;
use crate::store::TaskRecord;
use crate::wire::{Identifier, TaskResult};

/// The agents: two alone, and two replicas of one.
const AGENTS: [&str; 4] = ["alone", "forgetful", "team-a", "team-b"];

/// SplitMix64: a schedule is its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// A message in an agent's inbox.
#[derive(Debug, Clone)]
enum Mail {
    Task(Identifier),
    Ask(Identifier),
    Answer(Identifier),
}

#[derive(Debug, Default)]
struct Agent {
    up: bool,
    /// The numbers of the runs, and their ends.
    tasks: HashMap<Identifier, Option<u64>>,
    /// Those that go on when they are answered, and the numbers of their questions.
    asking: HashMap<Identifier, u64>,
    inbox: VecDeque<Mail>,
}

/// What a user knows of a task.
#[derive(Debug, Default)]
struct User {
    /// `delegate()` has returned.
    promised: bool,
    handed: bool,
    /// The handle lives.
    holds: bool,
    told: Vec<TaskResult>,
    taking: bool,
    taken: u32,
    released: u32,
    withdrawn: bool,
    canceled: bool,
    /// The agent's question that was told and is not answered, and the last one that is: it is answered once.
    delegation: Option<String>,
    answered: Option<String>,
    deadline: Option<Instant>,
    /// How often the store did not take its end, and when that came.
    untaken: u32,
    ended_at: Option<Instant>,
    /// The book ended it, for nothing was heard of it in time.
    given_up: bool,
    /// Its process died when the store did not know yet that it may be lost.
    exempt: bool,
    /// The process died since.
    crashed: bool,
    /// Sent once more, and how often it may have been lost.
    sends: u32,
    losses: u32,
    asks: u32,
    executor: Option<Arc<str>>,
    /// When it went out again and was not heard of.
    out: Option<Instant>,
}

impl User {
    /// Something happened that may have cost the task, which is then out no more.
    fn may_be_lost(&mut self) {
        self.losses += 1;
        self.out = None;
    }
}

/// A copy of a task that the connection has.
#[derive(Debug)]
struct Copy {
    delegation: Arc<Delegation>,
    /// Whether `delegate()` waits for it.
    first: bool,
    /// The agent has it, and the broker's word is still to come.
    arrived: bool,
}

pub(super) struct World {
    random: Random,
    now: Instant,
    book: Book,
    store: BTreeMap<Identifier, TaskRecord>,
    writing: Vec<(TaskRecord, What)>,
    /// Tasks that the store is being given.
    inserting: Vec<(TaskRecord, Arc<Delegation>)>,
    link: Vec<Copy>,
    up: bool,
    session: u64,
    epoch: u64,
    /// What the broker keeps for us, until it is acknowledged, and the number of its delivery on this connection.
    queue: Vec<(TaskResult, Option<u64>)>,
    deliveries: u64,
    /// Which process this is.
    process: u32,
    agents: BTreeMap<&'static str, Agent>,
    users: BTreeMap<Identifier, User>,
    delegation: HashMap<Identifier, Arc<Delegation>>,
    runs: u64,
    seq: u64,
    /// Results that agents truly gave, by task.
    given: HashMap<Identifier, HashSet<u64>>,
    broken: Option<String>,
    healthy: bool,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let agents = AGENTS.iter().map(|id| (*id, Agent { up: true, ..Agent::default() })).collect();
        let mut world = Self {
            random: Random(seed),
            now: Instant::now(),
            book: Book::new(true),
            store: BTreeMap::new(),
            writing: Vec::new(),
            inserting: Vec::new(),
            link: Vec::new(),
            up: false,
            session: 1,
            epoch: 0,
            queue: Vec::new(),
            deliveries: 0,
            process: 0,
            agents,
            users: BTreeMap::new(),
            delegation: HashMap::new(),
            runs: 0,
            seq: 0,
            given: HashMap::new(),
            broken: None,
            healthy: false,
        };
        world.connect(true);
        world
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn broke(&mut self, what: impl Into<String>) {
        self.broken.get_or_insert_with(|| what.into());
    }

    /// One random event.
    pub(super) fn step(&mut self) {
        match self.random.below(27) {
            25.. => self.inserted(),
            0..3 => self.give(),
            3..5 => self.acknowledged(),
            5 => self.arrives_early(),
            6..9 => self.deliver(),
            9..12 => self.agent_works(),
            12..15 => self.store_works(),
            15 => self.cut(),
            16 => self.connect(false),
            17 => self.agent_falls(),
            18 => self.agent_rises(),
            19 => self.agent_repeats(),
            20 => self.user_leaves(),
            21 => self.user_takes(),
            22 => self.user_answers(),
            23 => {
                let seconds = [1, 3, 16, 40][self.random.below(4)];
                self.pass(Duration::from_secs(seconds));
            }
            _ => match self.random.below(4) {
                0 => self.crash(),
                1 => self.forge(),
                2 => self.cancel(),
                _ => {
                    self.cut();
                    self.connect(true);
                }
            },
        }
    }

    fn event(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.book.take(event, self.now, &mut effects);
        let process = self.process;
        for effect in effects {
            if !self.healthy && self.random.one_in(256) {
                self.crash();
            }
            if self.process != process {
                return;
            }
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Failing(..) => {}
            Effect::Update(delegation, update) => {
                if let Some(question) = update.message {
                    let user = self.user(&delegation);
                    let news = user.answered.as_ref() != Some(&question.timestamp);
                    user.delegation = news.then_some(question.timestamp);
                }
            }
            Effect::Say(delegation, _) => {
                let id = delegation.task.task_id.clone();
                self.say(&delegation.executor(), id);
            }
            Effect::Cancel(delegation) => {
                if !self.user(&delegation).canceled {
                    self.broke(format!("{} is cancelled, and nobody wanted that", delegation.task.task_id));
                }
            }
            Effect::Learn(agent) => self.event(Event::Understands(agent)),
            Effect::Executor(delegation, executor) => {
                delegation.set_executor(Arc::clone(&executor));
                self.user(&delegation).executor = Some(executor);
            }
            Effect::End(delegation, result) => {
                let id = delegation.task.task_id.clone();
                if !result.from.is_empty() {
                    let number = result.result.as_ref().and_then(serde_json::Value::as_u64).unwrap_or(0);
                    if !self.given.get(&id).is_some_and(|given| given.contains(&number)) {
                        self.broke(format!("task {id} was ended by somebody else: {result:?}"));
                    }
                } else if self.user(&delegation).deadline.is_some_and(|deadline| self.now < deadline) {
                    self.broke(format!("task {id} was given up before its time"));
                }
                if self.inserting.iter().any(|(record, _)| record.task.task_id == id) {
                    self.broke(format!("the end of {id} was told before it was given"));
                }
                let user = self.user(&delegation);
                user.told.push(result);
                if user.told.len() > 1 {
                    self.broke(format!("the end of {id} was told twice"));
                }
            }
            Effect::Noted(delegation) => {
                let user = self.user(&delegation);
                user.promised |= user.handed && !user.withdrawn;
            }
            Effect::Settled(delegation) => {
                let leaves = self.random.one_in(4);
                let user = self.user(&delegation);
                if std::mem::take(&mut user.taking) {
                    user.holds = false;
                    if leaves {
                        // Its wait is dropped in this moment, with the handle.
                        return self.event(Event::Dropped(delegation.task.task_id.clone()));
                    }
                    user.taken += 1;
                }
            }
            Effect::Release(id) => {
                let user = self.users.entry(id).or_default();
                user.released += 1;
            }
            Effect::Acknowledge(message) => self.acknowledge(message),
            Effect::Send(delegation) => self.send(delegation),
            Effect::Ask(delegation) => self.ask(&delegation),
            Effect::Store { delegation, change, what } => {
                self.user(&delegation).given_up |= change.end.as_ref().is_some_and(|end| end.from.is_empty());
                let mut record = delegation.record().unwrap();
                change.apply(&mut record);
                if self.writing.iter().any(|(other, _)| other.task.task_id == record.task.task_id) {
                    self.broke("two updates of one record at once");
                }
                self.writing.push((record, what));
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.event(Event::Tick);
        self.check_held();
    }
}
