//! The Inspector's command line, which holds every schema against its own checks.

use serde_json::{Value, json};
use support::{SOON, TestBroker};

use crate::host::{Bridge, COMMAND, clean, folder};
use crate::served::Station;

/// Runs it on a bridge of its own, and gives what it says.
async fn inspect(url: &str, method: &[&str]) -> Value {
    inspect_at(&[COMMAND, "mcp", "--no-cache", "--url", url], method).await
}

/// Runs it on what it is to start, or a URL.
async fn inspect_at(target: &[&str], method: &[&str]) -> Value {
    // It needs Node.js 22, which comes with the packages.
    let mut command = clean(&folder("node/node_modules/.bin/node"));
    command.arg(folder("node/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"));
    command.arg("--cli").args(target).args(method).kill_on_drop(true);
    let ended = tokio::time::timeout(3 * SOON, command.output()).await.expect("in time");
    let ended = ended.expect("the Inspector runs; install `tests/node` as the README says");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("no JSON: {said}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_finds_nothing_wrong_with_the_tools() {
    let broker = TestBroker::chosen().await;
    let station = Station::start(&broker.url()).await;
    let listed = inspect(&broker.url(), &["--method", "tools/list", "--strict"]).await;
    assert_eq!(listed["tools"].as_array().unwrap().len(), 5, "{listed}");
    station.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_calls_a_tool() {
    let broker = TestBroker::chosen().await;
    let station = Station::start(&broker.url()).await;
    let call = ["--method", "tools/call", "--tool-name", "locate", "--tool-args-json", r#"{"city": "Oslo"}"#];
    let called = inspect(&broker.url(), &call).await;
    assert_eq!(called["structuredContent"], json!({"city": "Oslo", "lat": 59.9}), "{called}");
    station.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_lists_and_calls_over_http() {
    let broker = TestBroker::chosen().await;
    let station = Station::start(&broker.url()).await;
    let bridge = Bridge::start(&broker.url()).await;
    let listed = inspect_at(&[&bridge.url], &["--method", "tools/list", "--strict"]).await;
    assert_eq!(listed["tools"].as_array().unwrap().len(), 5, "{listed}");
    let call = ["--method", "tools/call", "--tool-name", "locate", "--tool-args-json", r#"{"city": "Oslo"}"#];
    let called = inspect_at(&[&bridge.url], &call).await;
    assert_eq!(called["structuredContent"], json!({"city": "Oslo", "lat": 59.9}), "{called}");
    station.agent.stop().await;
}
