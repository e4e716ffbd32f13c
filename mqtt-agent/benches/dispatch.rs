//! Whether a call costs more when its agent has more tools: whole calls, one after another, to agents with 1, 100 and
//! 1,000 tools.
//!
//! ```text
//! cargo bench -p mqtt-agent --features broker --bench dispatch
//! ```
//!
//! Caller, agent and the embedded broker are in one process and on one thread, so the figure is all the CPU time of a
//! call: two messages through the broker, routing, validation, the handler and the answer.
//!
//! `one` calls the same tool all the time; it shows what finding it among the others costs. `each` calls all of them in
//! turn, in no order of names: what it takes longer is the processor's cache, and the answers that each tool remembers
//! for calls that come twice.
//!
//! `depth` sends a recursive enum that is nested so deep, `valid` and `invalid`: wrong at its innermost value. The figures
//! are in proportion to the depth. JSON is read to 128 levels; what is nested deeper is refused before it is checked.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;
use mqtt_agent::{Agent, Client};
use serde_json::{Value, json};

mod tools;

/// A step that meets each tool once in a round: it has no factor in common with the counts.
const STEP: usize = 617;

fn dispatch(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("dispatch");
    for count in [1, 100, 1000] {
        let names: Vec<_> = (0..count).map(|number| format!("search_{}", number * STEP % count)).collect();
        for (which, called) in [("one", &names[count / 2..=count / 2]), ("each", &names[..])] {
            // An agent of its own, which remembers no calls of the other.
            let (broker, agent, client) = runtime.block_on(async {
                let broker = Broker::start().await.expect("a broker");
                let agent = Agent::new("bench").tools(tools::tools(count));
                let agent = agent.start(&broker.url()).await.expect("an agent");
                let client = Client::connect(&broker.url()).await.expect("a client");
                (broker, agent, client)
            });
            let mut next = called.iter().cycle();
            group.bench_function(BenchmarkId::new(which, count), |bencher| {
                bencher.iter(|| {
                    let name = next.next().expect("at least one");
                    let arguments = json!({"query": "bees", "limit": 10, "labels": ["garden"]});
                    runtime.block_on(async { client.call(name, arguments).await }).expect("an answer")
                });
            });
            runtime.block_on(async {
                client.close().await;
                agent.stop().await;
                broker.stop().await;
            });
        }
    }
    group.finish();
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Expr {
    Num { value: i64 },
    Neg { of: Box<Expr> },
    Add { left: Box<Expr>, right: Box<Expr> },
}

/// Takes an expression.
#[tool]
fn take(expr: Expr) {
    let _ = expr;
}

fn nested(depth: u32, innermost: Value) -> Value {
    (0..depth).fold(innermost, |of, _| json!({"kind": "Neg", "of": of}))
}

fn depth(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("depth");
    let (broker, agent, client) = runtime.block_on(async {
        let broker = Broker::start().await.expect("a broker");
        let agent = Agent::new("bench").tools(tools![take]).start(&broker.url()).await.expect("an agent");
        let client = Client::connect(&broker.url()).await.expect("a client");
        (broker, agent, client)
    });
    for depth in [2, 10, 30, 60, 120, 1000] {
        for (which, innermost) in
            [("valid", json!({"kind": "Num", "value": 1})), ("invalid", json!({"kind": "Num", "value": "x"}))]
        {
            let arguments = json!({"expr": nested(depth, innermost)});
            let is_taken = which == "valid" && depth <= 120;
            group.bench_function(BenchmarkId::new(which, depth), |bencher| {
                bencher.iter(|| {
                    let answer = runtime.block_on(async { client.call("take", arguments.clone()).await });
                    assert_eq!(answer.is_ok(), is_taken, "{answer:?}");
                });
            });
        }
    }
    runtime.block_on(async {
        client.close().await;
        agent.stop().await;
        broker.stop().await;
    });
    group.finish();
}

criterion_group!(benches, dispatch, depth);
criterion_main!(benches);
