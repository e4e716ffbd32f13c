//! What a server counts and tells of itself.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits};
use serde_json::json;
use support::{RawPeer, json as body, on_each_broker, reply_to};

use crate::tools::*;

/// Waits until it is let go on.
#[tool]
async fn held(cx: &Context, State(watch): State<Watch>) {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
}

on_each_broker! {
    async fn mcp_20_a_server_tells_what_it_counted_of_each_tool(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![add, fail, held]).state(watch.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        for _ in 0..3 {
            client.call("add", json!({"a": 1, "b": 2})).await.unwrap();
        }
        client.call("add", json!({"a": "x", "b": 2})).await.unwrap_err();
        client.call("fail", json!({})).await.unwrap_err();
        let held = tokio::spawn(client.call("held", ()).into_future());
        watch.until_began(1).await;

        let stats = client.server("calc").stats().await.unwrap();
        assert_eq!(stats.server.server, "calc");
        assert_eq!(stats.server.instance, None);
        let add = &stats.tools["add"];
        assert_eq!((add.calls, add.in_hand), (4, 0));
        assert_eq!(add.errors, [("invalid_arguments".to_owned(), 1)].into());
        assert!(add.handling_ms.p50 > 0.0 && add.handling_ms.p99 >= add.handling_ms.p50, "{add:?}");
        assert!(add.queue_ms.p99 > 0.0, "{add:?}");
        assert_eq!(stats.tools["fail"].errors, [("tool_error".to_owned(), 1)].into());
        assert_eq!((stats.tools["held"].calls, stats.tools["held"].in_hand), (0, 1));

        watch.0.go_on.notify_one();
        held.await.unwrap().unwrap();
        let stats = client.server("calc").stats().await.unwrap();
        assert_eq!((stats.tools["held"].calls, stats.tools["held"].in_hand), (1, 0));
        agent.stop().await;
    }

    async fn mcp_20_every_agent_answers_a_ping_until_it_stops(broker) {
        let agent = Agent::new("calc").instance("7").tools(tools![add]).start(&broker.url()).await.unwrap();
        let bare = Agent::new("bare").tools(tools![]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let ping = client.server("calc-7").ping().await.unwrap();
        assert_eq!((ping.server.as_str(), ping.instance.as_deref()), ("calc-7", Some("7")));
        assert!(ping.version_info.sdk.unwrap().starts_with("mqtt-agent/"));
        assert_eq!(client.server("bare").ping().await.unwrap().server, "bare");
        agent.stop().await;
        bare.stop().await;
        let error = client.server("bare").within(Duration::from_millis(200)).ping().await.unwrap_err();
        assert!(matches!(error, CallError::Unavailable { .. } | CallError::Timeout { .. }), "{error:?}");
    }

    async fn mcp_20_statistics_go_to_a_clients_own_topic_alone(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("elsewhere").await;
        peer.subscribe("a2a/v1/mcp/clients/+/responses").await;
        let stats = "a2a/v1/mcp/servers/calc/stats";
        peer.publish(stats, "{}".to_owned(), reply_to("elsewhere", b"1")).await;
        peer.publish(stats, String::new(), reply_to("a2a/v1/mcp/clients/peer/responses", b"\x00\xff")).await;
        let answer = peer.next("a2a/v1/mcp/clients/peer/responses").await;
        assert!(peer.next_within("elsewhere", Duration::ZERO).await.is_none(), "it would have come first");
        assert_eq!(answer.properties.clone().unwrap().correlation_data.as_deref(), Some(&b"\x00\xff"[..]));
        let answer = body(&answer);
        assert_eq!(answer["server"], "calc");
        assert!(answer["uptime_ms"].is_number());
        assert_eq!(answer["tools"]["add"]["calls"], 0);
        agent.stop().await;
    }

    async fn mcp_20_a_call_that_is_refused_for_want_of_room_counts_as_unavailable(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_concurrency(1).with_queue(0);
        let agent = Agent::new("calc").tools(tools![held]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let first = tokio::spawn(client.call("held", ()).into_future());
        watch.until_began(1).await;
        client.call("held", ()).await.unwrap_err();
        let stats = client.server("calc").stats().await.unwrap();
        assert_eq!(stats.tools["held"].errors, [("unavailable".to_owned(), 1)].into());
        watch.0.go_on.notify_one();
        first.await.unwrap().unwrap();
        agent.stop().await;
    }
}
