//! `depth`: calls/s against the number of calls in flight.

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::Kind;
use crate::measure::{Rounds, Sample};
use crate::options::Options;
use crate::roles::{Order, Work};
use crate::table::{Table, ratio, whole};

const DEPTHS: [usize; 4] = [10, 100, 1_000, 10_000];

pub(super) fn run(options: &Options) -> Result<(), String> {
    print_title(&format!("depth: 200 bytes, {}", Config::Tuned.title()));
    let broker = Broker::start(Config::Tuned)?;
    let mut contestants = start(&[Kind::Bare, Kind::Ours, Kind::OursOneThread], &broker);
    // Until the first of 10,000 answers are there takes longer than the usual warm-up.
    let orders: Vec<_> = DEPTHS
        .iter()
        .map(|depth| Order {
            warm_up_ms: options.warm_up_ms + *depth as u64 / 10,
            ..order(options, Work::Calls, *depth, 200)
        })
        .collect();
    let rounds = Rounds::run(&mut contestants, broker.pid(), &orders, options.rounds, false);
    let mut table =
        Table::new(&["calls/s, by calls in flight", "10", "100", "1000", "10000", "10000 to 100"]);
    for (at, contestant) in contestants.iter().enumerate() {
        let per_second: Vec<f64> = rounds
            .samples
            .iter()
            .map(|samples| Sample::median(&samples[at]).map_or(f64::NAN, |one| one.per_second))
            .collect();
        let mut row = vec![contestant.kind.name().to_owned()];
        row.extend(per_second.iter().map(|value| whole(*value)));
        row.push(ratio(per_second[3], per_second[1]));
        table.row(row);
    }
    table.print();
    print_failures(&rounds);
    Ok(())
}
