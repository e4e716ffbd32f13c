//! What an agent costs that has nothing to do, on a Mosquitto of its own.
//!
//! ```text
//! cargo bench -p mqtt-agent --bench rest              # two minutes
//! cargo bench -p mqtt-agent --bench rest -- quick     # counts wake-ups for 10 s instead of a minute
//! ```
//!
//! Memory of an idle agent and of a tool, in a process of its own each, threads, and how often the threads of a process
//! are woken within a minute: for one agent and one client, with a keep-alive of 15 s, there should be one PINGREQ and one
//! PINGRESP four times a minute each, and nothing else.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

// Shared with the bench `peers`, which uses all of it.
#[allow(dead_code)]
#[path = "../peers/broker.rs"]
mod broker;
#[allow(dead_code)]
#[path = "../peers/proc.rs"]
mod proc;
#[allow(unreachable_pub)]
#[path = "../tools/mod.rs"]
mod tools;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::Duration;

use broker::{Broker, Config};
use mqtt_agent::{Agent, Client, ConnectOptions};

/// The argument before what this process is to measure.
const ROW: &str = "--row";
const AGENTS: usize = 200;
const TOOLS: usize = 10_000;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let [ROW, name, url, seconds] = arguments.as_slice() {
        let seconds = Duration::from_secs(seconds.parse().expect("a number"));
        // One thread, so that each wake-up is counted once and not also by a thread that looks for work.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match *name {
                "agents" => agents(url).await,
                "clients" => clients(url).await,
                "tools" => a_tool(url).await,
                _ => idle(name, url, seconds).await,
            }
        });
        // What was measured is over: nothing is taken down in order.
        std::process::exit(0);
    }
    // `cargo bench` adds `--bench`; `cargo test --benches` doesn't, and only sees that it starts.
    if !arguments.contains(&"--bench") {
        println!("nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    let broker = match Broker::start(Config::Tuned) {
        Ok(broker) => broker,
        Err(missing) => {
            eprintln!("{missing}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = if arguments.contains(&"quick") { "10" } else { "60" };
    for row in ["agents", "clients", "tools", "runtime", "agent", "client"] {
        let program = std::env::current_exe().expect("this program");
        let status =
            Command::new(program).args([ROW, row, &format!("mqtt://{}", broker.address()), seconds]).status();
        if !status.is_ok_and(|status| status.success()) {
            println!("failed: {row}");
        }
    }
    ExitCode::SUCCESS
}

fn resident() -> f64 {
    proc::memory(std::process::id(), "VmRSS").unwrap_or(f64::NAN)
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn agents(url: &str) {
    let tools = tools::tools(AGENTS + 1);
    let start = async |number: usize| {
        let agent = Agent::new(format!("rest-{number}")).tools([tools[number]]);
        agent.start(url).await.expect("it starts")
    };
    // So that what a program has once is not charged to each.
    let mut running = vec![start(AGENTS).await];
    settle().await;
    let before = resident();
    for number in 0..AGENTS {
        running.push(start(number).await);
    }
    settle().await;
    println!(
        "an idle agent with one tool:   {:6.1} kB, mean of {AGENTS}",
        (resident() - before) / AGENTS as f64 / 1e3
    );
}

async fn clients(url: &str) {
    let connect = async || Client::connect(url).await.expect("a client");
    let mut clients = vec![connect().await];
    settle().await;
    let before = resident();
    for _ in 0..AGENTS {
        clients.push(connect().await);
    }
    settle().await;
    println!(
        "an idle client:                {:6.1} kB, mean of {AGENTS}",
        (resident() - before) / AGENTS as f64 / 1e3
    );
}

async fn a_tool(url: &str) {
    let tools = tools::tools(TOOLS);
    let agent = || Agent::new("rest").tools(tools.iter().copied());
    drop(Agent::new("rest").tools(tools[..1].iter().copied()).build().expect("good tools"));
    let before = resident();
    let built = agent().build().expect("good tools");
    println!(
        "a tool after build():          {:6.1} kB, mean of {TOOLS}",
        (resident() - before) / TOOLS as f64 / 1e3
    );
    drop(built);
    let running = agent().start(url).await.expect("it starts");
    settle().await;
    // What `build()` gave back is used again, so this is all that a served tool takes.
    println!("a tool that is served:         {:6.1} kB", (resident() - before) / TOOLS as f64 / 1e3);
    drop(running);
}

/// How often each thread was switched to: name and count.
fn wake_ups() -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").expect("Linux") {
        let task = task.expect("a thread").path();
        let status = std::fs::read_to_string(task.join("status")).unwrap_or_default();
        let of = |field: &str| {
            status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or("0").trim().to_owned()
        };
        let count: u64 = of("voluntary_ctxt_switches:").parse().unwrap_or(0);
        *counts.entry(of("Name:")).or_insert(0) += count;
    }
    counts
}

async fn idle(what: &str, url: &str, time: Duration) {
    let options = || ConnectOptions::new(url).keep_alive(KEEP_ALIVE);
    let tools = tools::tools(1);
    let mut held: (Option<_>, Option<_>) = (None, None);
    match what {
        "agent" => held.0 = Some(Agent::new("rest").tools(tools).start(options()).await.expect("it starts")),
        "client" => held.1 = Some(Client::connect(options()).await.expect("a client")),
        _ => {}
    }
    // After the start: what looks after it for a while has ended.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = wake_ups();
    // A thread, so that this runtime has no timer of its own.
    let (told, ended) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("clock".to_owned())
        .spawn(move || {
            std::thread::sleep(time);
            let after = wake_ups();
            let more: Vec<_> = after
                .iter()
                .filter(|(name, _)| *name != "clock")
                .map(|(name, count)| format!("{name} {}", count - before.get(name).copied().unwrap_or(0)))
                .collect();
            let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count) - 1;
            drop(told.send((more.join(", "), threads)));
        })
        .expect("a thread");
    let (more, threads) = ended.await.expect("it counts");
    println!("{what} at rest: {threads} threads; woken within {time:?}: {more}");
    drop(held);
}
