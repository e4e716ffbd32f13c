//! What large cards cost a client that lists them.

use std::process::Stdio;

use support::{RawPeer, TestBroker};
use tokio::process::Command;

/// A list of so many bytes about, which is many times as large as a tree or as a list of words.
fn list(item: &str) -> String {
    let items = vec![item; 980_000 / (item.len() + 1)];
    format!("[{}]", items.join(","))
}

/// What a process finds among these cards, and the most memory that it takes, in MB.
async fn listed(what: &str, cards: impl IntoIterator<Item = (String, String)>) -> (usize, u64) {
    let broker = TestBroker::embedded().await;
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    for card in cards {
        peer.retain_all([card]).await;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_listing-process"))
        .args([&broker.url(), what])
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (found, peak) = said.trim().split_once(' ').unwrap_or_else(|| panic!("{said:?}"));
    let (found, peak) = (found.parse().unwrap(), peak.parse().unwrap());
    println!("{what}: {found} found with {peak} MB");
    (found, peak)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute and a GB"]
async fn two_hundred_cards_of_1_mb_take_less_than_300_mb() {
    let tool = |number: u32, field: &str, value: &str| {
        let card = format!(
            r#"{{"version":"1","tool":"t{number}","server":"s","description":"d","status":"online","{field}":{value}}}"#
        );
        (format!("a2a/v1/mcp/tools/t{number}/card"), card)
    };
    let schema = format!(r#"{{"type":"object","x":{}}}"#, list("[]"));
    let (found, peak) = listed("tools", (0..200).map(|number| tool(number, "input_schema", &schema))).await;
    assert!(found > 100 && peak < 300, "{found} with {peak} MB");
    let words = list("\"\"");
    let (found, peak) = listed("tools", (0..200).map(|number| tool(number, "tags", &words))).await;
    assert!(found > 0 && peak < 300, "{found} with {peak} MB");
    let server = |number: u32| {
        let card = format!(r#"{{"version":"1","server":"s{number}","status":"online","tools":{words}}}"#);
        (format!("a2a/v1/mcp/servers/s{number}/card"), card)
    };
    let (found, peak) = listed("servers", (0..200).map(server)).await;
    assert!(found > 0 && peak < 300, "{found} with {peak} MB");
    let extensions = format!(r#"[{{"uri":"u","params":{{"x":{}}}}}]"#, list("[]"));
    let agent = |number: u32| {
        let card = format!(
            r#"{{"version":"1","agent_id":"a{number}","status":"online","extensions":{extensions}}}"#
        );
        (format!("a2a/v1/agents/a{number}/card"), card)
    };
    let (found, peak) = listed("watch", (0..200).map(agent)).await;
    assert!(found > 100 && peak < 300, "{found} with {peak} MB");
    let (found, peak) = listed("agents", (0..200).map(agent)).await;
    assert!(found > 0 && peak < 800, "{found} with {peak} MB");
}
