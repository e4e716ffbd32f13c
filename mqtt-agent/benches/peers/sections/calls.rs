//! `calls`: an echo, from one caller to many, on a tuned and on a stock broker.

use super::{order, print_failures, print_title, start};
use crate::broker::{Broker, Config};
use crate::contestant::{Contestant, Kind};
use crate::measure::{Rounds, Sample, peak};
use crate::options::Options;
use crate::proc::memory;
use crate::roles::Work;
use crate::table::{self, Table, megabytes, ratio, tenths, whole};

const CALLERS: [usize; 3] = [1, 16, 256];
const BYTES: [usize; 2] = [200, 10_000];

pub(super) fn run(options: &Options, config: Config) -> Result<(), String> {
    print_title(&format!("calls, {}", config.title()));
    let broker = Broker::start(config)?;
    let mut contestants = start(&Kind::ALL, &broker);
    let shapes: Vec<(usize, usize)> =
        BYTES.iter().flat_map(|bytes| CALLERS.iter().map(|callers| (*bytes, *callers))).collect();
    let orders: Vec<_> =
        shapes.iter().map(|(bytes, callers)| order(options, Work::Calls, *callers, *bytes)).collect();
    let rounds = Rounds::run(&mut contestants, broker.pid(), &orders, options.rounds, false);
    for ((bytes, callers), samples) in shapes.iter().zip(&rounds.samples) {
        println!();
        print(&format!("{}, {bytes} bytes", table::callers(*callers)), &contestants, samples);
    }
    print_failures(&rounds);
    print_memory(&contestants, &broker);
    Ok(())
}

fn print(title: &str, contestants: &[Contestant], samples: &[Vec<Sample>]) {
    let mut table = Table::new(&[
        title,
        "calls/s",
        "spread",
        "p50 us",
        "p99 us",
        "CPU us: client",
        "server",
        "broker",
        "to bare: calls/s",
        "p50",
        "client",
        "server",
        "to the loop: calls/s",
        "p50",
    ]);
    let of = |kind: Kind| {
        let at = contestants.iter().position(|contestant| contestant.kind == kind)?;
        Sample::median(&samples[at])
    };
    let nothing = Sample {
        per_second: f64::NAN,
        p50_us: f64::NAN,
        client_us: f64::NAN,
        server_us: f64::NAN,
        ..Sample::default()
    };
    let bare = of(Kind::Bare).unwrap_or_else(|| nothing.clone());
    let floor = of(Kind::Floor).unwrap_or(nothing);
    for (contestant, rounds) in contestants.iter().zip(samples) {
        let name = contestant.kind.name().to_owned();
        let Some(one) = Sample::median(rounds) else {
            table.row(vec![name, "failed".to_owned()]);
            continue;
        };
        table.row(vec![
            name,
            whole(one.per_second),
            format!("{:.0} %", Sample::spread(rounds)),
            whole(one.p50_us),
            whole(one.p99_us),
            tenths(one.client_us),
            tenths(one.server_us),
            tenths(one.broker_us),
            ratio(one.per_second, bare.per_second),
            ratio(one.p50_us, bare.p50_us),
            ratio(one.client_us, bare.client_us),
            ratio(one.server_us, bare.server_us),
            ratio(one.per_second, floor.per_second),
            ratio(one.p50_us, floor.p50_us),
        ]);
    }
    table.print();
}

fn print_memory(contestants: &[Contestant], broker: &Broker) {
    println!();
    let mut table = Table::new(&["most memory (VmHWM), all of the above", "client", "server"]);
    for contestant in contestants {
        let name = contestant.kind.name().to_owned();
        table.row(vec![name, megabytes(peak(&contestant.client)), megabytes(peak(&contestant.server))]);
    }
    table.row(vec!["the broker".to_owned(), megabytes(memory(broker.pid(), "VmHWM").unwrap_or(f64::NAN))]);
    table.print();
}
