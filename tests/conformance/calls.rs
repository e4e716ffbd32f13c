//! Calls and their answers.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, wire};
use serde_json::json;
use support::{RawPeer, correlated, json, on_each_broker, reply_to};

use crate::tools::*;

fn responses(client: &str) -> String {
    format!("a2a/v1/mcp/clients/{client}/responses")
}

on_each_broker! {
    async fn mcp_3_mcp_4_sub_12_a_call_on_the_wire(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/add/call").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        let call = tokio::spawn(client.call("add", json!({"a": 1, "b": 2})).timeout(Duration::from_millis(6500)).into_future());

        let message = peer.next("a2a/v1/mcp/tools/add/call").await;
        let properties = message.properties.clone().unwrap();
        let call_id = json(&message)["call_id"].as_str().unwrap().to_owned();
        assert_eq!(call_id.len(), 36, "MCP-4: ours are UUIDs");
        assert_eq!(properties.response_topic.as_deref(), Some(&*responses("scout")));
        assert_eq!(properties.correlation_data.as_deref(), Some(call_id.as_bytes()));
        assert_eq!(properties.content_type.as_deref(), Some("application/json"));
        assert!(matches!(properties.message_expiry_interval, Some(6..=7)), "MCP-15: {properties:?}");
        let payload = json(&message);
        assert_eq!(payload["arguments"], json!({"a": 1, "b": 2}));
        assert_eq!(payload["client"], "scout");
        assert_eq!(payload["response_topic"], responses("scout"));
        assert!(payload["timestamp"].as_str().unwrap().ends_with('Z'));

        // MCP-6: matched by the payload's id alone, or by Correlation Data alone.
        let answer = json!({"call_id": call_id, "status": "ok", "result": 3, "elapsed_ms": 0.5, "more": true});
        peer.publish(&responses("scout"), answer.to_string(), Default::default()).await;
        assert_eq!(call.await.unwrap().unwrap(), json!(3));

        let call = tokio::spawn(client.call("add", json!({"a": 1, "b": 2})).into_future());
        let message = peer.next("a2a/v1/mcp/tools/add/call").await;
        let correlation = message.properties.unwrap().correlation_data.unwrap();
        let answer = json!({"call_id": "another", "status": "error", "error": {"type": "novel", "message": "hm", "code": 7}});
        peer.publish(&responses("scout"), answer.to_string(), correlated(&correlation)).await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(&error, CallError::Tool { message, code: Some(code), .. } if message == "hm" && code == "7"), "{error:?}");
    }

    async fn mcp_5_mcp_6_an_answer_on_the_wire(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/+/responses").await;
        let call = |id: &str, more: serde_json::Value| {
            let mut call = json!({"call_id": id, "arguments": {"a": 1, "b": 2}});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            call.to_string()
        };
        // The Response Topic wins; Correlation Data comes back byte for byte, whatever it is.
        let properties = reply_to(&responses("one"), b"\x00\xffbytes");
        peer.publish("a2a/v1/mcp/tools/add/call", call("call_1", json!({"client": "two"})), properties).await;
        let answer = peer.next(&responses("one")).await;
        assert_eq!(answer.properties.clone().unwrap().correlation_data.as_deref(), Some(&b"\x00\xffbytes"[..]));
        assert!(!answer.retain);
        let mut body = json(&answer);
        assert!(body["elapsed_ms"].take().is_number());
        assert_eq!(body, json!({"call_id": "call_1", "status": "ok", "result": {"sum": 3.0}, "elapsed_ms": null}));
        // Else the payload's, else the client's own.
        peer.publish("a2a/v1/mcp/tools/add/call", call("call_2", json!({"response_topic": responses("three")})), Default::default()).await;
        assert_eq!(json(&peer.next(&responses("three")).await)["call_id"], "call_2");
        peer.publish("a2a/v1/mcp/tools/add/call", call("call_3", json!({"client": "four"})), Default::default()).await;
        assert_eq!(json(&peer.next(&responses("four")).await)["call_id"], "call_3");
        agent.stop().await;
    }

    async fn mcp_6_mcp_7_every_kind_of_handler_answers(broker) {
        let watch = Watch::default();
        let tools = tools![add, fail, panics, panics_blocking, blocking_add, whoami];
        let agent = Agent::new("calc").tools(tools).state(watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        let sum: Sum = client.call("add", json!({"a": 1, "b": 2})).returning().await.unwrap();
        assert_eq!(sum, Sum { sum: 3.0 });
        assert_eq!(client.call("blocking_add", json!({"a": 40, "b": 2})).await.unwrap(), json!(42));
        assert_eq!(client.call("whoami", ()).await.unwrap(), json!("scout untraced"), "SUB-7: a claim");

        let error = client.call("fail", json!({})).await.unwrap_err();
        assert!(matches!(&error, CallError::Tool { message, .. } if message.starts_with("this tool always")), "{error:?}");
        assert_eq!(error.code(), Some("always"));
        for tool in ["panics", "panics_blocking"] {
            let arguments = if tool == "panics" { json!({"text": "secret"}) } else { json!({}) };
            let error = client.call(tool, arguments).await.unwrap_err();
            assert_eq!(error.code(), Some("panic"));
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(matches!(
            client.call("add", json!({"a": 1, "b": 2})).returning::<String>().await,
            Err(CallError::UnexpectedResult(_))
        ));
        assert!(matches!(client.call("add", 7).await, Err(CallError::InvalidArguments { .. })));
        assert!(matches!(client.call("a/b", ()).await, Err(CallError::InvalidName { .. })));
        assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap()["sum"], 3.0, "still served");
        agent.stop().await;
    }

    async fn sub_7_a_caller_s_name_is_what_it_claims(broker) {
        let agent = Agent::new("calc").tools(tools![whoami]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "mallory").await;
        peer.subscribe(&responses("mallory")).await;
        let call = r#"{"call_id":"1","client":"the-president"}"#;
        peer.publish("a2a/v1/mcp/tools/whoami/call", call, reply_to(&responses("mallory"), b"1")).await;
        assert_eq!(json(&peer.next(&responses("mallory")).await)["result"], "the-president untraced");
        agent.stop().await;
    }

    async fn sub_13_trace_context_travels_with_call_and_answer(broker) {
        let agent = Agent::new("calc").tools(tools![whoami]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(&responses("peer")).await;
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut properties = reply_to(&responses("peer"), b"1");
        properties.user_properties = vec![("traceparent".into(), traceparent.into()), ("tracestate".into(), "a=b".into())];
        peer.publish("a2a/v1/mcp/tools/whoami/call", r#"{"call_id":"1","client":"peer"}"#, properties).await;
        let answer = peer.next(&responses("peer")).await;
        assert_eq!(json(&answer)["result"], format!("peer {traceparent}"));
        let user = answer.properties.unwrap().user_properties;
        assert!(user.contains(&("traceparent".into(), traceparent.into())), "{user:?}");
        assert!(user.contains(&("tracestate".into(), "a=b".into())), "{user:?}");
        agent.stop().await;
    }

    async fn mcp_15_a_call_inside_a_call_inherits_its_deadline_and_its_end(broker) {
        let watch = Watch::default();
        let inner = Agent::new("inner").tools(tools![add, hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let outer = Agent::new("outer").tools(tools![double, hold_elsewhere, time_left]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.call("double", json!({"x": 4})).await.unwrap(), json!(8.0));
        let left = client.call("time_left", ()).timeout(Duration::from_secs(3)).returning::<u64>().await.unwrap();
        assert!((1..=4000).contains(&left), "{left}");
        let call = tokio::spawn(client.call("hold_elsewhere", ()).into_future());
        watch.until_began(1).await;
        call.abort();
        watch.until_ended(1).await;
        outer.stop().await;
        inner.stop().await;
    }
}

/// A price in whole cents.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Price {
    #[schemars(extend("multipleOf" = 0.01))]
    amount: f64,
}

/// Prices some pieces.
#[tool]
async fn price(each: Price, #[arg(range = 1..=50)] count: u32) -> f64 {
    each.amount * f64::from(count)
}

on_each_broker! {
    async fn mcp_8_numbers_mean_what_people_write(broker) {
        let agent = Agent::new("shop").tools(tools![price]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(&responses("peer")).await;
        // As they stand on the wire: JSON has one kind of number.
        let asked = [
            (r#"{"each":{"amount":4.02},"count":1}"#, "4.02"),
            (r#"{"each":{"amount":4.02},"count":30.0}"#, "120.6"),
            (r#"{"each":{"amount":4.020},"count":3e1}"#, "120.6"),
            (r#"{"each":{"amount":4.025},"count":1}"#, "a multiple of 0.01"),
            (r#"{"each":{"amount":4},"count":1.5}"#, "count"),
            (r#"{"each":{"amount":4},"count":51.0}"#, "count"),
            (r#"{"each":{"amount":1e400},"count":1}"#, "number"),
        ];
        for (id, (arguments, expected)) in asked.into_iter().enumerate() {
            let call = format!(r#"{{"call_id":"c{id}","arguments":{arguments}}}"#);
            peer.publish("a2a/v1/mcp/tools/price/call", call, reply_to(&responses("peer"), b"c")).await;
            let answer = json(&peer.next(&responses("peer")).await);
            let told = if answer["status"] == "ok" { &answer["result"] } else { &answer["error"]["message"] };
            assert!(told.to_string().contains(expected), "{arguments}: {answer}");
        }
        agent.stop().await;
    }

    async fn mcp_14_nobody_serves_the_tool(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("nobody", ()).timeout(Duration::from_secs(2)).await.unwrap_err();
        if broker.can().reports_no_subscribers {
            assert!(matches!(&error, CallError::Unavailable { message, .. } if message.contains("nobody serves")), "{error:?}");
        } else {
            assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
        }
    }
}

#[test]
fn mcp_7_the_kinds_of_error_are_the_specification_s() {
    for kind in ["invalid_arguments", "unauthorized", "tool_error", "timeout", "unavailable"] {
        let parsed = wire::ErrorKind::from(kind.to_owned());
        assert_eq!(parsed.as_str(), kind);
        assert!(!matches!(parsed, wire::ErrorKind::Other(_)));
    }
}
