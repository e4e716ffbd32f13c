//! What grows how: the same work once, ten times and a hundred times, on a Mosquitto of its own.
//!
//! ```text
//! cargo bench -p mqtt-agent --features sqlite --bench growth
//! cargo bench -p mqtt-agent --features sqlite --bench growth -- quick pending cards
//! ```
//!
//! Each row is measured in a process of its own, on a broker of its own; what serves is another process where a row has
//! figures for `peer`. An exponent says how a figure follows the work from the row above: 0 stays, 1 is linear, 2 is
//! square. It is left out below 20 ms and 1 MB, where it would tell of noise. `quick` leaves out the largest row.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod agents;
// Shared with the bench `peers`, which uses all of them.
#[allow(dead_code)]
#[path = "../peers/broker.rs"]
mod broker;
mod calls;
mod cards;
mod probe;
#[allow(dead_code)]
#[path = "../peers/proc.rs"]
mod proc;
mod served;
#[allow(dead_code)]
#[path = "../peers/table.rs"]
mod table;
mod tasks;

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use broker::{Broker, Config};
use mqtt_agent::serde_json;
use probe::{Measure, Site};
use table::Table;

/// The argument before a row that this process is to measure, and before what it is to serve.
const ROW: &str = "--row";
const PEER: &str = "--peer";
/// A row that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(300);

/// A section: its name, what grows, and how far.
type Section = (&'static str, &'static str, [usize; 3]);

const SECTIONS: [Section; 11] = [
    ("tools", "tools of one agent", [100, 1_000, 10_000]),
    ("cards", "retained cards", [100, 1_000, 10_000]),
    ("pending", "calls that wait for their answers", [1_000, 10_000, 100_000]),
    ("payloads", "megabytes of one call's argument", [1, 10, 100]),
    ("partials", "partial results of one call", [1_000, 10_000, 100_000]),
    ("tasks", "durable tasks in flight", [100, 1_000, 10_000]),
    ("waiting", "durable tasks that an earlier process left", [1_000, 10_000, 100_000]),
    ("handlers", "topic handlers of one agent", [10, 100, 1_000]),
    ("agents", "agents in one process", [10, 100, 1_000]),
    ("clients", "clients in one process", [10, 100, 1_000]),
    ("replicas", "replicas, with 48 calls of 10 ms for each", [1, 10, 100]),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [ROW, name, size, address, broker] => {
            let site = Site {
                address: address.parse().expect("an address"),
                broker: broker.parse().expect("a process"),
            };
            runtime().block_on(row(name, size.parse().expect("a number"), site));
            return ExitCode::SUCCESS;
        }
        [PEER, name, size, address] => {
            let (size, address) = (size.parse().expect("a number"), address.parse().expect("an address"));
            runtime().block_on(served::peer(name, size, address));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    // `cargo bench` adds `--bench`; `cargo test --benches` doesn't, and only sees that it starts.
    if !arguments.contains(&"--bench") {
        println!("nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    if let Err(missing) = Broker::program() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let named: Vec<&str> =
        arguments.iter().copied().filter(|argument| !["--bench", "quick"].contains(argument)).collect();
    if let Some(unknown) = named.iter().find(|name| !SECTIONS.iter().any(|section| section.0 == **name)) {
        let names = SECTIONS.map(|section| section.0).join("`, `");
        eprintln!("`{unknown}` is not known; give `quick` or `{names}`");
        return ExitCode::FAILURE;
    }
    let rows = if arguments.contains(&"quick") { 2 } else { 3 };
    println!(
        "{}, {}, load {}",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC"),
        Broker::version().unwrap_or_default(),
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default()
    );
    for (name, what, sizes) in SECTIONS {
        if named.is_empty() || named.contains(&name) {
            println!("\n== {name}: {what}");
            section(name, &sizes[..rows]);
        }
    }
    ExitCode::SUCCESS
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

async fn row(name: &str, size: usize, site: Site) {
    let measures = match name {
        "tools" => served::tools(size, site).await,
        "handlers" => served::handlers(size, site).await,
        "cards" => cards::cards(size, site).await,
        "pending" => calls::pending(size, site).await,
        "payloads" => calls::payloads(size, site).await,
        "partials" => calls::partials(size, site).await,
        "tasks" => tasks::in_flight(size, site).await,
        "waiting" => tasks::waiting(size, site).await,
        "agents" => agents::agents(size, site).await,
        "clients" => agents::clients(size, site).await,
        _ => agents::replicas(size, site).await,
    };
    println!("{}", serde_json::to_string(&measures).expect("JSON"));
    // What was measured is over: nothing is taken down in order.
    std::process::exit(0);
}

fn section(name: &str, sizes: &[usize]) {
    let mut rows: Vec<(usize, Vec<Measure>)> = Vec::new();
    for size in sizes {
        match measured(name, *size) {
            Ok(measures) => rows.push((*size, measures)),
            Err(error) => println!("failed: {name} {size}: {error}"),
        }
    }
    let Some((_, first)) = rows.first() else { return };
    let titles: Vec<String> = first.iter().map(|measure| measure.what.clone()).collect();
    let mut table = Table::new(&[
        "",
        "work",
        "ms",
        "exponent",
        "CPU ms",
        "exponent",
        "peer CPU",
        "exponent",
        "broker CPU",
        "exponent",
        "MB",
        "exponent",
        "peer MB",
        "exponent",
    ]);
    for (at, title) in titles.iter().enumerate() {
        let mut above: Option<(usize, &Measure)> = None;
        for (size, measures) in &rows {
            let Some(measure) = measures.get(at) else { continue };
            let mut cells = vec![title.clone(), size.to_string()];
            for (figure, least) in FIGURES {
                let now = figure(measure);
                cells.push(table::tenths(now));
                let exponent = above.and_then(|(smaller, above)| {
                    let before = figure(above);
                    let told = before >= least && now >= least;
                    told.then(|| (now / before).ln() / (*size as f64 / smaller as f64).ln())
                });
                cells.push(exponent.map_or_else(String::new, |exponent| format!("{exponent:.2}")));
            }
            table.row(cells);
            above = Some((*size, measure));
        }
    }
    table.print();
}

/// A figure of a measure, and from where on an exponent tells something.
type Figure = (fn(&Measure) -> f64, f64);

const FIGURES: [Figure; 6] = [
    (|one| one.ms, 20.0),
    (|one| one.cpu_ms, 20.0),
    (|one| one.peer_cpu_ms, 20.0),
    (|one| one.broker_cpu_ms, 20.0),
    (|one| one.megabytes, 1.0),
    (|one| one.peer_megabytes, 1.0),
];

/// One row, in a process of its own.
fn measured(name: &str, size: usize) -> Result<Vec<Measure>, String> {
    let broker = Broker::start(if name == "payloads" { Config::Large } else { Config::Tuned })?;
    let mut child = this_program(&[
        ROW,
        name,
        &size.to_string(),
        &broker.address().to_string(),
        &broker.pid().to_string(),
    ])
    .stdout(Stdio::piped())
    .spawn()
    .map_err(|error| error.to_string())?;
    let mut output = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let deadline = Instant::now() + LONGEST;
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => break,
            Some(status) => return Err(status.to_string()),
            None if Instant::now() > deadline => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("it took more than {LONGEST:?}"));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    let text = reader.join().expect("no panic").map_err(|error| error.to_string())?;
    serde_json::from_str(text.trim()).map_err(|error| format!("it said `{text}`: {error}"))
}

/// This program again.
fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(arguments);
    command
}

/// Another process that serves, until it is dropped or this one ends, which closes its input.
pub(crate) struct Peer(Child);

impl Peer {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts one, and waits until it serves.
fn peer(name: &str, size: usize, address: SocketAddr) -> Peer {
    let spawned = this_program(&[PEER, name, &size.to_string(), &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut peer = Peer(spawned.expect("another process"));
    let mut ready = [0];
    peer.0.stdout.as_mut().expect("piped").read_exact(&mut ready).expect("it serves");
    peer
}
