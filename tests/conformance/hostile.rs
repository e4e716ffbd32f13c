//! Whatever any peer sends: a clear error or a logged drop, and everybody else is served on.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::{RawPeer, correlated, json, on_each_broker, reply_to};

use crate::tools::*;

/// Answers when it is let go.
#[request("slow/held")]
async fn held(State(watch): State<Watch>, cx: &Context) -> Result<(), String> {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
    Ok(())
}

/// Answers with what it is given.
#[request("slow/quick")]
async fn quick(number: u32) -> Result<u32, String> {
    Ok(number)
}

/// The same, to wherever its user allows.
#[request("more/quick", reply = "answers/+")]
async fn opened(number: u32) -> Result<u32, String> {
    Ok(number)
}

on_each_broker! {
    async fn mcp_9_sub_4_malformed_calls_are_refused_where_there_is_an_address(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        let malformed: &[&[u8]] = &[
            b"", b"{", b"null", b"[]", b"7", b"\xff\xfe", b"{}",
            br#"{"call_id": 7}"#, br#"{"call_id": ""}"#, br#"{"call_id": "a/b"}"#, br##"{"call_id": "#"}"##,
            br#"{"call_id": "x", "arguments": []}"#, br#"{"call_id": "x", "arguments": "y"}"#, br#"{"call_id": "x", "client": 7}"#,
        ];
        for (index, payload) in malformed.iter().enumerate() {
            let id = format!("bad-{index}");
            peer.publish("a2a/v1/mcp/tools/add/call", *payload, reply_to(responses, id.as_bytes())).await;
            let answer = peer.next(responses).await;
            assert_eq!(answer.properties.clone().unwrap().correlation_data.as_deref(), Some(id.as_bytes()), "{index}");
            let answer = json(&answer);
            assert_eq!(answer["error"]["type"], "invalid_arguments", "{index}: {answer}");
        }
        // Without an address there is nothing to do but to go on.
        for payload in malformed {
            peer.publish("a2a/v1/mcp/tools/add/call", *payload, Default::default()).await;
        }
        let deep = format!(r#"{{"call_id":"deep","client":"peer","arguments":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
        peer.publish("a2a/v1/mcp/tools/add/call", deep, reply_to(responses, b"deep")).await;
        assert_eq!(json(&peer.next(responses).await)["status"], "error");
        peer.publish("a2a/v1/mcp/tools/add/call", r#"{"call_id":"good","arguments":{"a":1,"b":1}}"#, reply_to(responses, b"g")).await;
        assert_eq!(json(&peer.next(responses).await)["result"]["sum"], 2.0);
        agent.stop().await;
    }

    async fn mcp_5_a_server_answers_on_a_client_s_response_topic_only(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![counted_add]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("#").await;
        let unsafe_topics = [
            "home/door/unlock", "a2a/v1/mcp/tools/counted_add/call", "a2a/v1/mcp/clients/a/b/responses",
            "a2a/v1/mcp/clients//responses", "other/mcp/clients/peer/responses", "a2a/v1/mcp/servers/calc/card",
        ];
        for topic in unsafe_topics {
            let call = json!({"call_id": "evil", "client": "peer", "arguments": {"a": 1, "b": 2}, "response_topic": topic});
            peer.publish("a2a/v1/mcp/tools/counted_add/call", call.to_string(), reply_to(topic, b"evil")).await;
            peer.publish("a2a/v1/mcp/tools/counted_add/call", call.to_string(), Default::default()).await;
            peer.publish("a2a/v1/mcp/tools/counted_add/call", "{", reply_to(topic, b"evil")).await;
        }
        // Brokers end the connection of a client that publishes to these.
        for client in ["a\u{1}b", "\u{7f}", "\u{85}", "\u{fffe}", "\u{0}"] {
            let topic = format!("a2a/v1/mcp/clients/{client}/responses");
            let call = json!({"call_id": "evil", "client": client, "arguments": {"a": 1, "b": 2}});
            peer.publish("a2a/v1/mcp/tools/counted_add/call", call.to_string(), Default::default()).await;
            let call = json!({"call_id": "evil", "arguments": {"a": 1, "b": 2}, "response_topic": topic});
            peer.publish("a2a/v1/mcp/tools/counted_add/call", call.to_string(), Default::default()).await;
        }
        let call = r#"{"call_id":"good","client":"peer","arguments":{"a":1,"b":2}}"#;
        peer.publish("a2a/v1/mcp/tools/counted_add/call", call, Default::default()).await;
        loop {
            let message = peer.next("").await;
            let topic = std::str::from_utf8(&message.topic).unwrap();
            if topic.ends_with("/call") || topic.ends_with("/card") {
                let payload = String::from_utf8_lossy(&message.payload);
                assert!(!payload.contains("\"status\":\"error\"") && !payload.contains("elapsed_ms"), "an answer at {topic}: {payload}");
                continue;
            }
            assert_eq!(topic, "a2a/v1/mcp/clients/peer/responses");
            assert_eq!(json(&message)["call_id"], "good");
            break;
        }
        assert_eq!(watch.0.ids.lock().unwrap().as_slice(), ["good"]);
        assert!(format!("{:?}", *agent.connection().borrow()).contains("epoch: 1"), "one connection all the time");
        agent.stop().await;
    }

    async fn sub_11_retained_garbage_is_survived(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let card = |tool: &str, version: &str| json!({"version": version, "tool": tool, "status": "online"}).to_string();
        peer.retain("a2a/v1/mcp/tools/noise/card", "not json").await;
        peer.retain("a2a/v1/mcp/tools/bytes/card", vec![0xff, 0, 1]).await;
        peer.retain("a2a/v1/mcp/tools/moved/card", card("elsewhere", "1")).await;
        peer.retain("a2a/v1/mcp/tools/future/card", card("future", "2")).await;
        peer.retain("a2a/v1/mcp/tools/sparse/card", card("sparse", "1")).await;
        peer.retain("a2a/v1/mcp/servers/noise/card", "[]").await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let tools = client.tools().await.unwrap();
        assert_eq!(tools.iter().map(|card| card.tool.as_str()).collect::<Vec<_>>(), ["sparse"]);
        assert!(client.servers().await.unwrap().is_empty());
        peer.retain("a2a/v1/mcp/tools/sparse/card", "").await;
        assert!(client.tools().await.unwrap().is_empty(), "an empty payload removes a card");
    }

    async fn mcp_6_answers_that_nobody_waits_for_and_garbage_change_nothing(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for payload in ["", "{", "null", r#"{"call_id":"who"}"#, r#"{"call_id":"who","status":"ok","result":1}"#] {
            peer.publish("a2a/v1/mcp/clients/scout/responses", payload, correlated(b"\xff\xff")).await;
        }
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        agent.stop().await;
    }

    async fn mcp_6_an_answer_that_is_none_ends_the_call_with_an_error(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/broken/call").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        let call = tokio::spawn(client.call("broken", ()).into_future());
        let correlation = peer.next("a2a/v1/mcp/tools/broken/call").await.properties.unwrap().correlation_data.unwrap();
        peer.publish("a2a/v1/mcp/clients/scout/responses", "{}", correlated(&correlation)).await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, mqtt_agent::CallError::InvalidResponse { .. }), "{error:?}");
    }

    async fn one_callers_flood_of_slow_calls_leaves_the_others_served(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![hold, add]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut flooder = RawPeer::connect(&broker.url(), "flooder").await;
        let call = |number: usize| json!({"call_id": format!("slow-{number}"), "client": "flooder"}).to_string();
        let calls = (0..2000).map(|number| ("a2a/v1/mcp/tools/hold/call".to_owned(), call(number)));
        flooder.publish_all(calls).await;
        watch.until_began(200).await;
        let quick = (0..80).map(|number| client.call("add", json!({"a": number, "b": 1})).into_future());
        for answer in futures_util::future::join_all(quick).await {
            answer.unwrap();
        }
        drop(agent);
    }

    async fn one_askers_flood_of_slow_requests_leaves_the_others_served(broker) {
        let watch = Watch::default();
        let agent = Agent::new("slow").handlers(handlers![held, quick]).state(watch.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut flooder = RawPeer::connect(&broker.url(), "flooder").await;
        for number in 0..2000_u32 {
            let answers = reply_to("a2a/v1/mcp/clients/flooder/responses", &number.to_be_bytes());
            flooder.publish("slow/held", "", answers).await;
        }
        watch.until_began(200).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let answers = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(answers).await;
        for number in 0..80 {
            peer.publish("slow/quick", number.to_string(), reply_to(answers, b"q")).await;
            assert_eq!(json(&peer.next(answers).await), json!(number));
        }
        drop(agent);
    }

    async fn sub_15_a_request_is_answered_to_a_client_or_to_what_its_user_allows_and_never_with_work(broker) {
        let agent = Agent::new("open").handlers(handlers![quick, opened]).reply_topics(["more/#"]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("#").await;
        // Not allowed, in the namespace, or the agent's own work.
        for topic in [
            "door/7/open", "answers", "answers/me/too", "a2a/v1/mcp/tools/other/call", "a2a/v1/tasks/other/inbox",
            "a2a/v1/mcp/servers/open/card", "a2a/v1/mcp/clients/a/b/responses", "slow/quick", "more/quick",
        ] {
            peer.publish("more/quick", "1", reply_to(topic, b"evil")).await;
            peer.publish("slow/quick", "1", reply_to(topic, b"evil")).await;
        }
        // One handler allows `answers/+`, the agent `more/#`.
        peer.publish("slow/quick", "2", reply_to("answers/me", b"evil")).await;
        let allowed = ["answers/me", "more/of/it", "a2a/v1/mcp/clients/me/responses"];
        for topic in allowed {
            peer.publish("more/quick", "3", reply_to(topic, b"good")).await;
        }
        let (mut answered, mut asked) = (Vec::new(), 0);
        while answered.len() < allowed.len() {
            let message = peer.next("").await;
            let topic = std::str::from_utf8(&message.topic).unwrap().to_owned();
            let correlation = message.properties.as_ref().and_then(|properties| properties.correlation_data.clone());
            if correlation.is_none() {
                continue;
            }
            // What was asked comes to the peer as well, as it was sent: with a Response Topic.
            match message.properties.unwrap().response_topic {
                Some(_) => asked += 1,
                None => {
                    assert_eq!((correlation.as_deref(), serde_json::from_slice::<serde_json::Value>(&message.payload).unwrap()), (Some(&b"good"[..]), json!(3)), "{topic}");
                    answered.push(topic);
                }
            }
        }
        assert_eq!(asked, 18 + 1 + allowed.len());
        answered.sort_unstable();
        let mut allowed = allowed;
        allowed.sort_unstable();
        assert_eq!(answered, allowed);
        agent.stop().await;
    }
}
