//! `allocations`: how often a call allocates. A program of its own counts them, for its allocator takes time.

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::Kind;
use crate::measure::{Rounds, Sample};
use crate::options::Options;
use crate::roles::{PARTIALS, Work};
use crate::table::{self, Table, ratio, tenths};

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
            Work::Partials => format!("{}, 200 bytes, {PARTIALS} partials", table::callers(*callers)),
            _ => format!("{}, 200 bytes", table::callers(*callers)),
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
