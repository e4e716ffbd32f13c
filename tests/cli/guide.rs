//! The guide's page `bridge`: each of its configurations is taken out of the page, its command started, and its tools listed.

use std::process::Stdio;

use mqtt_agent::prelude::*;
use serde_json::Value;
use support::TestBroker;

use crate::host::{Asks, Era, Host};

const PAGE: &str = include_str!("../../mqtt-agent/docs/bridge.md");

/// The headings that have a configuration, and the server in it.
fn configurations() -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    for section in PAGE.split("\n# ").skip(1) {
        let heading = section.lines().next().unwrap();
        let Some((_, rest)) = section.split_once("```json\n") else { continue };
        let json: Value = serde_json::from_str(rest.split("```").next().unwrap()).expect(heading);
        let servers = json.as_object().unwrap().values().next().unwrap();
        found.push((heading, servers["mqtt"].clone()));
    }
    found
}

#[test]
fn the_page_configures_the_usual_hosts() {
    let headings: Vec<_> = configurations().into_iter().map(|(heading, _)| heading).collect();
    assert_eq!(headings, ["Claude Code", "VS Code", "Cursor", "Zed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_configuration_on_the_page_lists_the_tools() {
    /// Says hello.
    #[tool]
    fn hello() -> String {
        "hello".to_owned()
    }
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("greeter").tools(mqtt_agent::tools![hello]).start(broker.url()).await.unwrap();
    for (heading, server) in configurations() {
        assert_eq!(server["command"], "mqtt-agent", "{heading}");
        // Where this test's broker is, and nothing of this user's cache.
        let url = broker.url();
        let words = server["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        let words: Vec<&str> =
            words.map(|word| if word == "mqtt://127.0.0.1:1883" { &url } else { word }).collect();
        assert!(words.contains(&url.as_str()), "{heading}: {words:?}");
        let mut command = crate::command::command(&words);
        let folder = tempfile::tempdir().unwrap();
        command.env("XDG_CACHE_HOME", folder.path()).stdin(Stdio::piped());
        let mut host = Host::spawn(Era::Legacy, command).await;
        assert_eq!(host.names().await, ["hello"], "{heading}");
        host.end().await;
    }
    agent.stop().await;
}
