//! `tools`, `agents`, `servers`, `show`, and the completions.

use serde_json::json;
use support::on_each_broker;

use crate::command::{run, run_alone};
use crate::served::{desk, station};

on_each_broker! {
    async fn tools_are_listed_for_people_and_as_json(broker) {
        let (agent, _) = station(&broker.url()).await;
        let ended = run(broker, &["tools"]).await;
        let lines: Vec<&str> = ended.done().lines().collect();
        assert_eq!(lines.len(), 6, "{ended:?}");
        assert!(lines.contains(&"weather  Weather of one day."), "{ended:?}");

        let json = run(broker, &["tools", "--json"]).await.values().remove(0);
        assert_eq!(json["complete"], true);
        let names: Vec<&str> = json["tools"].as_array().unwrap().iter().map(|card| card["tool"].as_str().unwrap()).collect();
        assert_eq!(names, ["broken", "count", "echo", "hold", "secret", "weather"]);
        agent.stop().await;
    }

    async fn nothing_online_is_an_empty_list(broker) {
        let ended = run(broker, &["tools"]).await;
        assert_eq!((ended.done(), ended.stderr.as_str()), ("", "no tools are online\n"));
        for what in ["tools", "agents", "servers"] {
            let json = run(broker, &[what, "--json"]).await.values();
            assert_eq!(json, [json!({what: [], "complete": true})]);
        }
    }

    async fn agents_are_listed_with_their_skills_and_servers_with_their_tools(broker) {
        let (station, _) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let agents = run(broker, &["agents"]).await;
        assert!(agents.done().contains("[greet]"), "{agents:?}");
        let servers = run(broker, &["servers", "--json"]).await.values().remove(0);
        assert_eq!(servers["servers"][0]["server"], "station");
        assert!(servers["servers"][0]["tools"].as_array().unwrap().contains(&json!("weather")));
        desk.stop().await;
        station.stop().await;
    }

    async fn a_tool_is_shown_with_an_example_that_can_be_run(broker) {
        let (agent, _) = station(&broker.url()).await;
        let shown = run(broker, &["show", "weather", "--json"]).await.values().remove(0);
        assert_eq!(shown["tool"]["description"], "Weather of one day.");
        let example = shown["example"].as_str().unwrap();
        assert!(example.starts_with("mqtt-agent call weather "), "{example}");
        let words: Vec<&str> = example.split_whitespace().skip(1).collect();
        run(broker, &words).await.done();
        let text = run(broker, &["show", "weather"]).await;
        assert!(text.done().starts_with("tool weather, online, served by station"), "{text:?}");
        agent.stop().await;
    }
}

/// A list that the broker denies is not an empty one.
#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_whose_cards_the_broker_denies_is_an_error() {
    let broker = crate::why::rights::ruled(&[], true).await;
    let lines: [&[&str]; 6] = [
        &["tools"],
        &["agents"],
        &["servers"],
        &["call", "weather"],
        &["show", "weather"],
        &["ask", "desk", "x"],
    ];
    for line in lines {
        let ended = run(&broker, &[line, &["--json"]].concat()).await;
        let error = ended.error(4);
        assert_eq!(ended.values().len(), 1, "{ended:?}");
        assert!(error["message"].as_str().unwrap().contains("denied by the broker"), "{line:?}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_complete_from_the_broker_and_hostile_ones_are_left_out() {
    let broker = support::TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let desk = desk(&broker.url()).await;
    let mut peer = support::RawPeer::connect(&broker.url(), "peer").await;
    let folder = tempfile::tempdir().unwrap();
    let hostile = "we$(touch hostile)";
    let card =
        json!({"version": "1", "tool": hostile, "server": "peer", "status": "online", "description": "x"});
    peer.retain(&format!("a2a/v1/mcp/tools/{hostile}/card"), card.to_string()).await;
    let command = crate::command::command(&[]);
    std::os::unix::fs::symlink(command.as_std().get_program(), folder.path().join("mqtt-agent")).unwrap();
    let complete = async |line: &str, word: usize| {
        let script = format!(
            "source <(mqtt-agent completions bash); COMP_WORDS=({line}); COMP_CWORD={word}; _mqtt_agent_names mqtt-agent \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let mut shell = tokio::process::Command::new("bash");
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        shell
            .args(["-c", &script])
            .env("PATH", path)
            .env("MQTT_AGENT_URL", broker.url())
            .current_dir(folder.path());
        let output = support::soon(shell.output()).await.unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("mqtt-agent call we", 2).await, "weather");
    assert_eq!(complete("mqtt-agent ask d", 2).await, "desk");
    assert_eq!(complete("mqtt-agent ping st", 2).await, "station");
    assert_eq!(complete("mqtt-agent tasks list d", 3).await, "desk");
    assert_eq!(complete("mqtt-agent tool", 1).await, "tools");
    assert!(!folder.path().join("hostile").exists());
    desk.stop().await;
    agent.stop().await;
}

#[tokio::test]
async fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let text = run_alone(&["completions", shell]).await;
        for command in ["dev", "tools", "agents", "servers", "show", "call", "ask", "watch", "publish", "why"]
        {
            assert!(text.done().contains(command), "{shell}: {command}");
        }
    }
}
