//! What is told to the facade `metrics`: by which names, with which labels.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mqtt_agent::a2a::{MemoryStore, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::{Limits, Task};
use serde_json::json;
use support::{RawPeer, eventually, json as body, on_each_broker, reply_to, soon};

use crate::tools::*;

/// Of all tests of this program: each looks at names of its own.
static MEASURED: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// Each of them runs alone, for it counts what the same test counts on another broker.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What was measured under a label, as Prometheus reads it; a histogram as how many values it has.
fn measured(label: &str) -> BTreeMap<String, f64> {
    let text = MEASURED.render();
    let lines = text.lines().filter_map(|line| line.split_once('{'));
    let lines = lines.filter_map(|(name, rest)| Some((name, rest.rsplit_once("} ")?)));
    let own = lines
        .filter(|(_, (labels, _))| labels.contains(&format!("=\"{label}\"")) && !labels.contains("quantile"));
    own.map(|(name, (labels, value))| {
        let others = labels.split(',').filter(|one| !one.ends_with(&format!("\"{label}\"")));
        let name = name.strip_suffix("_count").unwrap_or(name);
        let named = others.fold(name.to_owned(), |name, one| format!("{name} {}", one.replace('"', "")));
        (named, value.parse().unwrap())
    })
    // The sum of a histogram's values depends on the machine.
    .filter(|(name, _)| !name.contains("_sum"))
    .collect()
}

/// Divides.
#[tool(concurrency = 1, timeout = "200ms")]
async fn measured_divide(a: u32, b: u32) -> Result<u32, String> {
    if b == 1000 {
        std::future::pending::<()>().await;
    }
    a.checked_div(b).ok_or_else(|| "nobody divides by nothing".to_owned())
}

/// Waits until it is let go.
#[tool(concurrency = 1)]
async fn measured_hold(State(watch): State<Watch>, cx: &Context) {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
}

/// Says the same.
#[skill]
async fn measured_echo(task: Task) -> String {
    task.text()
}

on_each_broker! {
    async fn calls_are_counted_and_timed_by_tool_and_outcome_and_no_caller_is_a_label(broker) {
        let _alone = ALONE.lock().await;
        LazyLock::force(&MEASURED);
        let agent = Agent::new("measured-one").tools(tools![measured_divide, add]).start(&broker.url()).await.unwrap();
        let client = agent.client();
        let before = measured("measured_divide");
        for (b, times) in [(2, 3), (0, 2), (1000, 1)] {
            for _ in 0..times {
                let _ = client.call("measured_divide", json!({"a": 4, "b": b})).await;
            }
        }
        client.call("measured_divide", json!({"a": "x"})).await.unwrap_err();
        // MCP-16: comes twice, and is answered from memory.
        let mut peer = RawPeer::connect(&broker.url(), "stranger").await;
        let responses = "a2a/v1/mcp/clients/stranger/responses";
        peer.subscribe(responses).await;
        for _ in 0..2 {
            let call = json!({"call_id": "c1", "client": "stranger", "arguments": {"a": 4, "b": 2}});
            peer.publish("a2a/v1/mcp/tools/measured_divide/call", call.to_string(), reply_to(responses, b"c1")).await;
            assert_eq!(body(&peer.next(responses).await)["status"], "ok");
        }
        let now = measured("measured_divide");
        // The same test may have run on another broker.
        let more = |name: &str| now.get(name).copied().unwrap_or_default() - before.get(name).copied().unwrap_or_default();
        for (outcome, count) in [("ok", 4.0), ("failed", 2.0), ("timed_out", 1.0), ("refused", 1.0)] {
            assert_eq!(more(&format!("mqtt_agent_calls_total outcome={outcome}")), count, "{outcome}: {now:?}");
        }
        for (name, count) in [
            ("mqtt_agent_call_duration_seconds outcome=ok", 4.0),
            ("mqtt_agent_call_duration_seconds outcome=failed", 2.0),
            ("mqtt_agent_call_queue_seconds", 7.0),
        ] {
            assert_eq!(more(name), count, "{name}: {now:?}");
        }
        assert_eq!(more("mqtt_agent_calls_answered_again_total"), 1.0);
        assert_eq!(now["mqtt_agent_calls_in_hand"], 0.0);
        assert!(measured("stranger").is_empty(), "a caller is no label");
        agent.stop().await;
    }

    async fn calls_in_hand_and_those_that_are_shed_are_told(broker) {
        let _alone = ALONE.lock().await;
        LazyLock::force(&MEASURED);
        let watch = Watch::default();
        let agent = Agent::new("measured-two").tools(tools![measured_hold]).state(watch.clone());
        let agent = agent.limits(Limits::default().with_queue(0)).start(&broker.url()).await.unwrap();
        let shed = || measured("measured_hold").get("mqtt_agent_calls_shed_total").copied().unwrap_or_default();
        let before = shed();
        let held = tokio::spawn(agent.client().call("measured_hold", ()).into_future());
        watch.until_began(1).await;
        assert_eq!(measured("measured_hold")["mqtt_agent_calls_in_hand"], 1.0);
        assert_eq!(agent.client().call("measured_hold", ()).await.unwrap_err().code(), Some("busy"));
        assert_eq!(shed() - before, 1.0);
        watch.0.go_on.notify_one();
        soon(held).await.unwrap().unwrap();
        assert_eq!(measured("measured_hold")["mqtt_agent_calls_in_hand"], 0.0);
        agent.stop().await;
    }

    async fn tasks_the_store_and_the_connection_are_measured(broker) {
        let _alone = ALONE.lock().await;
        LazyLock::force(&MEASURED);
        let agent = Agent::new("measured-three").skills(skills![measured_echo]).store(MemoryStore::new());
        let agent = agent.start(&broker.url()).await.unwrap();
        let attempts = || measured("measured_echo").get("mqtt_agent_task_attempts_total outcome=ok").copied().unwrap_or_default();
        let before = attempts();
        let task = NewTask::skill("measured_echo").text("hello");
        assert_eq!(soon(agent.client().request("measured-three", task).into_future()).await.unwrap(), "hello");
        assert_eq!(attempts() - before, 1.0);
        assert!(measured("insert")["mqtt_agent_store_seconds outcome=ok"] >= 1.0);
        let connected = || measured("measured-three").get("mqtt_agent_connected").copied();
        eventually("it is connected", || async { (connected() == Some(1.0)).then_some(()) }).await;
        assert!(measured("measured-three")["mqtt_agent_connections_total"] >= 1.0);
        agent.stop().await;
        tokio::time::timeout(Duration::from_secs(5), eventually("it is gone", || async { (connected() == Some(0.0)).then_some(()) })).await.unwrap();
    }
}

#[test]
fn the_dashboard_and_the_alerts_use_the_names_of_the_guide() {
    let guide = include_str!("../../mqtt-agent/docs/observability.md");
    let files = [
        include_str!("../../examples/grafana/dashboard.json"),
        include_str!("../../examples/grafana/alerts.yaml"),
    ];
    serde_json::from_str::<serde_json::Value>(files[0]).unwrap();
    for file in files {
        let words = file.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names: Vec<_> = words.filter(|word| word.starts_with("mqtt_agent_")).collect();
        assert!(names.len() > 5, "{names:?}");
        for name in names {
            let base =
                ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(guide.contains(&format!("`{base}`")), "{name}");
        }
    }
}
