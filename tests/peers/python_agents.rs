//! Strict v0.1 peers in Python give tasks to our agents, work on ours, and watch who is there.

use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::Part;
use serde_json::{Value, json};
use support::TestBroker;

use crate::peer::Peer;

/// Says it louder.
#[skill]
async fn shout(task: Task) -> Result<String, String> {
    match task.text() {
        text if text.is_empty() => Err("there is nothing to say".to_owned()),
        text => Ok(text.to_uppercase()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_6_a2a_7_a2a_9_a2a_11_a_strict_delegator_is_served_in_both_modes() {
    let broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").skills(skills![shout]).start(&broker.url()).await.unwrap();
    let mut delegator = Peer::python("delegator.py", &broker.url(), "boss").await;

    for mode in ["delegate", "request"] {
        let answer = delegator.ask(json!({"mode": mode, "agent": "ours", "text": "hello"})).await;
        assert_eq!(
            (&answer["result"]["status"], &answer["result"]["result"]),
            (&json!("completed"), &json!("HELLO"))
        );
        let answer = delegator.ask(json!({"mode": mode, "agent": "ours", "text": ""})).await;
        assert_eq!(answer["result"]["status"], "failed");
        assert_eq!(answer["result"]["error"]["message"], "there is nothing to say");
        // A type is free text.
        let also = json!({"type": "Please write it in capitals!"});
        let answer =
            delegator.ask(json!({"mode": mode, "agent": "ours", "text": "hello", "also": also})).await;
        assert_eq!(answer["result"]["result"], "HELLO");
    }
    let counts = delegator.ask(json!({"count": true})).await;
    assert!(counts["results"].as_object().unwrap().values().all(|count| *count == 1), "each once: {counts}");
    delegator.stop().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_11a_a2a_12_null_and_odd_types_in_a_task_lose_themselves_alone() {
    let broker = TestBroker::chosen().await;
    let agent = Agent::new("ours").skills(skills![shout]).start(&broker.url()).await.unwrap();
    let mut delegator = Peer::python("delegator.py", &broker.url(), "boss").await;
    let odd = [
        json!({"type": null, "title": null, "prompt": null, "intent": null, "updates": null, "created_at": null}),
        json!({"type": 7, "title": 7, "prompt": 7, "intent": 7, "updates": "no", "created_at": 1_700_000_000, "to": null}),
        json!({"intent": "summarize"}),
        json!({"messages": [{"role": null, "content": "hello", "timestamp": 7, "parts": "none"}, 7, {"content": null}]}),
        json!({"messages": [{"content": [{"text": "hello", "mediaType": null, "metadata": null, "filename": 7}]}]}),
        json!({"messages": null, "prompt": "hello"}),
        json!({"priority": "high", "meta": {"trace": [1, null]}}),
    ];
    for also in odd {
        let answer =
            delegator.ask(json!({"mode": "request", "agent": "ours", "text": "hello", "also": also})).await;
        assert_eq!(answer["result"]["result"], "HELLO", "{also}");
    }
    delegator.stop().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_9_a2a_14_a_strict_executor_gets_each_task_once_and_can_read_it() {
    let broker = TestBroker::chosen().await;
    let mut executor = Peer::python("executor.py", &broker.url(), "worker").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();

    let task = || NewTask::skill("work").text("one").part(Part::data(json!({"n": 1})));
    let said = json!({"said": "one\n{\"n\":1}"});
    assert_eq!(client.request("worker", task()).await.unwrap(), said);
    executor.ask(json!({"hold": true})).await;
    let mut held = client.delegate("worker", task()).await.unwrap();
    assert_eq!(executor.ask(json!({"ran": 2})).await["ran"].as_array().unwrap().len(), 2);
    // It says once more that it is there: it has the task all the same.
    executor.ask(json!({"online": 5})).await;
    let ran = executor.ask(json!({"ran": 2, "wait": 1})).await;
    assert_eq!(ran["ran"].as_array().unwrap().len(), 2, "{ran}");
    executor.ask(json!({"release": true})).await;
    assert_eq!(held.result().await.unwrap(), said);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_11_an_oddly_shaped_result_is_a_result_or_a_typed_error_and_never_silence() {
    let broker = TestBroker::chosen().await;
    let mut executor = Peer::python("executor.py", &broker.url(), "worker").await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();
    let mut ask = async |shape: &Value| {
        executor.ask(json!({"answer": shape})).await;
        client.request("worker", NewTask::skill("work").text("x")).timeout(Duration::from_secs(10)).await
    };

    let results = [
        json!({"status": "done", "result": 7}),
        json!({"status": "TASK_STATE_COMPLETED", "result": 7, "error": null, "completed_at": 5, "artifacts": {}}),
        json!({"state": "Success", "result": 7, "message": "fine"}),
        json!({"result": 7}),
        json!({"status": 200, "result": 7, "from": null}),
    ];
    for shape in results {
        assert_eq!(ask(&shape).await.unwrap(), 7, "{shape}");
    }
    let failures = [
        (json!({"error": "it broke"}), "it broke"),
        (json!({"status": "error", "error": {"message": "it broke", "type": 7, "code": 7}}), "it broke"),
        (json!({"status": "FAILED", "error": ["it", "broke"]}), r#"["it","broke"]"#),
    ];
    for (shape, said) in failures {
        let error = ask(&shape).await.unwrap_err();
        assert!(
            matches!(&error, DelegateError::Failed(error) if error.message == said),
            "{shape}: {error:?}"
        );
    }
    for shape in [
        json!("{"),
        json!("done"),
        json!("[]"),
        json!({}),
        json!({"status": "exploded"}),
        json!({"task_id": 7}),
    ] {
        let error = ask(&shape).await.unwrap_err();
        assert!(
            matches!(&error, DelegateError::Failed(error) if error.code.as_deref() == Some("unreadable")),
            "{shape}: {error:?}"
        );
    }
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_1_a2a_3_a2a_5_a_strict_watcher_sees_an_agent_come_and_go() {
    let broker = TestBroker::chosen().await;
    let mut watcher = Peer::python("watcher.py", &broker.url(), "watcher").await;
    let agent = Agent::new("ours").skills(skills![shout]).start(&broker.url()).await.unwrap();
    let came = watcher.ask(json!({"agent": "ours", "online": true})).await;
    assert_eq!(came["in_time"], true);
    assert_eq!(came["seen"], json!([["ours", "card", true], ["ours", "status", true]]), "the card first");
    agent.stop().await;
    let left = watcher.ask(json!({"agent": "ours", "online": false})).await;
    assert_eq!(left["in_time"], true);
    assert_eq!(left["agent"], json!({"card": false, "status": false}));
    watcher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_12_a_strict_executor_never_gets_a_cancel_which_it_would_run_as_a_task() {
    let broker = TestBroker::chosen().await;
    let mut executor = Peer::python("executor.py", &broker.url(), "worker").await;
    executor.ask(json!({"hold": true})).await;
    let client = Client::connect(ConnectOptions::new(broker.url()).id("boss")).await.unwrap();

    let mut held = client.delegate("worker", NewTask::skill("work").text("slow")).await.unwrap();
    let error = held.cancel().await.unwrap_err();
    assert!(matches!(&error, DelegateError::Unsupported { agent, .. } if agent == "worker"), "{error:?}");
    let error = held.send("faster").await.unwrap_err();
    assert!(matches!(error, DelegateError::Unsupported { .. }), "{error:?}");
    let left = client.request("worker", NewTask::skill("work").text("slow")).cancel_on_drop();
    let left = left.timeout(Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(left, DelegateError::Timeout { .. }), "{left:?}");

    let ran = executor.ask(json!({"ran": 2, "wait": 1})).await;
    assert_eq!(ran["ran"].as_array().unwrap().len(), 2, "{ran}");
    executor.ask(json!({"release": true})).await;
    assert_eq!(held.result().await.unwrap(), json!({"said": "slow"}));
    executor.stop().await;
}
