//! `tools`, `agents`, `servers` and `show`.

use serde_json::json;
use support::on_each_broker;

use crate::command::run;
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
