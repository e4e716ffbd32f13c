//! `partials`: calls with partial results.

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::Kind;
use crate::measure::{Rounds, Sample};
use crate::options::Options;
use crate::roles::{PARTIALS, Work};
use crate::table::{self, Table, ratio, tenths, whole};

pub(super) fn run(options: &Options) -> Result<(), String> {
    print_title(&format!("partials: {PARTIALS} of 200 bytes a call, {}", Config::Tuned.title()));
    let broker = Broker::start(Config::Tuned)?;
    let kinds = [Kind::Bare, Kind::BareOneThread, Kind::Ours, Kind::OursOneThread];
    let mut contestants = start(&kinds, &broker);
    let callers = [1, 16];
    let orders = callers.map(|callers| order(options, Work::Partials, callers, 200));
    let rounds = Rounds::run(&mut contestants, broker.pid(), &orders, options.rounds, false);
    for (callers, samples) in callers.iter().zip(&rounds.samples) {
        println!();
        let title = table::callers(*callers);
        let mut table = Table::new(&[
            &title,
            "partials/s",
            "call: p50 us",
            "p99 us",
            "CPU us per partial: client",
            "server",
            "broker",
            "to bare: partials/s",
            "client",
            "server",
        ]);
        let at = contestants.iter().position(|contestant| contestant.kind == Kind::Bare);
        let bare = at.and_then(|at| Sample::median(&samples[at]));
        for (contestant, rounds) in contestants.iter().zip(samples) {
            let name = contestant.kind.name().to_owned();
            let Some(one) = Sample::median(rounds) else {
                table.row(vec![name, "failed".to_owned()]);
                continue;
            };
            let partials = PARTIALS as f64;
            let to = |figure: fn(&Sample) -> f64| ratio(figure(&one), bare.as_ref().map_or(f64::NAN, figure));
            table.row(vec![
                name,
                whole(one.per_second * partials),
                whole(one.p50_us),
                whole(one.p99_us),
                tenths(one.client_us / partials),
                tenths(one.server_us / partials),
                tenths(one.broker_us / partials),
                to(|one| one.per_second),
                to(|one| one.client_us),
                to(|one| one.server_us),
            ]);
        }
        table.print();
    }
    print_failures(&rounds);
    Ok(())
}
