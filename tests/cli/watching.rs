//! `watch`: what happens on the broker, as it happens.

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::{Value, json};
use support::{FakeBroker, Knobs, RawPeer, on_each_broker, soon};

use crate::command::{Running, run, run_alone};
use crate::served::{desk, station};

/// Ends at once.
#[skill]
async fn stamp() -> &'static str {
    "stamped"
}

/// Starts watching, and waits until nothing is missed from here on.
async fn watch(url: &str, arguments: &[&str]) -> Running {
    let arguments = [&["watch", "--json"], arguments].concat();
    let mut watch = Running::start(Some(url), &arguments);
    assert_eq!(watch.next().await["event"], "watching");
    watch
}

/// The next event, without the time that each has.
async fn told(watch: &mut Running) -> Value {
    let mut event = watch.next().await;
    assert!(event.as_object_mut().unwrap().remove("at").unwrap().is_string(), "{event}");
    event
}

/// The next event of a name.
async fn until(watch: &mut Running, name: &str) -> Value {
    loop {
        let event = told(watch).await;
        if event["event"] == name {
            return event;
        }
    }
}

on_each_broker! {
    async fn watching_tells_who_comes_and_goes(broker) {
        let mut watch = watch(&broker.url(), &["--only", "presence"]).await;
        let desk = desk(&broker.url()).await;
        let joined = told(&mut watch).await;
        assert_eq!((&joined["event"], &joined["agent"]), (&json!("joined"), &json!("desk")));
        assert_eq!(joined["card"]["agent_id"], "desk");
        desk.stop().await;
        assert_eq!(told(&mut watch).await, json!({"event": "left", "agent": "desk"}));
        let (agent, _heard) = station(&broker.url()).await;
        let joined = told(&mut watch).await;
        assert_eq!((&joined["event"], &joined["server"]), (&json!("joined"), &json!("station")));
        agent.stop().await;
        assert_eq!(until(&mut watch, "left").await, json!({"event": "left", "server": "station"}));
        assert_eq!(watch.interrupt().await, Some(0));
    }

    async fn watching_tells_of_calls_and_of_their_answers(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let mut watch = watch(&broker.url(), &["--only", "calls"]).await;
        run(broker, &["call", "weather", "--city", "Oslo"]).await.done();
        let called = told(&mut watch).await;
        assert_eq!(
            (&called["event"], &called["tool"], &called["arguments"]),
            (&json!("called"), &json!("weather"), &json!({"city": "Oslo"}))
        );
        let answered = told(&mut watch).await;
        assert_eq!((&answered["event"], &answered["tool"]), (&json!("answered"), &json!("weather")));
        assert_eq!((&answered["call_id"], &answered["client"]), (&called["call_id"], &called["client"]));
        assert_eq!(answered["outcome"], "ok");
        assert!(answered["ms"].as_f64().unwrap() > 0.0, "{answered}");

        assert_eq!(run(broker, &["call", "broken"]).await.code, Some(1));
        assert_eq!(told(&mut watch).await["tool"], "broken");
        let failed = told(&mut watch).await;
        assert_eq!((&failed["event"], &failed["outcome"]), (&json!("answered"), &json!("tool_error")));
        assert_eq!(failed["message"], "the station `north` is broken");
        assert_eq!(watch.interrupt().await, Some(0));
        agent.stop().await;
    }

    async fn watching_tells_of_a_call_that_is_cancelled(broker) {
        let (agent, mut heard) = station(&broker.url()).await;
        let mut watch = watch(&broker.url(), &["--only", "calls"]).await;
        let call = Running::start(Some(&broker.url()), &["call", "hold"]);
        assert_eq!(soon(heard.recv()).await, Some("began"));
        let called = told(&mut watch).await;
        call.interrupt().await;
        let cancelled = until(&mut watch, "cancelled").await;
        assert_eq!((&cancelled["tool"], &cancelled["call_ids"]), (&json!("hold"), &json!([called["call_id"]])));
        assert_eq!(watch.interrupt().await, Some(0));
        agent.stop().await;
    }

    async fn watching_tells_of_tasks_their_questions_and_ends(broker) {
        let desk = desk(&broker.url()).await;
        let mut watch = watch(&broker.url(), &["--only", "tasks"]).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("greet").text("Say hello.")).await.unwrap();
        while let Some(update) = soon(task.next()).await {
            if update.state == TaskState::InputRequired {
                task.send("Ada").await.unwrap();
            }
        }
        let delegated = told(&mut watch).await;
        assert_eq!((&delegated["event"], &delegated["agent"]), (&json!("delegated"), &json!("desk")));
        assert_eq!((&delegated["task"], &delegated["skill"]), (&json!(task.id()), &json!("greet")));
        assert_eq!(delegated["text"], "Say hello.");
        let mut states = Vec::new();
        while states.last().is_none_or(|state| state != "completed") {
            let event = told(&mut watch).await;
            if event["event"] == "replied" {
                assert_eq!(event["text"], "Ada");
                assert_eq!(states.last().unwrap(), "input-required", "the question is told before its answer");
                continue;
            }
            assert_eq!((&event["event"], &event["task"]), (&json!("task"), &json!(task.id())));
            states.push(event["state"].as_str().unwrap().to_owned());
        }
        assert_eq!(watch.interrupt().await, Some(0));
        client.close().await;
        desk.stop().await;
    }

    async fn watching_tells_of_the_end_of_a_request(broker) {
        let agent = Agent::new("clerk").skills(skills![stamp]).start(&broker.url()).await.unwrap();
        let mut watch = watch(&broker.url(), &["--only", "tasks"]).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        client.request("clerk", NewTask::skill("stamp")).await.unwrap();
        let delegated = until(&mut watch, "delegated").await;
        let ended = loop {
            let task = until(&mut watch, "task").await;
            if task["state"] == "completed" {
                break task;
            }
        };
        assert_eq!((&ended["agent"], &ended["task"]), (&json!("clerk"), &delegated["task"]));
        assert_eq!(watch.interrupt().await, Some(0));
        client.close().await;
        agent.stop().await;
    }

    async fn a_lost_connection_is_told(broker) {
        let mut watch = watch(&broker.url(), &["--only", "calls"]).await;
        broker.kill().await;
        assert!(told(&mut watch).await["event"] == "disconnected");
        broker.start().await;
        assert!(told(&mut watch).await["event"] == "connected");
        assert_eq!(watch.interrupt().await, Some(0));
    }

    async fn a_second_signal_ends_a_command_whose_output_nobody_reads(broker) {
        let watch = watch(&broker.url(), &["--only", "tasks"]).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        // More than a pipe holds.
        for number in 0..4 {
            let task = json!({"task_id": format!("t{number}"), "from": "peer", "prompt": "x".repeat(50_000)});
            peer.publish("a2a/v1/tasks/desk/inbox", task.to_string(), Default::default()).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        watch.signal("-INT").await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        watch.signal("-INT").await;
        assert_eq!(watch.ended().await, Some(130));
    }

    async fn hostile_names_and_long_texts_are_told_in_short(broker) {
        let mut watch = Running::start(Some(&broker.url()), &["watch", "--only", "calls"]);
        let (agent, _heard) = station(&broker.url()).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let long = "x".repeat(2000);
        let call = |id: u32| json!({"call_id": format!("c{id}"), "client": format!("\u{1b}[31m{long}"), "arguments": {"a": long}});
        let told = async {
            let line = watch.line().await;
            assert!(line.len() < 400 && !line.contains('\u{1b}'), "{line}");
            line
        };
        // It may not watch yet.
        let called = async {
            for id in 0.. {
                peer.publish("a2a/v1/mcp/tools/weather/call", call(id).to_string(), Default::default()).await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            line = told => assert!(line.contains("called"), "{line}"),
            () = called => {}
        }
        assert_eq!(watch.interrupt().await, Some(0));
        agent.stop().await;
    }

    async fn what_cannot_be_read_is_told_and_ends_nothing(broker) {
        let mut watch = watch(&broker.url(), &[]).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for topic in ["mcp/tools/weather/call", "mcp/tools/weather/cancel", "tasks/desk/inbox"] {
            peer.publish(&format!("a2a/v1/{topic}"), "{\u{1b}[31m".to_owned(), Default::default()).await;
            let event = told(&mut watch).await;
            assert_eq!((&event["event"], &event["topic"]), (&json!("unreadable"), &json!(format!("a2a/v1/{topic}"))));
        }
        assert_eq!(watch.interrupt().await, Some(0));
    }
}

#[tokio::test]
async fn what_the_broker_denies_is_told_and_the_rest_is_watched() {
    let broker =
        FakeBroker::start(Knobs { refuse_subscribe: vec![("/inbox", 0x87)], ..Knobs::default() }).await;
    let mut watch = Running::start(Some(&broker.url()), &["watch", "--json", "--only", "tasks"]);
    assert_eq!(watch.next().await, json!({"event": "watching", "kinds": ["tasks"]}));
    let denied = watch.next().await;
    assert_eq!((&denied["event"], &denied["kind"]), (&json!("denied"), &json!("tasks")));
    assert!(denied["message"].as_str().unwrap().contains("/inbox"), "{denied}");
    assert_eq!(watch.interrupt().await, Some(0));
}

#[tokio::test]
async fn where_the_broker_denies_all_it_is_an_error() {
    let refuse_subscribe = vec![("/inbox", 0x87), ("/result", 0x87)];
    let broker = FakeBroker::start(Knobs { refuse_subscribe, ..Knobs::default() }).await;
    let ended = run_alone(&["watch", "--json", "--only", "tasks", "--url", &broker.url()]).await;
    assert!(ended.error(4)["message"].as_str().unwrap().contains("denied"), "{ended:?}");
}
