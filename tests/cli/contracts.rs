//! `contract`: a file of what is served, and what changed since.

use mqtt_agent::DynamicTool;
use mqtt_agent::prelude::*;
use serde_json::Value;
use support::on_each_broker;

use crate::command::run;
use crate::served::{desk, station};

on_each_broker! {
    async fn what_is_served_is_written_and_compared(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("served.json");
        let file = file.to_str().unwrap();
        let written = run(broker, &["contract", "write", file, "--json"]).await.values().remove(0);
        assert_eq!((&written["tools"], &written["skills"]), (&json!(6), &json!(1)));
        let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(document["tools"]["weather"]["description"], "Weather of one day.");
        assert_eq!(document["skills"]["greet"]["description"], "Asks for a name.");
        for line in [&["contract", "check", file][..], &["contract", "check", file, "--exact"]] {
            assert_eq!(run(broker, line).await.done(), "");
        }

        agent.stop().await;
        let other = DynamicTool::new("weather", "Weather of one day, in other words.", json!({"type": "object"}), |_, _| async {
            Ok::<_, String>(7)
        });
        let agent = Agent::new("station").tools(mqtt_agent::tools![]).tool(other.unwrap()).start(broker.url()).await.unwrap();
        let ended = run(broker, &["contract", "check", file, "--json"]).await;
        let values = ended.values();
        let at = |pointer: &str| values.iter().find(|value| value["pointer"] == pointer);
        let described = at("/tools/weather/description").unwrap();
        assert_eq!(described["old"], "Weather of one day.");
        assert_eq!(described["new"], "Weather of one day, in other words.");
        assert!(at("/tools/echo").unwrap().get("new").is_none(), "{values:?}");
        assert!(ended.error(1)["message"].as_str().unwrap().contains("differences"));
        let text = run(broker, &["contract", "check", file]).await;
        assert!(text.stdout.contains("- /tools/echo: {"), "{text:?}");
        desk.stop().await;
        agent.stop().await;
    }

    async fn chosen_tools_are_written_to_stdout(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let written = run(broker, &["contract", "write", "--tool", "echo", "--json"]).await.values().remove(0);
        assert_eq!(written["tools"].as_object().unwrap().keys().collect::<Vec<_>>(), ["echo"]);
        agent.stop().await;
    }

    async fn a_tool_that_is_not_served_is_not_left_out_in_silence(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("served.json");
        let line = ["contract", "write", file.to_str().unwrap(), "--tool", "echo", "--tool", "wether", "--json"];
        let error = run(broker, &line).await.error(3);
        assert_eq!(error["message"], "no tool is called `wether`; did you mean `weather`?");
        assert!(!file.exists());
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_or_no_json_is_a_usage_error() {
    let error = crate::command::run_alone(&["contract", "check", "/nowhere.json", "--json"]).await.error(2);
    assert!(error["message"].as_str().unwrap().contains("`contract write` makes one"), "{error}");
}
