//! Everything that a host does, over stdin and stdout or HTTP.

use serde_json::json;
use support::{TestBroker, soon};

use crate::host::{Bridge, Host, Make};
use crate::served::{Station, late_comer};

/// How a host comes to the bridge.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over {
    Stdio,
    Http,
}

async fn all(make: Make, over: Over) {
    let broker = TestBroker::chosen().await;
    let mut station = Station::start(&broker.url()).await;
    let (mut host, _bridge) = match over {
        Over::Stdio => (Host::stdio(make, &broker.url()).await, None),
        Over::Http => {
            let bridge = Bridge::start(&broker.url()).await;
            (Host::http(make, &bridge.url).await, Some(bridge))
        }
    };

    lists(&mut host, make).await;
    calls(&mut host, make).await;
    fails(&mut host).await;
    progresses(&mut host, &station).await;
    cancels(&mut host, &mut station).await;
    hears_of_changes(&mut host, &broker.url()).await;

    host.end().await;
    station.agent.stop().await;
}

async fn lists(host: &mut Host, make: Make) {
    let tools = host.tools().await;
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["broken", "clock_now", "count", "hold", "locate"]);
    let output = |index: usize| &tools[index]["outputSchema"]["type"];
    let number = if make.is_modern() { "integer" } else { "object" };
    assert_eq!((output(1), output(4)), (&json!(number), &json!("object")));
    assert_eq!(tools[4]["title"], "Find a place");
    assert_eq!(tools[4]["annotations"]["readOnlyHint"], true);
}

async fn calls(host: &mut Host, make: Make) {
    let place = host.call("locate", json!({"city": "Oslo"})).await;
    assert_eq!(place["result"]["structuredContent"], json!({"city": "Oslo", "lat": 59.9}), "{place}");
    let time = host.call("clock_now", json!({})).await;
    let expected = if make.is_modern() { json!(12) } else { json!({"result": 12}) };
    assert_eq!(time["result"]["structuredContent"], expected, "{time}");
    assert_eq!(time["result"]["content"][0]["text"], "12");
}

async fn fails(host: &mut Host) {
    let broken = host.call("broken", json!({})).await;
    let result = &broken["result"];
    assert_eq!(result["isError"], true, "{broken}");
    assert_eq!(result["content"][0]["text"], "tool_error station: the station `north` is broken");
    assert_eq!(result["_meta"]["mqtt-agent/error"]["data"], json!({"station": "north"}));
    let refused = host.call("locate", json!({"city": 7})).await;
    assert_eq!(refused["result"]["_meta"]["mqtt-agent/error"]["type"], "invalid_arguments", "{refused}");
    let unknown = host.call("nothing", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

async fn progresses(host: &mut Host, station: &Station) {
    host.send(json!({"call": "count", "arguments": {"n": 3}})).await;
    for step in 1..=3 {
        let told = host.next().await;
        assert_eq!(told["step"]["progress"].as_f64(), Some(f64::from(step)), "{told}");
        assert_eq!(told["step"]["message"], format!("step {step}"));
        station.go();
    }
    let counted = host.next().await;
    assert_eq!(counted["result"]["content"][0]["text"], "[1,2,3]", "{counted}");
}

async fn cancels(host: &mut Host, station: &mut Station) {
    host.ask(json!({"begin": "hold", "arguments": {}})).await;
    assert_eq!(soon(station.heard.recv()).await, Some("began"));
    host.ask(json!({"cancel": true})).await;
    assert_eq!(soon(station.heard.recv()).await, Some("dropped"));
}

async fn hears_of_changes(host: &mut Host, url: &str) {
    let late = late_comer(url).await;
    while !host.names().await.contains(&"late".to_owned()) {
        host.ask(json!({"changed": true})).await;
    }
    assert_eq!(host.call("late", json!({})).await["result"]["content"][0]["text"], "true");
    late.stop().await;
}

macro_rules! hosts {
    ($module:ident, $over:ident) => {
        mod $module {
            use super::{Make, Over};

            hosts! {
                $over;
                typescript_1: Make::Sdk1,
                typescript_2_by_default: Make::Sdk2("default"),
                typescript_2_auto: Make::Sdk2("auto"),
                typescript_2_pinned: Make::Sdk2("pinned"),
                python_legacy: Make::Python("legacy"),
                python_auto: Make::Python("auto"),
                python_pinned: Make::Python("2026-07-28"),
                fastmcp: Make::FastMcp,
            }
        }
    };
    ($over:ident; $($name:ident: $make:expr,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            super::all($make, Over::$over).await;
        }
    )*};
}

hosts!(stdio, Stdio);
hosts!(http, Http);
