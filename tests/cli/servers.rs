//! `stats` and `ping`: servers are asked themselves.

use serde_json::json;
use support::{RawPeer, on_each_broker};

use crate::command::run;
use crate::served::station;

on_each_broker! {
    async fn mcp_20_a_servers_calls_and_errors_are_counted_by_tool(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        run(broker, &["call", "weather", "--city", "Oslo"]).await.done();
        assert_eq!(run(broker, &["call", "broken"]).await.code, Some(1));
        let ended = run(broker, &["stats", "--json"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let stats = &ended.values()[0];
        assert_eq!(stats["server"], "station");
        assert_eq!(stats["tools"]["weather"]["calls"], 1, "{stats}");
        assert_eq!(stats["tools"]["broken"]["errors"], json!({"tool_error": 1}), "{stats}");
        assert!(stats["tools"]["weather"]["handling_ms"]["p95"].is_number());
        let text = run(broker, &["stats", "station"]).await;
        assert!(text.done().contains("weather: 1 calls, no errors, 0 in hand"), "{text:?}");
        agent.stop().await;
    }

    async fn mcp_20_a_ping_is_answered_by_the_process_and_timed(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        for line in [&["ping", "--json"][..], &["ping", "station", "--json"]] {
            let ended = run(broker, line).await;
            assert_eq!(ended.code, Some(0), "{ended:?}");
            let ping = &ended.values()[0];
            assert_eq!(ping["server"], "station");
            assert!(ping["ms"].as_f64().unwrap() > 0.0, "{ping}");
            assert!(ping["version_info"]["sdk"].as_str().unwrap().starts_with("mqtt-agent"), "{ping}");
        }
        agent.stop().await;
    }

    async fn a_server_that_does_not_answer_is_told_beside_those_that_do(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let mut other = RawPeer::connect(&broker.url(), "other").await;
        let card = json!({"version": "1", "server": "other", "tools": ["x"], "status": "online"});
        other.retain("a2a/v1/mcp/servers/other/card", card.to_string()).await;
        let ended = run(broker, &["ping", "--timeout", "500ms", "--json"]).await;
        let values = ended.values();
        assert!(values.iter().any(|value| value["server"] == "station" && value["ms"].is_number()), "{values:?}");
        assert!(values.iter().any(|value| value["server"] == "other" && value["error"].is_object()), "{values:?}");
        assert_eq!(ended.error(1)["type"], "failed");
        agent.stop().await;
    }

    async fn a_server_that_is_not_there_has_an_exit_code_of_its_own(broker) {
        let ended = run(broker, &["ping", "nobody", "--timeout", "500ms", "--json"]).await;
        // Not every broker says that nobody listens.
        let code = ended.code.unwrap();
        assert!([3, 5].contains(&code), "{ended:?}");
        assert_eq!(run(broker, &["stats", "--json"]).await.values().len(), 0, "nobody is online");
    }
}
