//! MCP's own conformance suite, the npm package `@modelcontextprotocol/conformance`, against the bridge over HTTP. What it
//! calls is `mcp_conformance`; so are the lists of the checks that the bridge cannot pass, with the reasons.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use support::{TestBroker, free_address, soon};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::host::{Bridge, Host, Make, clean, folder};

/// How long the suite may take. It needs some ten seconds.
const LONGEST: Duration = Duration::from_secs(180);

/// Serves the fixtures in a process of their own.
async fn fixtures(broker: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-conformance-fixtures"));
    let mut child = command.arg(broker).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(soon(lines.next_line()).await.unwrap().as_deref(), Some("ready"));
    child
}

/// A bridge that its own origin may call, as the suite demands.
async fn bridge(broker: &str, more: &[&str]) -> Bridge {
    for _ in 0..10 {
        // The origin has the port, so it has to be known before the start. Another process may take it until then.
        let address = free_address().to_string();
        let origin = format!("http://{address}");
        let arguments = [&["--agents", "--origin", &origin], more].concat();
        if let Some(bridge) = Bridge::at(&address, broker, &arguments).await {
            return bridge;
        }
    }
    panic!("ten ports were taken by others");
}

/// Waits until hosts see the fixtures.
async fn until_listed(bridge: &Bridge) {
    let mut host = Host::http(Make::Sdk1, &bridge.url).await;
    let all = ["test_simple_text", "json_schema_2020_12_tool", "test_elicitation", "multi_input"];
    loop {
        let names = host.names().await;
        if all.iter().all(|name| names.iter().any(|listed| listed == name)) {
            break;
        }
        host.ask(json!({"changed": true})).await;
    }
    host.end().await;
}

/// The entries of a list, as the suite writes them.
fn expected(list: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(list).unwrap();
    let entry = |line: &str| Some(line.trim().strip_prefix("- ")?.split(" #").next()?.trim().to_owned());
    text.lines().filter_map(entry).collect()
}

/// What the suite says of the bridge, and the checks that failed as expected. Red where one begins to fail, and where one
/// begins to pass.
async fn run(bridge: &Bridge, arguments: &[&str], list: &Path) -> (String, BTreeSet<String>) {
    // It needs Node.js 22, which comes with the packages.
    let mut suite = clean(&folder("node/node_modules/.bin/node"));
    suite.arg(folder("node/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    suite.args(["server", "--url", &bridge.url]).args(arguments);
    suite.arg("--expected-failures").arg(list).stderr(Stdio::inherit()).kill_on_drop(true);
    let ended = tokio::time::timeout(LONGEST, suite.output()).await.expect("in time");
    let ended = ended.expect("the suite runs; install `tests/node` as the README says");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}");
    let failed = said.lines().filter_map(|line| line.strip_prefix("  ~ ")).map(str::to_owned).collect();
    (said, failed)
}

async fn conforms(revision: &str) {
    let list = folder(&format!("mcp_conformance/expected-{revision}.yml"));
    let broker = TestBroker::embedded().await;
    let _fixtures = fixtures(&broker.url()).await;
    let bridge = bridge(&broker.url(), &[]).await;
    until_listed(&bridge).await;
    let (said, failed) = run(&bridge, &["--suite", "all", "--spec-version", revision], &list).await;
    // The suite lets an entry stand whose check was skipped or is gone.
    assert_eq!(failed, expected(&list), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_conforms_to_2025_11_25() {
    conforms("2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_conforms_to_2026_07_28() {
    conforms("2026-07-28").await;
}

/// The scenarios of the extension for tasks; `tasks-status-notifications` checks nothing yet.
const TASKS: [&str; 9] = [
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_conforms_to_the_extension_for_tasks() {
    let list = folder("mcp_conformance/expected-tasks.yml");
    let broker = TestBroker::embedded().await;
    let _fixtures = fixtures(&broker.url()).await;
    let bridge = bridge(&broker.url(), &["--task-after", "500ms"]).await;
    until_listed(&bridge).await;
    let mut all = BTreeSet::new();
    for scenario in TASKS {
        let (said, failed) = run(&bridge, &["--scenario", scenario], &list).await;
        println!("{said}");
        all.extend(failed);
    }
    assert_eq!(all, expected(&list));
}
