//! The processes that are measured: this program again, with a role as its argument. They are told what to do, and
//! tell what came of it, in one line of JSON each.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mqtt_agent::prelude::{Deserialize, Serialize};
use mqtt_agent::{serde, serde_json};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::{bare, floor, ours};

/// The argument before a role.
pub(crate) const MARK: &str = "--role";
/// Partial results of one call, and the bytes of a message that is large.
pub(crate) const PARTIALS: usize = 100;
pub(crate) const LARGE: usize = 1_000_000;

/// Handlers that began and do not end.
pub(crate) static HELD: AtomicU64 = AtomicU64::new(0);
/// Reads the allocator's count, where it counts.
pub(crate) static ALLOCATIONS: OnceLock<fn() -> u64> = OnceLock::new();

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "serde", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Calls that give the text back.
    Calls,
    /// Calls with [`PARTIALS`] partial results.
    Partials,
    /// Large messages beside small calls.
    Big,
    /// Calls that are not answered.
    Hold,
    /// No work: tell the counts.
    Count,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(crate = "serde")]
pub(crate) struct Order {
    pub(crate) work: Work,
    pub(crate) callers: usize,
    pub(crate) bytes: usize,
    pub(crate) warm_up_ms: u64,
    pub(crate) ms: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(crate = "serde", default)]
pub(crate) struct Outcome {
    /// Calls that ended within the measured time.
    pub(crate) calls: u64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// The median time of a large message.
    pub(crate) large_us: f64,
    pub(crate) failed: u64,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "serde", rename_all = "snake_case")]
pub(crate) enum Line {
    Ready,
    /// The warm-up is over.
    Begin(Counts),
    /// The measured time is over.
    End(Counts),
    Done(Outcome),
    Counts(Counts),
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(crate = "serde", default)]
pub(crate) struct Counts {
    pub(crate) held: u64,
    pub(crate) allocations: u64,
}

impl Counts {
    pub(crate) fn now() -> Self {
        let allocations = ALLOCATIONS.get().map_or(0, |count| count());
        Self { held: HELD.load(Ordering::Relaxed), allocations }
    }
}

pub(crate) fn say(line: &Line) {
    println!("{}", serde_json::to_string(line).expect("JSON"));
}

/// Ends this process, and says why.
pub(crate) fn fail(message: &str) -> ! {
    eprintln!("{}: {message}", std::env::args().skip(1).collect::<Vec<_>>().join(" "));
    std::process::exit(1)
}

/// Plays `role` until the driver closes its end.
pub(crate) fn play(role: &str, address: SocketAddr) {
    let (sender, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str::<Order>(&line) {
                Ok(order) if order.work == Work::Count => say(&Line::Counts(Counts::now())),
                Ok(order) => drop(sender.send(order)),
                Err(error) => fail(&error.to_string()),
            }
        }
        std::process::exit(0);
    });
    match role {
        "floor-server" => one_thread().block_on(floor::serve(address)),
        "floor-client" => one_thread().block_on(floor::call(address, orders)),
        "bare-server" => threads().block_on(bare::serve(address, "threads")),
        "bare-client" => threads().block_on(bare::call(address, "threads", orders)),
        "bare-one-server" => one_thread().block_on(bare::serve(address, "one")),
        "bare-one-client" => one_thread().block_on(bare::call(address, "one", orders)),
        "ours-server" => threads().block_on(ours::serve(address, "threads")),
        "ours-client" => threads().block_on(ours::call(address, "threads", orders)),
        "ours-one-server" => one_thread().block_on(ours::serve(address, "one")),
        "ours-one-client" => one_thread().block_on(ours::call(address, "one", orders)),
        other => fail(&format!("`{other}` is no role")),
    }
}

fn threads() -> Runtime {
    Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
