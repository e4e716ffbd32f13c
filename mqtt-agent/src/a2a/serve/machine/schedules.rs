//! Random schedules of an agent's tasks: crashes, a failing store, redelivery, cancels, deadlines, stops, delegators
//! that are offline. After each schedule everything works again, and then the contract has to hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod world;

use std::time::Instant;

use super::super::seeded::{self, Bug};
use world::World;

const SCHEDULES: u64 = 100_000;
const EVENTS: usize = 48;

/// One schedule: what it broke, if anything.
fn run(seed: u64, bug: Option<Bug>) -> Result<(), String> {
    seeded::with(bug, || {
        let mut world = World::new(seed);
        for _ in 0..EVENTS {
            world.step();
            world.check()?;
        }
        world.trouble();
        world.finish()
    })
}

#[test]
fn a2a_14_no_schedule_loses_a_task_or_runs_one_that_must_not_run_again() {
    let began = Instant::now();
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            std::thread::spawn(move || {
                for seed in (worker..SCHEDULES).step_by(2) {
                    if let Err(broken) = run(seed, None) {
                        panic!("the schedule of seed {seed} broke: {broken}");
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("the seed is printed above");
    }
    println!("{SCHEDULES} schedules of {EVENTS} events and more in {:?}", began.elapsed());
}

#[test]
fn the_schedules_find_each_seeded_bug() {
    for bug in [
        Bug::EarlyAcknowledgement,
        Bug::BeginsUnstored,
        Bug::UncountedAttempt,
        Bug::BeginsTwice,
        Bug::EndBelieved,
        Bug::SentUnstored,
        Bug::EarlySettled,
        Bug::ForgottenResult,
        Bug::ChangeBelieved,
        Bug::ForgottenCancel,
        Bug::AnswersTwice,
    ] {
        let found = (0..20_000).find_map(|seed| run(seed, Some(bug)).err().map(|broken| (seed, broken)));
        let (seed, broken) = found.unwrap_or_else(|| panic!("no schedule finds {bug:?}"));
        println!("{bug:?}: seed {seed}: {broken}");
    }
}
