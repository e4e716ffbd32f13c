//! Random schedules of one tool's calls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Want,
    Answer { which: usize, milliseconds: u64 },
    Busy { which: usize },
    TimeOut { which: usize },
    Drop { which: usize },
    LeaveWaiting { which: usize },
    DropOffered { which: usize },
    DropAsleep { which: usize },
    DropGiven { which: usize },
    Claim { which: usize },
    Wake { which: usize },
    Lapse,
    Send { which: usize },
    SendLate { which: usize },
    Wait { milliseconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<usize>;
    prop_oneof![
        8 => Just(Step::Want),
        4 => (which(), prop_oneof![0..3_u64, 10..300_u64]).prop_map(|(which, milliseconds)| Step::Answer { which, milliseconds }),
        1 => which().prop_map(|which| Step::Busy { which }),
        1 => which().prop_map(|which| Step::TimeOut { which }),
        1 => which().prop_map(|which| Step::Drop { which }),
        1 => which().prop_map(|which| Step::LeaveWaiting { which }),
        1 => which().prop_map(|which| Step::DropOffered { which }),
        1 => which().prop_map(|which| Step::DropAsleep { which }),
        1 => which().prop_map(|which| Step::DropGiven { which }),
        6 => which().prop_map(|which| Step::Claim { which }),
        2 => which().prop_map(|which| Step::Wake { which }),
        1 => Just(Step::Lapse),
        6 => which().prop_map(|which| Step::Send { which }),
        1 => which().prop_map(|which| Step::SendLate { which }),
        1 => (0..40_000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
    ]
}

/// What the calls know of themselves.
#[derive(Default)]
struct Model {
    /// In their order: the number that they wait under, and the name that their waiter is.
    waiting: VecDeque<(u64, u32)>,
    /// Were given a place and have not looked at it yet.
    offered: Vec<(u64, u32)>,
    /// Let an offer lapse.
    asleep: Vec<(u64, u32)>,
    /// Have a place and were not sent yet: each with the time at which it got that.
    given: Vec<(u64, Instant)>,
    /// Were not sent for so long that others got their places.
    late: Vec<u64>,
    /// Each with the time at which it was sent.
    sent: Vec<(u64, Instant)>,
    /// Sent long ago, so that they take no place any more.
    long: Vec<u64>,
    named: u32,
}

impl Model {
    fn give_out(&mut self, window: &mut Window<u32>, now: Instant) {
        while let Some(name) = window.next(now) {
            let (number, first) = self.waiting.pop_front().expect("somebody waits");
            assert_eq!(name, first, "first come, first served");
            self.offered.push((number, name));
        }
    }

    fn check(&self, window: &Window<u32>, taken_before: usize) {
        let taken = self.offered.len() + self.given.len() + self.sent.len();
        assert_eq!(window.taken, taken, "no place leaks");
        assert_eq!(window.waiting.len(), self.waiting.len());
        assert_eq!(window.asleep.len(), self.asleep.len());
        // A limit that shrinks takes no place away, but none is given out above it.
        assert!(taken <= window.limit.places().max(taken_before), "never over the limit");
        assert!(
            self.waiting.is_empty() || taken >= window.limit.places(),
            "nobody waits while there is room"
        );
        assert!((4..=4096).contains(&window.limit.places()));
        assert!(
            window.watched || (self.waiting.is_empty() && self.offered.is_empty()),
            "a call that waits gets a place of one that was sent long ago"
        );
    }
}

impl Model {
    /// A call that was sent ends, whether or not it still takes a place.
    fn ended(&mut self, which: usize) -> Option<u64> {
        let count = self.sent.len() + self.long.len();
        if count == 0 {
            return None;
        }
        let which = which % count;
        if which < self.sent.len() {
            Some(self.sent.swap_remove(which).0)
        } else {
            Some(self.long.swap_remove(which - self.sent.len()))
        }
    }

    /// As many of the oldest calls as others wait give up their places, and then of those that were not sent.
    fn lapse(&mut self, now: Instant) {
        let mut wanted = self.waiting.len();
        self.sent.sort_unstable();
        let old = self.sent.iter().take_while(|(_, sent)| now - *sent >= ON_THE_WIRE).count().min(wanted);
        self.long.extend(self.sent.drain(..old).map(|(call, _)| call));
        wanted -= old;
        self.given.sort_unstable();
        let late = |(_, since): &mut (u64, Instant)| now - *since >= PREPARING;
        let late: Vec<_> = self.given.extract_if(.., late).collect();
        let kept = late.iter().skip(wanted).copied();
        self.given.extend(kept);
        self.late.extend(late.iter().take(wanted).map(|(call, _)| *call));
    }
}

fn taken_out<T>(list: &mut Vec<T>, which: usize) -> Option<T> {
    if list.is_empty() { None } else { Some(list.swap_remove(which % list.len())) }
}

proptest! {
    #[test]
    fn sub_17_places_are_never_over_the_limit_never_lost_and_given_in_order(
        steps in prop::collection::vec(step(), 1..500)
    ) {
        let mut now = Instant::now();
        let mut window = Window::new(now);
        let mut model = Model::default();
        for step in steps {
            let before = window.taken;
            // Sending is no event that anybody is told of.
            let told = !matches!(step, Step::Send { .. } | Step::SendLate { .. });
            match step {
                Step::Want => {
                    let name = model.named;
                    model.named += 1;
                    match window.want(name, now) {
                        Want::Go(number) => model.given.push((number, now)),
                        Want::Wait(number) => model.waiting.push_back((number, name)),
                        Want::Refuse => panic!("not so many"),
                    }
                }
                Step::Send { which } => {
                    if let Some((number, _)) = taken_out(&mut model.given, which) {
                        model.sent.push((window.sent(number, now).expect("it has its place"), now));
                    }
                }
                Step::SendLate { which } => {
                    if let Some(number) = taken_out(&mut model.late, which) {
                        assert_eq!(window.sent(number, now), None, "others got its place");
                        window.left(number);
                    }
                }
                Step::Claim { which } => {
                    if let Some((number, name)) = taken_out(&mut model.offered, which) {
                        assert!(window.claim(number, name, now), "it was offered");
                        model.given.push((number, now));
                    }
                }
                Step::Wake { which } => {
                    if let Some((number, name)) = taken_out(&mut model.asleep, which) {
                        assert!(!window.claim(number, name, now), "it let its offer lapse");
                        let place = model.waiting.partition_point(|(other, _)| *other < number);
                        model.waiting.insert(place, (number, name));
                    }
                }
                Step::Lapse => {
                    now += OFFER;
                    let again = window.lapse(now);
                    assert!(again || window.waiting.is_empty(), "somebody waits");
                    model.asleep.append(&mut model.offered);
                    model.lapse(now);
                }
                Step::Answer { which, milliseconds } => {
                    if let Some(call) = model.ended(which) {
                        window.off_the_wire(call);
                        window.answered(call, Duration::from_millis(milliseconds), now);
                    }
                }
                Step::Busy { which } => {
                    if let Some(call) = model.ended(which) {
                        window.off_the_wire(call);
                        window.busy(call, now);
                    }
                }
                Step::TimeOut { which } => {
                    if let Some(call) = model.ended(which) {
                        window.timed_out(call);
                        window.off_the_wire(call);
                    }
                }
                Step::Drop { which } => {
                    if let Some(call) = model.ended(which) {
                        window.off_the_wire(call);
                    }
                }
                Step::LeaveWaiting { which } => {
                    if !model.waiting.is_empty() {
                        let (number, _) = model.waiting.remove(which % model.waiting.len()).unwrap();
                        window.left(number);
                    }
                }
                Step::DropOffered { which } => {
                    if let Some((number, _)) = taken_out(&mut model.offered, which) {
                        window.left(number);
                    }
                }
                Step::DropAsleep { which } => {
                    if let Some((number, _)) = taken_out(&mut model.asleep, which) {
                        window.left(number);
                    }
                }
                Step::DropGiven { which } => {
                    if let Some((number, _)) = taken_out(&mut model.given, which) {
                        window.left(number);
                    }
                }
                Step::Wait { milliseconds } => now += Duration::from_millis(milliseconds),
            }
            model.give_out(&mut window, now);
            if told && window.needs_watch() {
                window.watch();
            }
            model.check(&window, before);
        }
    }
}

#[test]
fn a_call_beyond_those_that_may_wait_is_refused() {
    let now = Instant::now();
    let mut window = Window::new(now);
    let mut waiting = 0;
    while window.want((), now) != Want::Refuse {
        waiting += 1;
    }
    assert_eq!(waiting, 64 + MOST_WAITING);
}

/// What a queue that several callers share does with the delay of each: many clients and one server that takes a
/// message in a fixed time.
#[test]
fn sub_17_many_callers_keep_the_queue_that_they_share_short() {
    const CALLERS: usize = 10;
    let start = Instant::now();
    let way = Duration::from_millis(1);
    for service in [Duration::from_micros(50), Duration::from_millis(2)] {
        let mut windows: Vec<Window<()>> = (0..CALLERS).map(|_| Window::new(start)).collect();
        // Each caller always has more to call. Who sent, when, under which number.
        let mut queue = VecDeque::new();
        let mut longest = 0;
        let mut now = start;
        for window in &mut windows {
            for _ in 0..100 {
                window.want((), now);
            }
        }
        // The first calls have their places at once, and the others get them in their order.
        let mut next = [64; CALLERS];
        for (caller, window) in windows.iter_mut().enumerate() {
            queue.extend((0..64).map(|number| (caller, now, window.sent(number, now).unwrap())));
        }
        for _ in 0..60_000 {
            let (caller, sent, call) = queue.pop_front().expect("the server has always something to do");
            now += service;
            let window = &mut windows[caller];
            window.off_the_wire(call);
            window.answered(call, now - sent + way, now);
            while window.next(now).is_some() {
                window.want((), now);
                let number = next[caller];
                next[caller] += 1;
                assert!(window.claim(number, (), now));
                queue.push_back((caller, now, window.sent(number, now).unwrap()));
            }
            longest = longest.max(queue.len());
        }
        assert!(longest < 1000, "{longest} in the queue");
    }
}
