//! What peers of another make write: `null`, odd types, words of their own. It loses itself alone.

use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{Part, Status};
use serde_json::{Value, json};
use support::{RawPeer, correlated, json, on_each_broker, reply_to};

use crate::skills::*;
use crate::tools::*;

/// Only for `scout`.
#[tool(allow("scout"))]
async fn reserved() -> &'static str {
    "for you"
}

/// An agent with one skill.
fn shouter() -> Agent {
    Agent::new("desk").skills(skills![shout]).state(Desk::default())
}

const RESPONSES: &str = "a2a/v1/mcp/clients/peer/responses";

const ADD: &str = r#"{"call_id":"c","arguments":{"a":1,"b":2}}"#;

/// How long the broker is to keep the answer to a call that itself expires after so many seconds.
async fn expiry_of_the_answer(peer: &mut RawPeer, call: &str, seconds: u32) -> u32 {
    let mut properties = reply_to(RESPONSES, b"c");
    properties.message_expiry_interval = Some(seconds);
    peer.publish("a2a/v1/mcp/tools/add/call", call, properties).await;
    peer.next(RESPONSES).await.properties.unwrap().message_expiry_interval.unwrap()
}

on_each_broker! {
    async fn sub_11a_null_and_odd_types_in_a_call_lose_themselves_alone(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let odd = [
            json!({"client": null, "timestamp": null, "response_topic": null, "max_message_bytes": null, "x": null}),
            json!({"client": 7, "timestamp": {}, "response_topic": [], "max_message_bytes": "1 MiB", "x": [{}]}),
        ];
        for fields in odd {
            let mut call = json!({"call_id": "c", "arguments": {"a": 1, "b": 2}});
            call.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to(RESPONSES, b"c")).await;
            assert_eq!(json(&peer.next(RESPONSES).await)["result"]["sum"], 3.0, "{fields}");
        }
        agent.stop().await;
    }

    async fn mcp_9_a_key_twice_and_an_array_are_no_call(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let calls = [
            r#"["c", {"a": 1, "b": 2}]"#,
            r#"{"call_id": "c", "arguments": {"a": 1, "b": 2, "a": 3}}"#,
            r#"{"call_id": "c", "arguments": {"a": 1, "b": 2}, "arguments": {"a": 1, "b": 2}}"#,
        ];
        for call in calls {
            peer.publish("a2a/v1/mcp/tools/add/call", call, reply_to(RESPONSES, b"c")).await;
            assert_eq!(json(&peer.next(RESPONSES).await)["error"]["code"], "malformed_call", "{call}");
        }
        agent.stop().await;
    }

    async fn sub_7_where_a_claim_decides_the_answer_goes_to_who_is_claimed(broker) {
        let agent = Agent::new("calc").tools(tools![reserved]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let call = json!({"call_id": "c", "client": "scout", "arguments": {}}).to_string();
        peer.publish("a2a/v1/mcp/tools/reserved/call", call, reply_to(RESPONSES, b"c")).await;
        assert_eq!(json(&peer.next(RESPONSES).await)["error"]["type"], "unauthorized");
        let scout = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        assert_eq!(scout.call("reserved", ()).await.unwrap(), "for you");
        agent.stop().await;
    }

    async fn mcp_6_sub_11a_an_oddly_shaped_answer_is_a_result_or_a_typed_error(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/odd/call").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        let mut ask = async |answer: &str| {
            let call = tokio::spawn(client.call("odd", ()).into_future());
            let correlation = peer.next("a2a/v1/mcp/tools/odd/call").await.properties.unwrap().correlation_data.unwrap();
            peer.publish("a2a/v1/mcp/clients/scout/responses", answer, correlated(&correlation)).await;
            call.await.unwrap()
        };
        for answer in [r#"{"result": 7}"#, r#"{"status": true, "result": 7, "error": null}"#] {
            assert_eq!(ask(answer).await.unwrap(), 7, "{answer}");
        }
        for answer in [r#"{"error": "broken"}"#, r#"{"status": "error", "error": {"message": "broken", "type": []}}"#] {
            let error = ask(answer).await.unwrap_err();
            assert!(matches!(&error, mqtt_agent::CallError::Tool { message, .. } if message == "broken"), "{error:?}");
        }
        for answer in ["", "7", "[]", r#"{"status": "soon"}"#] {
            let error = ask(answer).await.unwrap_err();
            assert!(matches!(error, mqtt_agent::CallError::InvalidResponse { .. }), "{answer}: {error:?}");
        }
    }

    async fn sub_11_a2a_4_a2a_5_cards_that_say_little_and_bare_words_are_read(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.retain("a2a/v1/agents/bare/card", "{}").await;
        peer.retain("a2a/v1/agents/odd/card", r#"{"name": 7, "skills": [{"id": "s", "tags": null}, 7], "status": "busy"}"#).await;
        peer.retain("a2a/v1/agents/gone/card", r#"{"status": "online"}"#).await;
        peer.retain("a2a/v1/agents/gone/status", "offline").await;
        peer.retain("a2a/v1/agents/here/card", r#"{"status": "offline"}"#).await;
        peer.retain("a2a/v1/agents/here/status", "\"online\"").await;
        peer.retain("a2a/v1/mcp/tools/bare/card", r#"{"version": null, "tool": null, "input_schema": null, "tags": 7}"#).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let agents = client.agents().await.unwrap();
        assert_eq!(agents.iter().map(|card| card.agent_id.as_str()).collect::<Vec<_>>(), ["bare", "here", "odd"]);
        assert_eq!(agents[2].skills[0].id, "s");
        let tools = client.tools().await.unwrap();
        assert_eq!((tools[0].tool.as_str(), tools[0].status), ("bare", Status::Online));
        assert_eq!(tools[0].input_schema, json!({"type": "object"}));
    }

    async fn a2a_6_a2a_12_a_free_type_and_an_intent_of_others_are_a_task_for_the_only_skill(broker) {
        let agent = shouter().start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/tasks/peer/results").await;
        for (number, fields) in [json!({"type": "Please shout this"}), json!({"intent": "summarize"}), json!({"type": 7})].iter().enumerate() {
            let id = format!("t-{number}");
            let mut task = json!({"task_id": id, "from": "peer", "messages": [{"role": "user", "content": "hello"}]});
            task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            peer.publish("a2a/v1/tasks/desk/inbox", task.to_string(), Default::default()).await;
            let result = json(&peer.next("a2a/v1/tasks/peer/results").await);
            assert_eq!((result["task_id"].as_str(), &result["result"]), (Some(&*id), &json!("HELLO")), "{fields}");
        }
        agent.stop().await;
    }

    async fn a2a_6_of_several_skills_the_default_one_takes_tasks_of_other_types(broker) {
        /// Says what it was asked.
        #[skill(default)]
        async fn anything(task: Task) -> String {
            format!("anything: {}", task.text())
        }
        /// Another one.
        #[skill]
        async fn something(task: Task) -> String {
            format!("something: {}", task.text())
        }
        let agent = Agent::new("desk").skills(skills![something, anything]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/tasks/peer/results").await;
        for (kind, result) in [("Please!", "anything: hello"), ("something", "something: hello")] {
            let task = json!({"task_id": result.len().to_string(), "from": "peer", "type": kind, "prompt": "hello"});
            peer.publish("a2a/v1/tasks/desk/inbox", task.to_string(), Default::default()).await;
            assert_eq!(json(&peer.next("a2a/v1/tasks/peer/results").await)["result"], result);
        }
        agent.stop().await;
    }

    async fn a2a_7_a_result_without_a_response_topic_goes_to_its_sender_and_to_its_task(broker) {
        let agent = shouter().start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let topics = ["a2a/v1/tasks/peer/results", "a2a/v1/tasks/t-1/result"];
        for topic in topics {
            peer.subscribe(topic).await;
        }
        let task = json!({"task_id": "t-1", "from": "peer", "prompt": "hello"}).to_string();
        peer.publish("a2a/v1/tasks/desk/inbox", task, Default::default()).await;
        for topic in topics {
            assert_eq!(json(&peer.next(topic).await)["result"], "HELLO", "{topic}");
        }
        agent.stop().await;
    }

    async fn a2a_9_content_is_a_string_on_the_wire_and_an_array_is_still_read(broker) {
        let agent = shouter().start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        peer.subscribe("a2a/v1/tasks/peer/results").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let task = NewTask::skill("work").text("one").part(Part::data(json!({"n": 1})));
        let asked = client.delegate("worker", task).await.unwrap();
        let message = json(&peer.next("a2a/v1/tasks/worker/inbox").await)["messages"][0].take();
        assert_eq!(message["content"], "one\n{\"n\":1}");
        assert_eq!(message["parts"], json!([{"text": "one"}, {"data": {"n": 1}}]));
        drop(asked);
        let messages = json!([{"role": "user", "content": [{"text": "hello"}]}]);
        let task = json!({"task_id": "t", "from": "peer", "messages": messages}).to_string();
        peer.publish("a2a/v1/tasks/desk/inbox", task, Default::default()).await;
        assert_eq!(json(&peer.next("a2a/v1/tasks/peer/results").await)["result"], "HELLO");
        agent.stop().await;
    }

    async fn a2a_10_a2a_11_an_oddly_shaped_result_is_a_result_or_a_typed_error(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let mut ask = async |result: Value| {
            let asked = client.request("worker", NewTask::skill("work").text("x")).timeout(Duration::from_secs(10));
            let asked = tokio::spawn(asked.into_future());
            let task = peer.next("a2a/v1/tasks/worker/inbox").await;
            let topic = task.properties.clone().unwrap().response_topic.unwrap();
            let body = match result {
                Value::Object(mut fields) => {
                    fields.insert("task_id".to_owned(), json(&task)["task_id"].clone());
                    Value::Object(fields).to_string()
                }
                other => other.to_string(),
            };
            peer.publish(&topic, body, Default::default()).await;
            asked.await.unwrap()
        };
        for result in [json!({"status": "Success", "result": 7}), json!({"state": "TASK_STATE_COMPLETED", "result": 7}), json!({"result": 7})] {
            assert_eq!(ask(result.clone()).await.unwrap(), 7, "{result}");
        }
        for result in [json!({"error": "broken"}), json!({"status": "error", "error": {"message": "broken", "type": 7}})] {
            let error = ask(result.clone()).await.unwrap_err();
            assert!(matches!(&error, DelegateError::Failed(error) if error.message == "broken"), "{result}: {error:?}");
        }
        for result in [json!({}), json!({"status": "exploded"}), json!([]), json!("done")] {
            let error = ask(result.clone()).await.unwrap_err();
            let code = match &error {
                DelegateError::Failed(error) => error.code.as_deref(),
                _ => None,
            };
            assert_eq!(code, Some("unreadable"), "{result}: {error:?}");
        }
    }

    async fn a2a_12_a_cancel_goes_to_no_agent_that_takes_tasks_alone(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "worker").await;
        peer.subscribe("a2a/v1/tasks/worker/inbox").await;
        peer.retain("a2a/v1/agents/worker/card", r#"{"name": "Worker", "status": "online"}"#).await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        let asked = client.delegate("worker", NewTask::skill("work").text("x")).await.unwrap();
        let error = asked.cancel().await.unwrap_err();
        assert!(matches!(error, DelegateError::Unsupported { .. }), "{error:?}");
        // What it sends is all that it was sent.
        client.delegate("worker", NewTask::skill("work").text("last")).await.unwrap();
        let mut next = async || json(&peer.next("a2a/v1/tasks/worker/inbox").await)["messages"][0]["content"].take();
        assert_eq!((next().await, next().await), (json!("x"), json!("last")));
    }

    async fn sub_15_what_is_retained_is_no_work(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let id = json!({"call_id": "old", "client": "peer", "arguments": {"a": 1, "b": 2}}).to_string();
        peer.retain("a2a/v1/mcp/tools/counted_add/call", id.clone()).await;
        peer.retain("a2a/v1/mcp/tools/counted_add/cancel", id).await;
        let task = json!({"task_id": "old", "from": "peer", "prompt": "hello"}).to_string();
        peer.retain("a2a/v1/tasks/desk/inbox", task).await;
        peer.retain("a2a/v1/tasks/desk/results", json!({"task_id": "old", "result": 1}).to_string()).await;
        let (watch, desk) = (Watch::default(), Desk::default());
        let agent = Agent::new("desk").tools(tools![counted_add]).skills(skills![shout]).state(watch.clone()).state(desk.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
        client.call("counted_add", json!({"a": 1, "b": 2})).await.unwrap();
        client.request("desk", NewTask::skill("shout").text("new")).await.unwrap();
        assert!(!watch.0.ids.lock().unwrap().iter().any(|id| id == "old"));
        assert_eq!(desk.runs(), 1, "only the new task ran");
        agent.stop().await;
    }

    async fn mcp_15a_an_answer_expires_a_minute_after_its_call_and_not_before(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let expiry = expiry_of_the_answer(&mut peer, ADD, 30).await;
        assert!((80..=91).contains(&expiry), "{expiry}");
        agent.stop().await;
    }

    async fn mcp_15a_a_refusal_expires_no_earlier_than_an_answer(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let expiry = expiry_of_the_answer(&mut peer, "{", 300).await;
        assert!((350..=361).contains(&expiry), "{expiry}");
        agent.stop().await;
    }

    async fn mcp_15a_an_answer_outlives_the_tools_own_limit_as_its_call_does_also_when_it_comes_again(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        for _ in 0..2 {
            let expiry = expiry_of_the_answer(&mut peer, ADD, 300).await;
            assert!((350..=361).contains(&expiry), "{expiry}");
        }
        agent.stop().await;
    }
}
