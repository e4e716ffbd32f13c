//! `allocations`: how often a call allocates. A program of its own counts them, for its allocator takes time.

use std::path::Path;
use std::process::Command;

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::Kind;
use crate::measure::{Rounds, Sample};
use crate::options::Options;
use crate::roles::Work;
use crate::table::{Table, ratio, tenths};

/// Has cargo build and run the program that counts.
pub(super) fn run_program(options: &Options) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(["bench", "--quiet", "--bench", "allocations", "--manifest-path"]).arg(manifest).arg("--");
    if options.quick {
        command.arg("quick");
    }
    let status = command.status().map_err(|error| format!("failed to start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

pub(super) fn run(options: &Options) -> Result<(), String> {
    print_title(&format!("allocations per call, {}", Config::Tuned.title()));
    let broker = Broker::start(Config::Tuned)?;
    let mut contestants = start(&[Kind::Bare, Kind::Ours, Kind::OursOneThread], &broker);
    let shapes = [(Work::Calls, 1), (Work::Calls, 16), (Work::Calls, 256), (Work::Partials, 16)];
    let orders = shapes.map(|(work, callers)| order(options, work, callers, 200));
    let rounds = Rounds::run(&mut contestants, broker.pid(), &orders, options.rounds.min(3), true);
    for ((work, callers), samples) in shapes.iter().zip(&rounds.samples) {
        println!();
        let title = match work {
            Work::Partials => format!("{callers} callers, 200 bytes, 100 partials"),
            _ => format!("{callers} callers, 200 bytes"),
        };
        let mut table = Table::new(&[&title, "client", "server", "to bare: client", "server"]);
        let at = contestants.iter().position(|contestant| contestant.kind == Kind::Bare);
        let bare = at.and_then(|at| Sample::median(&samples[at]));
        for (contestant, rounds) in contestants.iter().zip(samples) {
            let name = contestant.kind.name().to_owned();
            let Some(one) = Sample::median(rounds) else {
                table.row(vec![name, "failed".to_owned()]);
                continue;
            };
            let to = |figure: fn(&Sample) -> f64| ratio(figure(&one), bare.as_ref().map_or(f64::NAN, figure));
            table.row(vec![
                name,
                tenths(one.client_allocations),
                tenths(one.server_allocations),
                to(|one| one.client_allocations),
                to(|one| one.server_allocations),
            ]);
        }
        table.print();
    }
    print_failures(&rounds);
    Ok(())
}
