//! A large result goes beside small calls (`MCP-22`): how long they take meanwhile, and how much memory it needs.

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::{Content, Running};
use support::TestBroker;

/// The largest result that is promised.
const BYTES: usize = 100 << 20;

/// What both sides together may take beyond the result itself.
const BEYOND: u64 = 2 * (16 << 20);

const LONG: Duration = Duration::from_secs(300);

/// Gives so many bytes.
#[tool(timeout = "5m")]
async fn dump(bytes: usize) -> Content {
    Content::new().with_bytes(vec![7; bytes], "application/octet-stream")
}

/// Answers at once.
#[tool]
async fn at_once(number: u64) -> u64 {
    number
}

/// The most memory that this process had since the last time it was asked, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    kilobytes << 10
}

/// How long small calls take, one after the other, until something ends; sorted.
async fn meanwhile(client: &Client, until: impl Future<Output = ()>) -> Vec<Duration> {
    let mut took = Vec::new();
    let mut until = std::pin::pin!(until);
    loop {
        let began = Instant::now();
        let call = client.call("at_once", json!({"number": 7})).returning::<u64>().timeout(LONG);
        tokio::select! {
            biased;
            () = &mut until => break,
            answer = call.into_future() => assert_eq!(answer.unwrap(), 7),
        }
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took
}

fn p99(sorted: &[Duration]) -> Duration {
    sorted[sorted.len() * 99 / 100]
}

/// The agent, a client of its own connection, and the p99 of small calls with nothing beside them.
async fn quiet(broker: &TestBroker) -> (Running, Client, Duration) {
    let agent = Agent::new("dumper").tools(tools![dump, at_once]).start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    meanwhile(&client, tokio::time::sleep(Duration::from_millis(500))).await;
    let quiet = meanwhile(&client, tokio::time::sleep(Duration::from_secs(3))).await;
    (agent, client, p99(&quiet))
}

async fn measured(broker: &TestBroker) {
    let (agent, client, before) = quiet(broker).await;
    let folder = tempfile::tempdir().unwrap();
    let dump = || client.call("dump", json!({"bytes": BYTES})).timeout(LONG).max_result_bytes(BYTES as u64);
    for to_file in [true, false] {
        peak();
        let base = peak();
        let began = Instant::now();
        let mut took = Duration::ZERO;
        let mut most = 0;
        let large = async {
            if to_file {
                let saved = dump().save_to(folder.path().join("dump")).await.unwrap();
                assert_eq!(saved.bytes, BYTES as u64);
            } else {
                let content = dump().content().await.unwrap();
                assert_eq!(content.blocks()[0].as_bytes().unwrap().len(), BYTES);
            }
            took = began.elapsed();
            most = peak();
        };
        let small = meanwhile(&client, large).await;
        let results = BYTES as u64 * if to_file { 1 } else { 2 };
        let beyond = most.saturating_sub(base).saturating_sub(results);
        println!(
            "to a {}: {took:?}; {} small calls meanwhile, p99 {:?} (alone {before:?}), p50 {:?}, longest {:?}; {} MB beyond the results",
            if to_file { "file" } else { "buffer" },
            small.len(),
            p99(&small),
            small[small.len() / 2],
            small.last().unwrap(),
            beyond >> 20,
        );
        assert!(beyond < BEYOND, "{beyond}");
        assert!(p99(&small) < 5 * before, "{:?}, and {before:?} alone", p99(&small));
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures; run it in release with nothing beside it"]
async fn mcp_22_small_calls_beside_100_mb_on_mosquitto() {
    measured(&TestBroker::stock().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures; run it in release with nothing beside it"]
async fn mcp_22_small_calls_beside_100_mb_on_the_embedded_broker() {
    measured(&TestBroker::embedded().await).await;
}
