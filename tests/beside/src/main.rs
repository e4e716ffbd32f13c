//! The same tool served by `mqtt-agent`, by rmcp over Streamable HTTP, by axum (a JSON POST) and over NATS (request and
//! reply), called by the client of each, in one run.
//!
//! ```text
//! cargo run --release --manifest-path tests/beside/Cargo.toml
//! cargo run --release --manifest-path tests/beside/Cargo.toml -- quick
//! cargo run --release --manifest-path tests/beside/Cargo.toml -- bridge
//! ```
//!
//! With `bridge` it compares the bridge, whose tools are on a broker, with an rmcp server that has the same tool itself, both
//! called by rmcp's client.
//!
//! It starts Mosquitto, and `nats-server` where there is one (`NATS_SERVER` says where). Every server and every client is
//! a process of its own; each client has one connection, or what its HTTP library opens. Contestants take turns, round by
//! round; medians are printed. CPU time is told apart: of the client, of all servers, of the broker.

mod bridge;
#[allow(dead_code)]
#[path = "../../../mqtt-agent/benches/peers/broker.rs"]
mod broker;
mod call;
mod contestant;
mod http;
mod nats;
mod ours;
#[allow(dead_code)]
#[path = "../../../mqtt-agent/benches/peers/proc.rs"]
mod proc;
#[allow(dead_code)]
#[path = "../../../mqtt-agent/benches/peers/table.rs"]
mod table;

use contestant::{Contestant, Kind};
use table::{Table, tenths, whole};

const CALLERS: [usize; 3] = [1, 16, 256];
const BYTES: [usize; 2] = [200, 10_000];
const REPLICAS: [usize; 4] = [1, 2, 4, 8];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", kind, address, number] => return runtime().block_on(serve(kind, address, number)),
        ["call", kind, address, pids, callers, bytes, ms] => {
            let order = call::Order::parse(pids, callers, bytes, ms);
            return runtime().block_on(call_as(kind, address, &order));
        }
        _ => {}
    }
    let quick = arguments.contains(&"quick");
    let (rounds, ms) = if quick { (1, 300) } else { (3, 1000) };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "{}; medians of {rounds} rounds of {ms} ms; load {}",
        broker::Broker::version().unwrap_or_default(),
        load.split(' ').next().unwrap_or_default()
    );
    let bridge = arguments.contains(&"bridge");
    let contestants = if bridge { Kind::MCP } else { Kind::ALL };
    for bytes in BYTES {
        for callers in CALLERS {
            let kinds = contestants.map(|kind| (kind, 1));
            print(&format!("{callers} callers, {bytes} bytes"), &kinds, callers, bytes, rounds, ms);
        }
    }
    if bridge {
        return;
    }
    for kind in [Kind::Ours, Kind::Nats] {
        print(
            &format!("replicas of {}, 256 callers, 200 bytes", kind.name()),
            &REPLICAS.map(|n| (kind, n)),
            256,
            200,
            rounds,
            ms,
        );
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

async fn serve(kind: &str, address: &str, number: &str) {
    match kind {
        "ours" => ours::serve(address, number).await,
        "rmcp" => http::serve_rmcp().await,
        "rmcp-stdio" => http::serve_rmcp_over_stdio().await,
        "bridge-stdio" => bridge::serve_stdio(address).await,
        "bridge-http" => bridge::serve_http(address).await,
        "axum" => http::serve_axum().await,
        _ => nats::serve(address).await,
    }
}

async fn call_as(kind: &str, address: &str, order: &call::Order) {
    let outcome = match kind {
        "ours" => ours::call(address, order).await,
        "rmcp" | "bridge-http" => http::call_rmcp(address, order).await,
        "rmcp-stdio" | "bridge-stdio" => http::call_over_stdio(kind, address, order).await,
        "axum" => http::call_axum(address, order).await,
        _ => nats::call(address, order).await,
    };
    println!("{}", serde_json::to_string(&outcome).expect("JSON"));
    std::process::exit(0);
}

fn print(title: &str, contestants: &[(Kind, usize)], callers: usize, bytes: usize, rounds: usize, ms: u64) {
    let mut running: Vec<Contestant> = Vec::new();
    for (kind, replicas) in contestants {
        match Contestant::start(*kind, *replicas) {
            Ok(contestant) => running.push(contestant),
            Err(missing) => println!("not measured: {}: {missing}", kind.name()),
        }
    }
    let mut outcomes: Vec<Vec<call::Outcome>> = running.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..running.len() {
            let at = (turn + round) % running.len();
            match running[at].call(callers, bytes, ms) {
                Ok(outcome) => outcomes[at].push(outcome),
                Err(error) => println!("failed: {}: {error}", running[at].name()),
            }
        }
    }
    println!();
    let mut table = Table::new(&[
        title,
        "calls/s",
        "p50 us",
        "p99 us",
        "CPU us: client",
        "servers",
        "broker",
        "all",
        "MB: client",
        "servers",
        "broker",
    ]);
    for (contestant, outcomes) in running.iter().zip(&outcomes) {
        let of = |figure: fn(&call::Outcome) -> f64| {
            let mut values: Vec<f64> = outcomes.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        table.row(vec![
            contestant.name(),
            whole(of(|one| one.per_second)),
            whole(of(|one| one.p50_us)),
            whole(of(|one| one.p99_us)),
            tenths(of(|one| one.cpu_us[0])),
            tenths(of(|one| one.cpu_us[1])),
            tenths(of(|one| one.cpu_us[2])),
            tenths(of(|one| one.cpu_us.iter().sum())),
            tenths(of(|one| one.megabytes[0])),
            tenths(of(|one| one.megabytes[1])),
            tenths(of(|one| one.megabytes[2])),
        ]);
    }
    table.print();
}
