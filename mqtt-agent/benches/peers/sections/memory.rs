//! `memory`: what a call costs that waits for its answer.

use std::time::{Duration, Instant};

use super::{order, print_title};
use crate::broker::{Broker, Config};
use crate::contestant::{Contestant, Kind};
use crate::measure::measure;
use crate::options::Options;
use crate::proc::memory;
use crate::process::Process;
use crate::roles::{Order, Work};
use crate::table::{Table, megabytes, whole};

const CALLS: usize = 10_000;

pub(super) fn run(options: &Options) -> Result<(), String> {
    print_title(&format!("memory: {CALLS} calls of 200 bytes wait, {}", Config::Tuned.title()));
    let broker = Broker::start(Config::Tuned)?;
    let mut table = Table::new(&[
        "VmRSS",
        "client: before",
        "after",
        "bytes per call",
        "server: before",
        "after",
        "bytes per call",
    ]);
    for kind in [Kind::Ours, Kind::OursOneThread] {
        match waiting(kind, &broker, options) {
            Ok([client, server]) => {
                let mut row = vec![kind.name().to_owned()];
                for (before, after) in [client, server] {
                    row.extend([megabytes(before), megabytes(after), whole((after - before) / CALLS as f64)]);
                }
                table.row(row);
            }
            Err(error) => println!("failed: {}: {error}", kind.name()),
        }
    }
    table.print();
    Ok(())
}

/// Memory before and after, of the client and of the server.
fn waiting(kind: Kind, broker: &Broker, options: &Options) -> Result<[(f64, f64); 2], String> {
    let mut contestant = Contestant::start(kind, broker.address())?;
    // So that what every program has after its first calls is not charged to those that wait.
    measure(&mut contestant, broker.pid(), &Order { ms: 100, ..order(options, Work::Calls, 4, 200) }, false)?;
    let resident = |process: &Process| memory(process.pid(), "VmRSS").unwrap_or(f64::NAN);
    let before = [resident(&contestant.client), resident(&contestant.server)];
    contestant.client.tell(&order(options, Work::Hold, CALLS, 200))?;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let held = contestant.server.counts()?.held;
        if held >= CALLS as u64 {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("{held} of {CALLS} calls arrived within 20 s"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // What is on its way when the last call arrives: acknowledgements, and buffers that are given back.
    std::thread::sleep(Duration::from_millis(500));
    let after = [resident(&contestant.client), resident(&contestant.server)];
    Ok([(before[0], after[0]), (before[1], after[1])])
}
