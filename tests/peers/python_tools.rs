//! Strict v0.1 peers in Python call our tools, and serve tools that we call.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Content};
use serde_json::{Value, json};
use support::TestBroker;

use crate::peer::Peer;
use crate::tools::*;

/// Only for `caller`.
#[tool(allow("caller"))]
async fn reserved() -> &'static str {
    "for you"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_1_mcp_2_mcp_3_mcp_6_mcp_7_mcp_10_a_strict_caller_finds_calls_and_streams() {
    let broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").tools(tools![add, count, fail, reserved]).state(Ran::default());
    let agent = agent.start(&broker.url()).await.unwrap();
    let mut caller = Peer::python("caller.py", &broker.url(), "caller").await;

    let tools = caller.ask(json!({"tools": ["add", "count", "fail", "reserved"]})).await;
    assert_eq!(tools["tools"]["add"]["description"], "Adds two numbers.");
    assert_eq!(tools["tools"]["add"]["schema"]["required"], json!(["a", "b"]));

    let answer = caller.ask(json!({"call": "add", "arguments": {"a": 1, "b": 2.5}})).await;
    assert_eq!(answer["answer"]["result"], json!({"sum": 3.5}));
    let answer = caller.ask(json!({"call": "count", "arguments": {"n": 3}, "stream": true})).await;
    assert_eq!(answer["answer"]["result"], json!({"n": 3}));
    assert_eq!(answer["partials"], json!([{"i": 1}, {"i": 2}, {"i": 3}]));
    let answer = caller.ask(json!({"call": "fail"})).await;
    assert_eq!(answer["answer"]["error"]["message"], "this tool always fails");
    let answer = caller.ask(json!({"call": "add", "arguments": {"a": "x"}})).await;
    assert_eq!(answer["answer"]["error"]["type"], "invalid_arguments");
    let answer = caller.ask(json!({"call": "reserved"})).await;
    assert_eq!(answer["answer"]["result"], "for you");
    caller.stop().await;
    agent.stop().await;
}

/// Draws a dot.
#[tool]
async fn sketch(caption: Option<String>) -> Content {
    let image = Content::new().with_image(vec![1, 2, 3], "image/png");
    caption.into_iter().fold(image, Content::with_text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_21_a_strict_caller_gets_a_text_in_place_of_content() {
    let broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").tools(tools![sketch]).start(&broker.url()).await.unwrap();
    let mut caller = Peer::python("caller.py", &broker.url(), "caller").await;
    caller.ask(json!({"tools": ["sketch"]})).await;
    for (arguments, result) in
        [(json!({"caption": "a dot"}), "a dot"), (json!({}), "[image: image/png, 3 bytes]")]
    {
        let answer = caller.ask(json!({"call": "sketch", "arguments": arguments})).await;
        assert_eq!(answer["answer"]["result"], result);
        assert!(answer["answer"].get("content").is_none(), "{answer}");
    }
    caller.stop().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_7_sub_11a_mcp_9_null_and_odd_types_in_a_call_are_taken_and_a_false_claim_is_refused() {
    let broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").tools(tools![add, reserved]).state(Ran::default());
    let agent = agent.start(&broker.url()).await.unwrap();
    let mut caller = Peer::python("caller.py", &broker.url(), "stranger").await;

    let odd = json!({"timestamp": null, "client": null, "response_topic": null, "max_message_bytes": "many", "extra": {}});
    let answer = caller.ask(json!({"call": "add", "arguments": {"a": 1, "b": 1}, "also": odd})).await;
    assert_eq!(answer["answer"]["result"], json!({"sum": 2.0}));
    let odd =
        json!({"timestamp": 1_700_000_000, "client": 7, "response_topic": ["x"], "max_message_bytes": -1});
    let answer = caller.ask(json!({"call": "add", "arguments": {"a": 1, "b": 1}, "also": odd})).await;
    assert_eq!(answer["answer"]["result"], json!({"sum": 2.0}));
    let answer = caller.ask(json!({"call": "add", "also": {"arguments": [1, 1]}})).await;
    assert_eq!(answer["answer"]["error"]["type"], "invalid_arguments");

    let answer = caller.ask(json!({"call": "reserved"})).await;
    assert_eq!(answer["answer"]["error"]["type"], "unauthorized", "not allowed");
    let answer = caller.ask(json!({"call": "reserved", "also": {"client": "caller"}})).await;
    assert_eq!(answer["answer"]["error"]["type"], "unauthorized", "it would not go to `caller`");
    caller.stop().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_11_sub_11a_a_python_server_is_found_called_and_streamed_from() {
    let broker = TestBroker::chosen().await;
    let mut server = Peer::python("tool_server.py", &broker.url(), "snake").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();

    let tools = client.tools().await.unwrap();
    assert_eq!(tools.iter().map(|card| card.tool.as_str()).collect::<Vec<_>>(), ["add", "count", "odd"]);
    assert_eq!(tools[1].version_info.sdk.as_deref(), Some("python"), "beside a number and `null`s");
    assert!(tools[1].supports_streaming);
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await.unwrap(), 3);
    let mut stream = client.call("count", json!({"n": 3})).stream().await.unwrap();
    let mut partials = Vec::new();
    while let Some(partial) = stream.next().await {
        partials.push(partial);
    }
    assert_eq!(partials, [json!(0), json!(1), json!(2)]);
    assert_eq!(stream.finish().await.unwrap(), 3);
    assert_eq!(server.ask(json!({"ran": true})).await["ran"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_11a_mcp_6_an_oddly_shaped_answer_is_a_result_or_a_typed_error_and_never_silence() {
    let broker = TestBroker::chosen().await;
    let server = Peer::python("tool_server.py", &broker.url(), "snake").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
    let odd = |arguments: Value| {
        let call = client.call("odd", arguments).timeout(Duration::from_secs(10));
        async move { call.await }
    };

    let results = [
        json!({"status": "ok", "result": 7, "error": null, "elapsed_ms": "soon"}),
        json!({"result": 7}),
        json!({"status": 200, "result": 7}),
        json!({"status": "ok", "result": 7, "call_id": null}),
        json!({"status": "ok", "result": 7, "error": "no"}),
    ];
    for shape in results {
        assert_eq!(odd(json!({"answer": shape})).await.unwrap(), 7, "{shape}");
    }
    assert_eq!(odd(json!({"answer": {"status": "ok"}})).await.unwrap(), Value::Null);
    let failures = [
        (json!({"status": "error", "error": "it broke"}), "it broke"),
        (json!({"error": {"message": "it broke", "type": null, "code": 7, "data": null}}), "it broke"),
        (json!({"status": "error", "error": {"type": 3, "message": "it broke", "code": []}}), "it broke"),
        (json!({"status": "error", "error": [1, 2]}), "[1, 2]"),
        (json!({"status": "error"}), "the server gives no reason"),
    ];
    for (shape, said) in failures {
        let error = odd(json!({"answer": shape})).await.unwrap_err();
        assert!(matches!(&error, CallError::Tool { message, .. } if message == said), "{shape}: {error:?}");
    }
    for raw in ["", "{", "null", "[]", "done", r#"{"status": "ok"}"#] {
        let outcome = odd(json!({"raw": raw})).await;
        let is_told = matches!(outcome, Err(CallError::InvalidResponse { .. }) | Ok(Value::Null));
        assert!(is_told, "{raw}: {outcome:?}");
    }
    let error = odd(json!({"answer": {"status": "pending"}})).await.unwrap_err();
    assert!(matches!(error, CallError::InvalidResponse { .. }), "{error:?}");
    server.stop().await;
}
