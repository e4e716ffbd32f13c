//! What surrounds the book in a schedule: the store, the connection, the broker, agents and users. Each is as simple as it
//! can be and still fail.

mod agents;
mod finish;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::super::asked::Asked;
use super::super::super::event::{Effect, Event, Handed, What};
use super::super::super::queues::AT_ONCE;
use super::super::Book;
use crate::deadline;
use crate::store::{StoreError, TaskRecord};
use crate::wire::{Identifier, Intent, TaskError, TaskNotification, TaskResult, TaskState};

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
}

#[derive(Debug, Default)]
struct Agent {
    up: bool,
    /// The numbers of the runs, and their ends.
    tasks: HashMap<Identifier, Option<u64>>,
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
    deadline: Option<Instant>,
    /// How often the store did not take its end, and when that came.
    untaken: u32,
    ended_at: Option<Instant>,
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
    asked: Arc<Asked>,
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
    asked: HashMap<Identifier, Arc<Asked>>,
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
            link: Vec::new(),
            up: false,
            session: 1,
            epoch: 0,
            queue: Vec::new(),
            deliveries: 0,
            process: 0,
            agents,
            users: BTreeMap::new(),
            asked: HashMap::new(),
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
        match self.random.below(24) {
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
            22 => {
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
            Effect::Update(..) | Effect::Failing(..) => {}
            Effect::Cancel(asked) => {
                if !self.user(&asked).canceled {
                    self.broke(format!("{} is cancelled, and nobody wanted that", asked.task.task_id));
                }
            }
            Effect::Learn(agent) => self.event(Event::Understands(agent)),
            Effect::Executor(asked, executor) => {
                asked.set_executor(Arc::clone(&executor));
                self.user(&asked).executor = Some(executor);
            }
            Effect::End(asked, result) => {
                let id = asked.task.task_id.clone();
                if !result.from.is_empty() {
                    let number = result.result.as_ref().and_then(serde_json::Value::as_u64).unwrap_or(0);
                    if !self.given.get(&id).is_some_and(|given| given.contains(&number)) {
                        self.broke(format!("task {id} was ended by somebody else: {result:?}"));
                    }
                } else if self.user(&asked).deadline.is_some_and(|deadline| self.now < deadline) {
                    self.broke(format!("task {id} was given up before its time"));
                }
                let user = self.user(&asked);
                user.told.push(result);
                if user.told.len() > 1 {
                    self.broke(format!("the end of {id} was told twice"));
                }
            }
            Effect::Noted(asked) => {
                let user = self.user(&asked);
                user.promised |= user.handed && !user.withdrawn;
            }
            Effect::Settled(asked) => {
                let leaves = self.random.one_in(4);
                let user = self.user(&asked);
                if std::mem::take(&mut user.taking) {
                    user.holds = false;
                    if leaves {
                        // Its wait is dropped in this moment, with the handle.
                        return self.event(Event::Dropped(asked.task.task_id.clone()));
                    }
                    user.taken += 1;
                }
            }
            Effect::Release(id) => {
                let user = self.users.entry(id).or_default();
                user.released += 1;
            }
            Effect::Acknowledge(message) => self.acknowledge(message),
            Effect::Send(asked) => self.send(asked),
            Effect::Ask(asked) => self.ask(&asked),
            Effect::Store { record, what } => {
                if self.writing.iter().any(|(other, _)| other.task.task_id == record.task.task_id) {
                    self.broke("two updates of one record at once");
                }
                self.writing.push((*record, what));
            }
        }
    }

    fn user(&mut self, asked: &Asked) -> &mut User {
        self.users.entry(asked.task.task_id.clone()).or_default()
    }

    /// A message is gone from the broker: what it brought has to be somewhere else.
    fn acknowledge(&mut self, message: u64) {
        let Some(index) = self.queue.iter().position(|(_, delivery)| *delivery == Some(message)) else {
            return;
        };
        let (result, _) = self.queue.remove(index);
        let id = &result.task_id;
        let genuine = result.from != "thief" && result.status.is_terminal();
        let user = self.users.get(id);
        let ours = user.is_some_and(|user| user.promised && !user.withdrawn);
        let stored = self.store.get(id).is_none_or(|record| record.task.status.is_terminal());
        // The broker still has it in another message.
        let again = |(other, delivery): &(TaskResult, Option<u64>)| {
            delivery.is_some() && other.task_id == *id && other.status.is_terminal() && other.from != "thief"
        };
        let kept = self.queue.iter().any(again);
        let given_up = user.and_then(|user| user.deadline).is_some_and(|deadline| deadline < self.now);
        if genuine && ours && !stored && !kept && !given_up && !self.may_be_let_go(id) {
            self.broke(format!("the result of {id} was acknowledged before it was stored"));
        }
    }

    /// Whether the store has failed for so long that the broker need not keep a result any longer.
    fn may_be_let_go(&self, id: &Identifier) -> bool {
        let long = |since: Instant| self.now.saturating_duration_since(since) >= Duration::from_secs(10);
        self.users.get(id).is_some_and(|user| user.untaken >= 3 || user.ended_at.is_some_and(long))
    }

    /// What the broker keeps for us stays within bounds, and so does the time for which it keeps back what comes behind.
    fn check_held(&mut self) {
        let mut held: HashMap<&Identifier, u32> = HashMap::new();
        for (result, _) in self.queue.iter().filter(|(_, delivery)| delivery.is_some()) {
            *held.entry(&result.task_id).or_default() += 1;
        }
        let too_long = held.iter().find(|(id, count)| **count > 1 || self.may_be_let_go(id));
        if let Some((id, count)) = too_long {
            let what = format!("{count} messages of {id} are not acknowledged");
            self.broke(what);
        }
    }

    fn send(&mut self, asked: Arc<Asked>) {
        let id = asked.task.task_id.clone();
        if self.link.iter().any(|other| other.asked.task.task_id == id) {
            self.broke(format!("a second copy of {id} beside the one that the connection has"));
        }
        let to = asked.executor();
        let now = self.now;
        let user = self.user(&asked);
        user.sends += 1;
        user.out = Some(now);
        let (sends, allowed) = (user.sends, user.losses + user.asks / 2);
        if user.withdrawn && !user.crashed {
            self.broke(format!("task {id} was withdrawn and is sent"));
        } else if user.executor.as_ref().is_some_and(|executor| *executor != to) {
            self.broke(format!("task {id} is sent to another replica"));
        } else if sends > allowed {
            self.broke(format!("task {id} was sent again {sends} times for {allowed} losses"));
        }
        self.link.push(Copy { asked, first: false, arrived: false });
        self.check_pace(&to);
    }

    fn ask(&mut self, asked: &Arc<Asked>) {
        let (id, to, now) = (asked.task.task_id.clone(), asked.executor(), self.now);
        let user = self.user(asked);
        user.asks += 1;
        user.out = Some(now);
        if self.up {
            self.mail(&to, Mail::Ask(id));
        }
        self.check_pace(&to);
    }

    /// So many are out without a sign of life, and no more.
    fn check_pace(&mut self, to: &str) {
        let recent = |user: &&User| {
            user.out.is_some_and(|out| self.now.saturating_duration_since(out) < Duration::from_secs(10))
        };
        let of = |id: &Identifier| self.asked.get(id).is_some_and(|asked| *asked.executor() == *to);
        let out = self.users.iter().filter(|(id, user)| of(id) && recent(user)).count();
        if out > AT_ONCE {
            self.broke(format!("{out} tasks are on their way to {to} at once"));
        }
    }

    /// Puts a message into an inbox; whether somebody receives it.
    fn mail(&mut self, to: &str, mail: Mail) -> bool {
        let names: Vec<_> =
            AGENTS.iter().filter(|id| **id == to || (to == "team" && id.starts_with("team"))).collect();
        let Some(name) = names.get(self.random.below(names.len())) else { return false };
        self.agents.get_mut(*name).unwrap().inbox.push_back(mail);
        true
    }

    /// A user delegates a task.
    fn give(&mut self) {
        let number = self.users.len();
        let to = ["alone", "forgetful", "team"][self.random.below(3)];
        let id = Identifier::parse(&format!("t-{number}")).unwrap();
        let mut task = TaskNotification::about(id.clone(), Intent::Task, "boss", to).into_task();
        task.status = TaskState::Submitted;
        let mut record = TaskRecord::new(task);
        // Between two ticks, which are whole seconds.
        let within =
            self.random.one_in(4).then(|| Duration::from_millis(500 + 1000 * (self.random.next() % 60)));
        let deadline = within.and_then(|within| self.now.checked_add(within));
        record.deadline_ms =
            deadline.map(|at| deadline::ms_within(at.saturating_duration_since(Instant::now())));
        let fails = !self.healthy && self.random.one_in(8);
        if fails {
            return;
        }
        self.store.insert(id.clone(), record.clone());
        let asked = Arc::new(Asked::of(record).0);
        self.asked.insert(id.clone(), Arc::clone(&asked));
        self.users.insert(id, User { holds: true, deadline, ..User::default() });
        self.event(Event::Asked(Arc::clone(&asked)));
        self.link.push(Copy { asked, first: true, arrived: false });
    }

    /// The broker acknowledges a copy, or knows nobody for it; or its user leaves before.
    fn acknowledged(&mut self) {
        if self.link.is_empty() {
            return;
        }
        let index = self.random.below(self.link.len());
        if !self.healthy && self.link[index].first && self.random.one_in(6) {
            let Copy { asked, .. } = self.link.remove(index);
            let user = self.user(&asked);
            (user.withdrawn, user.holds) = (true, false);
            let error = TaskError::new("unavailable", "left");
            return self.event(Event::Withdrawn { id: asked.task.task_id.clone(), error });
        }
        if !self.up {
            return;
        }
        let Copy { asked, first, arrived } = self.link.remove(index);
        let id = asked.task.task_id.clone();
        let nobody = !self.healthy && !first && self.random.one_in(8);
        let failed = !self.healthy && !first && self.random.one_in(8);
        let outcome = if nobody || failed {
            self.user(&asked).may_be_lost();
            if nobody { Handed::Nowhere } else { Handed::Failed }
        } else {
            if !arrived {
                self.mail(&asked.executor(), Mail::Task(id.clone()));
            }
            Handed::Taken { session: self.session_number(), epoch: self.epoch }
        };
        self.user(&asked).handed |= first;
        self.event(Event::Handed { id, outcome });
    }

    /// An agent has a task before the broker's word is here.
    fn arrives_early(&mut self) {
        let index = self.random.below(self.link.len());
        let Some(copy) = self.link.get_mut(index).filter(|copy| self.up && !copy.arrived) else { return };
        copy.arrived = true;
        let (to, id) = (copy.asked.executor(), copy.asked.task.task_id.clone());
        self.mail(&to, Mail::Task(id));
    }

    fn session_number(&self) -> u64 {
        self.session
    }

    /// The broker delivers what it has for us, now and then twice.
    fn deliver(&mut self) {
        if !self.up || self.queue.is_empty() {
            return;
        }
        let index = self.random.below(self.queue.len());
        if self.queue[index].1.is_some() {
            return;
        }
        self.deliveries += 1;
        let message = self.deliveries;
        self.queue[index].1 = Some(message);
        let result = self.queue[index].0.clone();
        if !self.healthy && self.random.one_in(6) {
            self.post(result.clone());
        }
        let now = self.now;
        if result.from != "thief"
            && let Some(user) = self.users.get_mut(&result.task_id)
        {
            user.out = None;
            if result.status.is_terminal() {
                user.ended_at.get_or_insert(now);
            }
        }
        self.event(Event::Heard { result, proven: false, message });
        self.check_held();
    }

    fn post(&mut self, result: TaskResult) {
        self.queue.push((result, None));
    }

    fn redeliver(&mut self) {
        for (_, delivery) in &mut self.queue {
            *delivery = None;
        }
    }

    /// The store does one update, or fails.
    fn store_works(&mut self) {
        if self.writing.is_empty() {
            return;
        }
        let index = self.random.below(self.writing.len());
        let (record, what) = self.writing.remove(index);
        let id = record.task.task_id.clone();
        let outcome = if !self.healthy && self.random.one_in(4) {
            if what != What::Note {
                self.users.get_mut(&id).unwrap().untaken += 1;
            }
            // It may have happened all the same.
            if self.random.one_in(4) {
                self.write(record);
            }
            Err(StoreError::Unavailable { reason: "a test".to_owned() })
        } else {
            self.write(record);
            Ok(())
        };
        self.event(Event::Stored { id, what, outcome });
        self.check_held();
    }

    fn write(&mut self, record: TaskRecord) {
        let id = record.task.task_id.clone();
        let Some(kept) = self.store.get_mut(&id) else { return };
        if !kept.task.status.is_terminal() {
            *kept = record;
        } else if kept.task.status != record.task.status {
            self.broke(format!("the end of {id} was changed"));
        } else {
            kept.settled |= record.settled;
        }
    }

    fn cut(&mut self) {
        if self.up {
            self.up = false;
            self.redeliver();
            // The next connection sends them again.
            self.link.iter_mut().for_each(|copy| copy.arrived = false);
            self.event(Event::Disconnected);
        }
    }

    fn connect(&mut self, kept: bool) {
        if self.up {
            return;
        }
        self.up = true;
        self.epoch += 1;
        if !kept && !self.healthy && self.random.one_in(2) {
            self.session += 1;
            self.queue.clear();
            self.users.values_mut().for_each(User::may_be_lost);
        }
        let (session, epoch) = (self.session_number(), self.epoch);
        self.event(Event::Connected { session, epoch });
        for name in AGENTS {
            if self.agents[name].up {
                self.online(name, true);
            }
        }
    }

    fn online(&mut self, name: &str, retained: bool) {
        if self.up {
            self.event(Event::Online { agent: name.into(), retained });
        }
    }

    fn cancel(&mut self) {
        let ids: Vec<_> = self.users.keys().cloned().collect();
        if let Some(id) = ids.get(self.random.below(ids.len())) {
            self.users.get_mut(id).unwrap().canceled = true;
            self.event(Event::Canceled(id.clone()));
        }
    }

    fn user_leaves(&mut self) {
        self.some_user(|user| user.promised && user.holds, |user| user.holds = false, Event::Dropped);
    }

    fn user_takes(&mut self) {
        let wants = |user: &User| user.handed && user.holds && !user.told.is_empty() && !user.taking;
        self.some_user(wants, |user| user.taking = true, Event::Taken);
    }

    fn some_user(
        &mut self,
        which: impl Fn(&User) -> bool,
        does: impl FnOnce(&mut User),
        event: impl FnOnce(Identifier) -> Event,
    ) {
        let some: Vec<_> =
            self.users.iter().filter(|(_, user)| which(user)).map(|(id, _)| id.clone()).collect();
        let Some(id) = some.get(self.random.below(some.len())).cloned() else { return };
        does(self.users.get_mut(&id).unwrap());
        self.event(event(id));
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.event(Event::Tick);
        self.check_held();
    }

    /// The process dies, and another one goes on.
    fn crash(&mut self) {
        self.up = false;
        self.process += 1;
        self.redeliver();
        // Documented: that a task may be lost is known to a later process once it is stored.
        let unknown: Vec<_> = self.users.keys().filter(|id| self.book.loss_is_unknown(id)).cloned().collect();
        for id in unknown {
            self.users.get_mut(&id).unwrap().exempt = true;
        }
        for (record, _) in std::mem::take(&mut self.writing) {
            if self.random.one_in(2) {
                self.write(record);
            }
        }
        self.link.clear();
        for user in self.users.values_mut() {
            // Documented: the process may die after the store took it and before its user had it.
            user.taken += u32::from(user.taking);
            (user.holds, user.taking, user.crashed, user.handed) = (false, false, true, false);
            (user.executor, user.ended_at, user.untaken) = (None, None, 0);
            user.may_be_lost();
        }
        self.book = Book::new(true);
        self.epoch = 0;
        // In an own count: 0 as long as the session of the earlier process goes on.
        let lost = self.random.one_in(2);
        self.session = u64::from(lost);
        if lost {
            self.queue.clear();
        }
        let open: Vec<_> = self.store.values().filter(|record| record.is_open()).cloned().collect();
        for record in open {
            let id = record.task.task_id.clone();
            if record.task.status.is_terminal() {
                self.users.get_mut(&id).unwrap().released += 1;
                continue;
            }
            let (sent, lost, canceled) = (record.sent, record.lost, record.canceled);
            self.users.get_mut(&id).unwrap().executor = record.executor.as_deref().map(Arc::from);
            let asked = Arc::new(Asked::of(record).0);
            self.asked.insert(id, Arc::clone(&asked));
            self.event(Event::Recovered { asked, sent, lost, canceled });
        }
        self.up = true;
        self.epoch = 1;
        let session = self.session;
        self.event(Event::Connected { session, epoch: 1 });
        for name in AGENTS {
            if self.agents[name].up {
                self.online(name, true);
            }
        }
    }
}
