//! Many calls at once on one connection.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::on_each_broker;

use crate::tools::*;

on_each_broker! {
    async fn a_hundred_callers_make_ten_thousand_calls_without_loss_or_mix_up(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let before = resident_kib();
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..100_u32 {
            let client = client.clone();
            callers.spawn(async move {
                for i in 0..100_u32 {
                    let (a, b) = (f64::from(caller) * 1000.0, f64::from(i));
                    let sum: Sum = client.call("add", json!({"a": a, "b": b})).returning().await.unwrap();
                    assert_eq!(sum.sum, a + b);
                }
            });
        }
        while let Some(caller) = callers.join_next().await {
            caller.unwrap();
        }
        if let (Some(before), Some(after)) = (before, resident_kib()) {
            let grown = after.saturating_sub(before);
            assert!(grown < 200 * 1024, "bounded memory: grown by {grown} KiB");
        }
        agent.stop().await;
    }
}

/// The memory of this process, where the system tells.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
