//! `big`: small calls on the connection that a large message takes.

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::Kind;
use crate::measure::{Rounds, Sample};
use crate::options::Options;
use crate::roles::{Order, Work};
use crate::table::{Table, ratio, whole};

const BYTES: usize = 10_000_000;

pub(super) fn run(options: &Options) -> Result<(), String> {
    print_title(&format!("big: {BYTES} bytes beside 4 callers of 200 bytes, {}", Config::Large.title()));
    println!("time: from sending it to its short answer; small calls: those that were under way meanwhile");
    let broker = Broker::start(Config::Large)?;
    let mut contestants = start(&[Kind::Bare, Kind::Ours, Kind::OursOneThread], &broker);
    let orders =
        [0, 4].map(|callers| Order { ms: options.ms * 2, ..order(options, Work::Big, callers, BYTES) });
    let rounds = Rounds::run(&mut contestants, broker.pid(), &orders, options.rounds, false);
    let mut table = Table::new(&[
        "",
        "time alone us",
        "beside us",
        "small calls",
        "p50 us",
        "p99 us",
        "p99 to time beside",
        "p99 to bare time alone",
    ]);
    let mut bare_alone = f64::NAN;
    for (at, contestant) in contestants.iter().enumerate() {
        let alone = Sample::median(&rounds.samples[0][at]).map_or(f64::NAN, |one| one.large_us);
        if contestant.kind == Kind::Bare {
            bare_alone = alone;
        }
        let beside = Sample::median(&rounds.samples[1][at]).unwrap_or_default();
        table.row(vec![
            contestant.kind.name().to_owned(),
            whole(alone),
            whole(beside.large_us),
            whole(beside.calls),
            whole(beside.p50_us),
            whole(beside.p99_us),
            ratio(beside.p99_us, beside.large_us),
            ratio(beside.p99_us, bare_alone),
        ]);
    }
    table.print();
    print_failures(&rounds);
    Ok(())
}
