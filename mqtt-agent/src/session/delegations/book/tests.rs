//! Single faults around the end of a task, each as short as it can be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::delegation::Delegation;
use super::super::event::{Effect, Event, Handed, What};
use super::Book;
use crate::deadline;
use crate::store::{StoreError, TaskRecord};
use crate::wire::{
    Identifier, Intent, Part, Role, TaskError, TaskMessage, TaskNotification, TaskResult, TaskState,
};

/// A book with one task, and what it wants done.
struct Told {
    book: Book,
    now: Instant,
    effects: Vec<Effect>,
}

fn id() -> Identifier {
    Identifier::parse("t").unwrap()
}

fn broken() -> Result<(), StoreError> {
    Err(StoreError::Unavailable { reason: "a test".to_owned() })
}

impl Told {
    /// The task is given to the connection.
    fn asked() -> Self {
        let mut told = Self { book: Book::new(true), now: Instant::now(), effects: Vec::new() };
        told.on(Event::Connected { session: 1, epoch: 1 });
        told.on(Event::Online { agent: "alone".into(), retained: true });
        let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
        told.on(Event::Asked(Arc::new(Delegation::of(TaskRecord::new(task)).0)));
        told
    }

    /// The store is being given the task, and its time is over soon.
    fn inserting() -> Self {
        let mut told = Self { book: Book::new(true), now: Instant::now(), effects: Vec::new() };
        told.on(Event::Connected { session: 1, epoch: 1 });
        let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
        let mut record = TaskRecord::new(task);
        record.deadline_ms = Some(deadline::ms_within(Duration::from_secs(1)));
        told.on(Event::Inserting(Arc::new(Delegation::of(record).0)));
        told
    }

    /// The task has to end within that time.
    fn with_deadline(&mut self, within: Duration) {
        let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
        let mut record = TaskRecord::new(task);
        record.deadline_ms = Some(deadline::ms_within(within));
        self.on(Event::Asked(Arc::new(Delegation::of(record).0)));
        self.handed(1);
        self.stored(What::Note, Ok(()));
    }

    fn has_ended(&self) -> bool {
        let is_end = |effect: &Effect| matches!(effect, Effect::Store { what: What::End, .. });
        self.effects.iter().any(is_end)
    }

    /// The broker has it, and the store knows.
    fn sent() -> Self {
        let mut told = Self::asked();
        told.handed(1);
        told.stored(What::Note, Ok(()));
        told.effects.clear();
        told
    }

    fn on(&mut self, event: Event) {
        self.book.take(event, self.now, &mut self.effects);
    }

    fn handed(&mut self, epoch: u64) {
        self.on(Event::Handed { id: id(), outcome: Handed::Taken { session: 1, epoch } });
    }

    fn stored(&mut self, what: What, outcome: Result<(), StoreError>) {
        self.on(Event::Stored { id: id(), what, outcome });
    }

    fn hears(&mut self, message: u64, change: impl FnOnce(&mut TaskResult)) {
        let mut result = TaskResult::update(id(), TaskState::Completed, "alone", 0);
        result.seq = None;
        change(&mut result);
        self.on(Event::Heard { result, proven: true, redelivered: false, message });
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.on(Event::Tick);
    }

    fn acknowledged(&self) -> Vec<u64> {
        let messages = self.effects.iter().filter_map(|effect| match effect {
            Effect::Acknowledge(message) => Some(*message),
            _ => None,
        });
        messages.collect()
    }

    fn released(&self) -> usize {
        self.effects.iter().filter(|effect| matches!(effect, Effect::Release(_))).count()
    }

    fn last_stored(&self) -> Option<(What, bool)> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Store { change, what, .. } => Some((*what, change.settled)),
            _ => None,
        })
    }
}

#[test]
fn a2a_14_a_task_that_the_broker_has_taken_is_stored_as_such_and_sent_by_no_later_process() {
    let mut told = Told::asked();
    told.handed(1);
    let stored = told.effects.iter().rev().find_map(|effect| match effect {
        Effect::Store { change, .. } => Some((change.sent, change.lost)),
        _ => None,
    });
    assert_eq!(stored, Some((true, false)));
}

#[test]
fn a_note_that_the_store_did_not_take_costs_the_end_no_try() {
    let mut told = Told::asked();
    told.handed(1);
    for _ in 0..3 {
        told.stored(What::Note, broken());
        told.pass(1);
    }
    told.hears(1, |_| ());
    assert_eq!(told.acknowledged(), [0; 0], "the store was not asked once to take the end");
}

#[test]
fn an_end_that_came_while_a_note_failed_holds_its_message_for_three_tries() {
    let mut told = Told::asked();
    told.handed(1);
    for _ in 0..2 {
        told.stored(What::Note, broken());
        told.pass(1);
    }
    told.hears(1, |_| ());
    told.stored(What::Note, broken());
    for tried in 1..=3 {
        assert_eq!(told.acknowledged(), [0; 0], "after {tried} tries");
        assert_eq!(told.last_stored(), Some((What::End, false)), "the end waits for no note");
        told.stored(What::End, broken());
        told.pass(1);
    }
    assert_eq!(told.acknowledged(), [1]);
}

#[test]
fn a_store_that_is_slow_does_not_keep_acknowledgements_back_for_long() {
    let mut told = Told::sent();
    told.hears(1, |_| ());
    told.pass(9);
    assert_eq!(told.acknowledged(), [0; 0]);
    told.pass(1);
    assert_eq!(told.acknowledged(), [1]);
    told.hears(2, |_| ());
    assert_eq!(told.acknowledged(), [1, 2]);
}

#[test]
fn of_an_end_that_comes_many_times_one_message_is_held() {
    let mut told = Told::sent();
    for message in 1..=100 {
        told.hears(message, |_| ());
    }
    assert_eq!(told.acknowledged(), (1..100).collect::<Vec<_>>());
    told.hears(101, |update| update.status = TaskState::Working);
    assert_eq!(told.acknowledged().last(), Some(&101), "an update that was overtaken is none of them");
    told.stored(What::End, Ok(()));
    assert_eq!(told.acknowledged().last(), Some(&100));
}

#[test]
fn a_task_that_ended_and_that_nobody_waits_for_takes_no_memory() {
    let mut told = Told::sent();
    told.on(Event::Dropped(id()));
    told.hears(1, |_| ());
    told.stored(What::End, Ok(()));
    assert_eq!(told.released(), 1);
    assert!(!told.book.is_known(&id()));
}

#[test]
fn a_result_before_the_brokers_word_is_settled_when_nobody_waited_for_that() {
    for stored_before in [true, false] {
        let mut told = Told::asked();
        told.hears(1, |_| ());
        if stored_before {
            told.stored(What::End, Ok(()));
        }
        told.on(Event::Withdrawn { id: id(), error: TaskError::new("unavailable", "left") });
        if !stored_before {
            told.stored(What::End, Ok(()));
        }
        assert_eq!(told.last_stored(), Some((What::Settled, true)));
        told.stored(What::Settled, Ok(()));
        assert!(!told.book.is_known(&id()));
        assert_eq!(told.acknowledged(), [1]);
    }
}

#[test]
fn a_result_that_was_stored_as_taken_and_did_not_arrive_goes_to_results() {
    let mut told = Told::sent();
    told.hears(1, |_| ());
    told.stored(What::End, Ok(()));
    told.on(Event::Taken(id()));
    told.stored(What::Settled, Ok(()));
    told.on(Event::Dropped(id()));
    assert_eq!(told.released(), 1);
}

#[test]
fn an_agent_that_forgot_a_task_counts_its_updates_anew() {
    let mut told = Told::sent();
    let says = |seq: u64| {
        move |update: &mut TaskResult| (update.status, update.seq) = (TaskState::InputRequired, Some(seq))
    };
    told.hears(1, says(57));
    told.on(Event::Offline { agent: "alone".into() });
    told.on(Event::Online { agent: "alone".into(), retained: false });
    told.effects.clear();
    told.handed(1);
    told.hears(2, says(1));
    assert!(told.effects.iter().any(|effect| matches!(effect, Effect::Update(..))), "its question is lost");
}

#[test]
fn a_task_is_given_up_though_no_connection_lasts() {
    let mut told = Told::asked();
    told.with_deadline(Duration::from_secs(10));
    told.pass(11);
    // Each for a second, which is too short to be sure that its agent could be heard.
    for epoch in 2..10 {
        told.on(Event::Disconnected);
        told.pass(1);
        told.on(Event::Connected { session: 1, epoch });
        told.pass(1);
        assert!(!told.has_ended(), "after {epoch} connections");
    }
    for epoch in 10..14 {
        told.on(Event::Disconnected);
        told.on(Event::Connected { session: 1, epoch });
        told.pass(1);
    }
    assert!(told.has_ended());
}

#[test]
fn a_question_without_number_and_time_that_the_broker_delivers_again_is_asked_once() {
    let mut told = Told::sent();
    let asks = |told: &mut Told, message: u64, redelivered: bool| {
        let question = TaskMessage {
            timestamp: String::new(),
            ..TaskMessage::new(Role::Agent, vec![Part::text("Sure?")])
        };
        let mut result = TaskResult::update(id(), TaskState::InputRequired, "alone", 0);
        (result.seq, result.message) = (None, Some(question));
        told.on(Event::Heard { result, proven: true, redelivered, message });
        let delegation = told.effects.iter().filter(|effect| matches!(effect, Effect::Update(..))).count();
        told.effects.clear();
        delegation
    };
    assert_eq!(asks(&mut told, 1, false), 1);
    assert_eq!(asks(&mut told, 2, true), 0, "the same once more");
    assert_eq!(asks(&mut told, 3, false), 1, "another one of the same words");
    let mut told = Told::sent();
    assert_eq!(asks(&mut told, 1, true), 1, "the first one that arrives");
}

#[test]
fn a_task_whose_insertion_takes_long_is_not_given_up_before_it_was_sent() {
    let mut told = Told::inserting();
    told.pass(60);
    assert!(!told.has_ended());
}

#[test]
fn a2a_11_a_result_of_a_task_that_was_not_sent_ends_nothing() {
    let mut told = Told::inserting();
    told.hears(7, |_| ());
    assert!(!told.has_ended());
    assert_eq!(told.acknowledged(), [7], "it holds up nothing");
}

/// A task of an earlier process that somebody attached to.
fn attached(deadline: Option<Duration>) -> Told {
    let mut told = Told { book: Book::new(true), now: Instant::now(), effects: Vec::new() };
    told.on(Event::Connected { session: 1, epoch: 1 });
    told.on(Event::Online { agent: "alone".into(), retained: true });
    let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
    let mut record = TaskRecord::new(task);
    record.deadline_ms = deadline.map(deadline::ms_within);
    let delegation = Arc::new(Delegation::recovered(record));
    told.on(Event::Recovered { delegation, sent: true, lost: false, canceled: false });
    let (known, executor) = told.book.attachable(&id()).expect("nobody waits for it").expect("it is known");
    let (delegation, _) = known.attached(executor);
    told.on(Event::Attached(Arc::new(delegation)));
    told.stored(What::Note, Ok(()));
    told
}

#[test]
fn a2a_16_a_task_that_somebody_attached_to_keeps_its_deadline() {
    let mut told = attached(Some(Duration::from_secs(10)));
    told.pass(17);
    assert!(told.has_ended());
}

#[test]
fn a2a_16_a_task_that_somebody_attached_to_and_left_is_answered_where_it_was() {
    let mut told = attached(None);
    told.on(Event::Dropped(id()));
    told.on(Event::Connected { session: 2, epoch: 2 });
    told.on(Event::Online { agent: "alone".into(), retained: true });
    let again = told.effects.iter().find_map(|effect| match effect {
        Effect::Send(delegation) => Some(delegation),
        _ => None,
    });
    // Nobody subscribes the task's own topic any more.
    assert_eq!(again.expect("it is sent again").result_topic, None);
}

#[test]
fn a2a_12_a_request_that_was_dropped_is_not_sent_again() {
    let mut told = Told { book: Book::new(true), now: Instant::now(), effects: Vec::new() };
    told.on(Event::Connected { session: 1, epoch: 1 });
    told.on(Event::Online { agent: "alone".into(), retained: true });
    let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
    let (delegation, _) = Delegation::new(task, Some("a2a/v1/tasks/t/result".to_owned()), None, None);
    told.on(Event::Asked(Arc::new(delegation)));
    told.handed(1);
    told.on(Event::Canceled(id()));
    told.on(Event::Offline { agent: "alone".into() });
    told.on(Event::Online { agent: "alone".into(), retained: false });
    told.on(Event::Connected { session: 2, epoch: 2 });
    told.pass(60);
    assert!(!told.effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
}

#[test]
fn a_look_at_a_card_that_found_nothing_is_repeated() {
    let mut told = Told::sent();
    let looks = |told: &mut Told, seconds: u64| {
        told.pass(seconds);
        let looks = std::mem::take(&mut told.effects);
        looks.iter().filter(|effect| matches!(effect, Effect::Learn(_))).count()
    };
    assert_eq!(looks(&mut told, 16), 1);
    assert_eq!((looks(&mut told, 59), looks(&mut told, 1)), (0, 1), "after a minute");
    assert_eq!((looks(&mut told, 119), looks(&mut told, 1)), (0, 1), "after two");
    told.on(Event::Understands("alone".into()));
    assert_eq!(looks(&mut told, 1000), 0, "it is known");
}

#[test]
fn a2a_14_a_task_whose_result_may_have_come_while_nobody_took_it_is_sent_again() {
    let mut told = Told { book: Book::new(true), now: Instant::now(), effects: Vec::new() };
    // The session that the earlier process left.
    told.on(Event::Connected { session: 0, epoch: 1 });
    told.on(Event::Online { agent: "alone".into(), retained: true });
    let task = TaskNotification::about(id(), Intent::Task, "boss", "alone").into_task();
    let delegation = Arc::new(Delegation::recovered(TaskRecord::new(task)));
    told.on(Event::Recovered { delegation, sent: true, lost: false, canceled: false });
    let sent = |told: &Told| told.effects.iter().filter(|effect| matches!(effect, Effect::Send(_))).count();
    assert_eq!(sent(&told), 0, "the broker has it");
    told.on(Event::Missed);
    assert_eq!(sent(&told), 1);
    let is_noted = |effect: &Effect| matches!(effect, Effect::Store { change, .. } if change.lost);
    assert!(told.effects.iter().any(is_noted), "a later process knows");
}
