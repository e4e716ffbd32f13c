//! What an agent costs before it connects: `Agent::build()` with 1,000 tools.
//!
//! ```text
//! cargo bench -p mqtt-agent --bench start_up
//! ```
//!
//! Besides the median it prints what the first one in a process takes, which is what a program meets. The figures are
//! CPU time of the one thread that builds, where Linux tells it, so that other work on the machine matters little.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use mqtt_agent::Agent;

mod tools;

const TOOLS: usize = 1000;
const ROUNDS: usize = 51;

/// The CPU time of this thread; the time of day where the system does not tell.
fn now(began: Instant) -> Duration {
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = scheduled.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| began.elapsed(), Duration::from_nanos)
}

fn main() {
    let tools = tools::tools(TOOLS);
    let began = Instant::now();
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let agent = Agent::new("bench").tools(tools.iter().copied());
            let before = now(began);
            let built = agent.build().expect("good tools");
            let took = now(began).saturating_sub(before);
            assert_eq!(built.tool_cards().len(), TOOLS);
            took.as_secs_f64() * 1e3
        })
        .collect();
    println!("Agent::build() with {TOOLS} tools, CPU time");
    println!("first in the process {:7.1} ms", times[0]);
    times.sort_by(f64::total_cmp);
    println!("median of {ROUNDS}         {:7.1} ms", times[ROUNDS / 2]);
}
