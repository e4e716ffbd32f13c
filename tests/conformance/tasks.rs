//! Tasks on the wire: what an agent's inbox takes and what comes back.

use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, MemoryStore, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{Part, TaskState};
use rumqttc::v5::mqttbytes::v5::PubAckReason;
use serde_json::json;
use support::{Direction, Proxy, RawPeer, correlated, json, on_each_broker, reply_to, soon};

use crate::skills::*;

const INBOX: &str = "a2a/v1/tasks/desk/inbox";
const RESULTS: &str = "a2a/v1/tasks/peer/results";

fn asked(id: &str, kind: &str, prompt: &str) -> String {
    json!({"task_id": id, "from": "peer", "to": "desk", "type": kind, "title": "", "prompt": prompt})
        .to_string()
}

on_each_broker! {
    async fn a2a_6_a2a_9_a2a_11_a_task_in_the_inbox_is_done_and_its_result_goes_to_its_sender(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, asked("t1", "shout", "hello"), Default::default()).await;
        let result = json(&peer.next(RESULTS).await);
        assert_eq!(result["task_id"], "t1");
        assert_eq!(result["status"], "completed");
        assert_eq!(result["result"], "HELLO");
        assert_eq!(result["from"], "desk");
        assert!(result["completed_at"].as_str().unwrap().ends_with('Z'), "{result}");

        // Messages in place of a prompt, with a text or with parts; unknown fields are passed over.
        let messages = [
            json!([{"role": "user", "content": "hi", "timestamp": "2026-01-01T00:00:00Z"}]),
            json!([{"role": "ROLE_USER", "content": [{"text": "h"}, {"text": "i", "new": 1}]}]),
        ];
        for (messages, said) in messages.into_iter().zip(["HI", "H\nI"]) {
            let id = format!("m-{}", said.len());
            let task = json!({"task_id": id, "from": "peer", "type": "shout", "messages": messages, "later": {}});
            peer.publish(INBOX, task.to_string(), Default::default()).await;
            assert_eq!(json(&peer.next(RESULTS).await)["result"], said);
        }
        agent.stop().await;
    }

    async fn a2a_12_a_delegation_that_is_dropped_before_the_brokers_word_is_cancelled(broker) {
        let mut worker = RawPeer::connect(&broker.url(), "worker").await;
        worker.subscribe("a2a/v1/tasks/worker/inbox").await;
        let card = json!({"name": "worker", "status": "online", "capabilities": [], "features": ["intents"]});
        worker.retain("a2a/v1/agents/worker/card", card.to_string()).await;
        let proxy = Proxy::start(broker.address()).await;
        let ours = Client::connect(ConnectOptions::new(proxy.url()).id("ours")).await.unwrap();
        // One that shows that the agent takes more than tasks.
        let mut first = ours.delegate("worker", NewTask::skill("shout").text("a")).await.unwrap();
        worker.next("a2a/v1/tasks/worker/inbox").await;
        let update = json!({"task_id": first.id(), "status": "working", "seq": 1, "from": "worker"});
        worker.publish("a2a/v1/tasks/ours/results", update.to_string(), Default::default()).await;
        assert_eq!(soon(first.next()).await.unwrap().state, TaskState::Working);
        proxy.half_open(Direction::ToClient);
        let second = tokio::spawn(ours.delegate("worker", NewTask::skill("shout").text("b")).into_future());
        let task = json(&worker.next("a2a/v1/tasks/worker/inbox").await);
        second.abort();
        let cancel = json(&worker.next("a2a/v1/tasks/worker/inbox").await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &task["task_id"]));
    }

    async fn a2a_6_an_id_alone_is_looked_up_and_one_of_nothing_is_dropped(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        peer.publish(INBOX, r#"{"task_id": "nothing", "from": "peer"}"#, Default::default()).await;
        peer.publish(INBOX, asked("known", "shout", "a"), Default::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["task_id"], "known");
        peer.publish(INBOX, r#"{"task_id": "known", "from": "peer"}"#, Default::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["task_id"], "known");
        assert_eq!(watch.runs(), 1);
        agent.stop().await;
    }

    async fn a2a_6_an_id_of_no_task_is_answered_where_there_is_a_response_topic(broker) {
        let agent = desk(&Desk::default()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let topic = "a2a/v1/tasks/gone/result";
        peer.subscribe(topic).await;
        peer.publish(INBOX, r#"{"task_id": "gone", "from": "peer"}"#, reply_to(topic, b"gone")).await;
        let answer = json(&peer.next(topic).await);
        assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!("failed"), &json!("unknown_task")));
        agent.stop().await;
    }

    async fn a2a_7_a_request_is_answered_on_its_response_topic_with_its_correlation_data(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let topic = "a2a/v1/tasks/t2/result";
        peer.subscribe(topic).await;
        peer.publish(INBOX, asked("t2", "shout", "x"), reply_to(topic, b"t2")).await;
        let answer = peer.next(topic).await;
        assert_eq!(answer.properties.clone().unwrap().correlation_data.as_deref(), Some(&b"t2"[..]));
        assert_eq!(json(&answer)["result"], "X");
        // A topic that takes no results is never published to.
        peer.subscribe("home/#").await;
        peer.subscribe("a2a/v1/mcp/#").await;
        for unsafe_topic in ["home/door", "a2a/v1/mcp/tools/x/call", "a2a/v1/tasks/x/inbox", "a2a/v1/tasks//result"] {
            peer.publish(INBOX, asked("evil", "shout", "x"), reply_to(unsafe_topic, b"evil")).await;
        }
        peer.publish(INBOX, asked("t3", "shout", "y"), reply_to("a2a/v1/tasks/t2/result", b"t3")).await;
        assert_eq!(json(&peer.next("").await)["task_id"], "t3");
        assert_eq!(watch.runs(), 2);
        agent.stop().await;
    }

    async fn a2a_7_the_requester_subscribes_the_result_before_it_asks_and_unsubscribes_after(broker) {
        let mut executor = RawPeer::connect(&broker.url(), "writer").await;
        executor.subscribe("a2a/v1/tasks/writer/inbox").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let waiting = tokio::spawn(client.request("writer", "a poem").returning::<String>().into_future());
        let inbox = executor.next("a2a/v1/tasks/writer/inbox").await;
        let task = json(&inbox);
        let id = task["task_id"].as_str().unwrap().to_owned();
        assert_eq!((&task["from"], &task["to"]), (&json!("me"), &json!("writer")));
        assert_eq!(task["messages"][0]["content"], "a poem");
        assert_eq!(task["messages"][0]["role"], "user");
        assert!(task["created_at"].is_string());
        let properties = inbox.properties.unwrap();
        assert_eq!(properties.response_topic, Some(format!("a2a/v1/tasks/{id}/result")));
        assert_eq!(properties.correlation_data.as_deref(), Some(id.as_bytes()));
        // As soon as it asked, the answer arrives: the subscription was granted before.
        let result = json!({"task_id": id, "status": "done", "result": "roses", "from": "writer"});
        executor.publish(&format!("a2a/v1/tasks/{id}/result"), result.to_string(), correlated(id.as_bytes())).await;
        assert_eq!(waiting.await.unwrap().unwrap(), "roses");
        let ended = async {
            let topic = format!("a2a/v1/tasks/{id}/result");
            while executor.publish(&topic, "{}", correlated(id.as_bytes())).await != PubAckReason::NoMatchingSubscribers {}
        };
        if broker.can().reports_no_subscribers {
            soon(ended).await;
        }
        client.close().await;
    }

    async fn a2a_8_a_requester_takes_its_answer_from_its_own_results_too_and_once(broker) {
        let mut executor = RawPeer::connect(&broker.url(), "writer").await;
        executor.subscribe("a2a/v1/tasks/writer/inbox").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let waiting = tokio::spawn(client.request("writer", "a poem").into_future());
        let id = json(&executor.next("a2a/v1/tasks/writer/inbox").await)["task_id"].as_str().unwrap().to_owned();
        for poem in ["first", "second"] {
            let result = json!({"task_id": id, "status": "completed", "result": poem, "from": "writer"});
            executor.publish("a2a/v1/tasks/me/results", result.to_string(), Default::default()).await;
        }
        assert_eq!(waiting.await.unwrap().unwrap(), "first");
        client.close().await;
    }

    async fn a2a_11_a_result_of_somebody_else_ends_no_task(broker) {
        let mut executor = RawPeer::connect(&broker.url(), "writer").await;
        executor.subscribe("a2a/v1/tasks/writer/inbox").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let mut task = client.delegate("writer", "a poem").await.unwrap();
        let id = json(&executor.next("a2a/v1/tasks/writer/inbox").await)["task_id"].as_str().unwrap().to_owned();
        let result = |poem: &str, from: Option<&str>| {
            let mut result = json!({"task_id": id, "status": "completed", "result": poem});
            if let Some(from) = from {
                result["from"] = from.into();
            }
            result.to_string()
        };
        // Another agent, one whose id only looks like a replica's, and somebody who doesn't say who they are.
        for from in [Some("thief"), Some("writers"), None] {
            executor.publish("a2a/v1/tasks/me/results", result("forged", from), Default::default()).await;
        }
        // A replica of the agent may have it.
        executor.publish("a2a/v1/tasks/me/results", result("true", Some("writer-b")), Default::default()).await;
        assert_eq!(soon(task.result()).await.unwrap(), "true");
        // Without a name it counts where it names the task by more than its id.
        let mut task = client.delegate("writer", "another").await.unwrap();
        let id = json(&executor.next("a2a/v1/tasks/writer/inbox").await)["task_id"].as_str().unwrap().to_owned();
        let nameless = json!({"task_id": id, "status": "completed", "result": "proven"}).to_string();
        executor.publish("a2a/v1/tasks/me/results", nameless, correlated(id.as_bytes())).await;
        assert_eq!(soon(task.result()).await.unwrap(), "proven");
        client.close().await;
    }

    async fn a2a_10_every_end_has_its_state(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let sum: Sum = client.request("desk", NewTask::skill("add_up").data(&json!({"numbers": [1, 2]}))).returning().await.unwrap();
        assert_eq!(sum, Sum { sum: 3 });
        let failed = client.request("desk", NewTask::skill("add_up").data(&json!({"numbers": []}))).await.unwrap_err();
        assert_eq!(failed.to_string(), "the task failed: no numbers; give some");
        let rejected = client.request("desk", NewTask::skill("add_up").data(&json!({"numbers": "x", "nombers": 1}))).await.unwrap_err();
        let DelegateError::Rejected(error) = rejected else { panic!("{rejected:?}") };
        assert_eq!(error.kind, "invalid_arguments");
        assert!(error.message.contains("`/nombers`: unknown; did you mean `numbers`?"), "{error}");
        let rejected = client.request("desk", NewTask::skill("ad_up")).await.unwrap_err();
        assert!(rejected.to_string().contains("no skill `ad_up`; ask for one of `add_up`, "), "{rejected}");
        let late = client.request("desk", NewTask::skill("dawdle")).await.unwrap_err();
        assert!(matches!(&late, DelegateError::Failed(error) if error.kind == "timeout"), "{late:?}");
        let panicked = client.request("desk", NewTask::skill("stumble")).await.unwrap_err();
        assert!(matches!(&panicked, DelegateError::Failed(error) if error.code.as_deref() == Some("panic")), "{panicked:?}");
        agent.stop().await;
    }

    async fn a2a_12_a_cancel_ends_a_task_and_only_its_sender_s_does(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let mut held = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        let mut canceled = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        watch.until(2).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let forged = json!({"task_id": held.id(), "intent": "cancel", "from": "peer", "to": "desk"});
        peer.publish(INBOX, forged.to_string(), Default::default()).await;
        // It comes after the forged one, which is looked at by then.
        canceled.cancel().await.unwrap();
        assert!(matches!(soon(canceled.result()).await, Err(DelegateError::Canceled)));
        watch.open(2);
        soon(held.result()).await.unwrap();
        // A terminal state never changes.
        let again = soon(canceled.ended()).await.unwrap();
        assert_eq!(again.status, TaskState::Canceled);
        agent.stop().await;
    }

    async fn a2a_12_a2a_13_a_question_is_asked_and_answered(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("paint").text("a house")).await.unwrap();
        let mut states = Vec::new();
        let mut pictures = Vec::new();
        while let Some(update) = soon(task.next()).await {
            if update.state == TaskState::InputRequired {
                assert_eq!(update.message.unwrap().text(), "Which colour?");
                task.send("red").await.unwrap();
            }
            states.push(update.state);
            pictures.extend(update.artifacts);
        }
        use TaskState::*;
        states.dedup();
        assert_eq!(states, [Submitted, Working, InputRequired, Working]);
        assert_eq!(pictures[0].parts, [Part::raw(vec![0, 159, 146, 150], "image/x-test")]);
        let end = soon(task.ended()).await.unwrap();
        assert_eq!(end.result.unwrap(), "painted red");
        assert_eq!(end.artifacts, pictures);
        agent.stop().await;
    }

    async fn a2a_13_updates_come_only_where_they_are_asked_for_and_with_rising_seq(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        watch.open(2);
        peer.publish(INBOX, asked("quiet", "hold", ""), Default::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["status"], "completed");
        let mut task: serde_json::Value = serde_json::from_str(&asked("loud", "hold", "")).unwrap();
        task["updates"] = true.into();
        peer.publish(INBOX, task.to_string(), Default::default()).await;
        let mut last = 0;
        let mut states = Vec::new();
        loop {
            let message = json(&peer.next(RESULTS).await);
            assert_eq!(message["task_id"], "loud");
            states.push(message["status"].as_str().unwrap().to_owned());
            let Some(seq) = message["seq"].as_u64() else { break };
            assert!(seq > last, "{message}");
            last = seq;
        }
        states.dedup();
        assert_eq!(states, ["submitted", "working", "completed"]);
        // A question that nobody would see is an error of the handler's.
        peer.publish(INBOX, asked("blind", "paint", ""), Default::default()).await;
        let failed = json(&peer.next(RESULTS).await);
        assert!(failed["error"]["message"].as_str().unwrap().contains("without `updates`"), "{failed}");
        agent.stop().await;
    }

    async fn a2a_14_a_task_is_run_once_however_often_it_comes(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        for _ in 0..3 {
            peer.publish(INBOX, asked("once", "hold", ""), Default::default()).await;
        }
        // The inbox is read in its order: once this one is answered, all of those were taken.
        peer.publish(INBOX, asked("marker", "shout", ""), Default::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["task_id"], "marker");
        watch.until(2).await;
        watch.open(3);
        assert_eq!(json(&peer.next(RESULTS).await)["result"], "attempt 1");
        // Finished: its result is sent again.
        peer.publish(INBOX, asked("once", "hold", ""), Default::default()).await;
        assert_eq!(json(&peer.next(RESULTS).await)["result"], "attempt 1");
        assert_eq!(watch.runs(), 2);
        // Another sender's task of the same id gets nothing of it, and its sender is told why.
        let foreign = json!({"task_id": "once", "from": "thief", "to": "desk", "type": "hold", "prompt": ""});
        peer.subscribe("a2a/v1/tasks/thief/results").await;
        peer.publish(INBOX, foreign.to_string(), Default::default()).await;
        let rejected = json(&peer.next("a2a/v1/tasks/").await);
        assert_eq!((&rejected["status"], &rejected["error"]["code"]), (&"rejected".into(), &"id_taken".into()));
        assert!(rejected.get("result").is_none(), "{rejected}");
        peer.publish(INBOX, asked("next", "shout", ""), Default::default()).await;
        assert_eq!(json(&peer.next("a2a/v1/tasks/").await)["task_id"], "next");
        agent.stop().await;
    }

    async fn a_dropped_request_does_not_cancel_unless_that_is_asked_for(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let hold = || NewTask::skill("hold");
        let timed_out = client.request("desk", hold()).timeout(Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(timed_out, DelegateError::Timeout { .. }), "{timed_out:?}");
        let mut peer = RawPeer::connect(&broker.url(), "watcher").await;
        peer.subscribe(INBOX).await;
        let dropped = client.request("desk", hold()).cancel_on_drop().timeout(Duration::from_millis(300)).await;
        dropped.unwrap_err();
        let task = json(&peer.next(INBOX).await);
        let cancel = json(&peer.next(INBOX).await);
        assert_eq!((&cancel["intent"], &cancel["task_id"]), (&json!("cancel"), &task["task_id"]));
        assert_eq!(watch.runs(), 2);
        agent.stop().await;
    }

    async fn a_result_that_nobody_waited_for_is_kept_until_it_is_taken(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::builder().store(MemoryStore::new()).connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let id = client.delegate("desk", NewTask::skill("shout").text("later")).await.unwrap().id().to_owned();
        let mut results = client.results().await.unwrap();
        let task = soon(results.next()).await.unwrap();
        assert_eq!((task.task_id.as_str(), task.status), (id.as_str(), TaskState::Completed));
        assert_eq!(task.result.unwrap(), "LATER");
        agent.stop().await;
    }

    async fn what_is_too_large_is_said_on_the_side_that_sends(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let part = Part::raw(vec![7; 1024], "application/octet-stream");
        assert_eq!(client.request("desk", NewTask::skill("shout").text("a").part(part)).await.unwrap(), "A");
        // The default of both sides is 1 MiB; base64 makes more of the bytes.
        let part = Part::raw(vec![7; 900_000], "application/octet-stream");
        let refused = client.request("desk", NewTask::skill("shout").part(part)).await.unwrap_err();
        assert!(matches!(refused, DelegateError::TooLarge { limit: 1_048_448, size: 1_200_000.. }), "{refused:?}");
        let fill = |bytes: usize| NewTask::skill("fill").data(&json!({"bytes": bytes}));
        let refused = client.request("desk", fill(2_000_000)).await.unwrap_err();
        assert!(matches!(&refused, DelegateError::Failed(error) if error.code.as_deref() == Some("too_large")), "{refused:?}");
        let filled: String = client.request("desk", fill(1_000_000)).returning().await.unwrap();
        assert_eq!(filled.len(), 1_000_000);
        agent.stop().await;
    }

    async fn limits_hold_tasks_back_and_refuse_what_is_too_many(broker) {
        let watch = Desk::default();
        let limits = mqtt_agent::Limits::default().with_tasks(1).with_task_queue(2);
        let agent = desk(&watch).limits(limits).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut first = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        watch.until(1).await;
        let mut second = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        let update = soon(second.next()).await.unwrap();
        assert_eq!(update.state, TaskState::Submitted);
        let refused = client.request("desk", NewTask::skill("hold")).await.unwrap_err();
        assert!(matches!(&refused, DelegateError::Rejected(error) if error.code.as_deref() == Some("busy")), "{refused:?}");
        assert_eq!(watch.runs(), 1);
        watch.open(2);
        soon(first.result()).await.unwrap();
        soon(second.result()).await.unwrap();
        agent.stop().await;
    }

    async fn limits_refuse_what_is_too_much_in_bytes(broker) {
        let watch = Desk::default();
        let limits = mqtt_agent::Limits::default().with_tasks(1).with_task_queue_bytes(4096);
        let agent = desk(&watch).limits(limits).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let hold = |bytes| NewTask::skill("hold").text("x".repeat(bytes));
        // Larger than all room: taken where nothing waits.
        let mut first = client.delegate("desk", hold(10_000)).await.unwrap();
        watch.until(1).await;
        let mut second = client.delegate("desk", hold(3000)).await.unwrap();
        assert_eq!(soon(second.next()).await.unwrap().state, TaskState::Submitted);
        let refused = client.request("desk", hold(3000)).await.unwrap_err();
        assert!(matches!(&refused, DelegateError::Rejected(error) if error.code.as_deref() == Some("busy")), "{refused:?}");
        watch.open(1);
        soon(first.result()).await.unwrap();
        watch.until(2).await;
        let mut third = client.delegate("desk", hold(3000)).await.unwrap();
        watch.open(2);
        soon(second.result()).await.unwrap();
        soon(third.result()).await.unwrap();
        agent.stop().await;
    }

    async fn a_task_that_has_not_ended_by_its_deadline_fails(broker) {
        let watch = Desk::default();
        let limits = mqtt_agent::Limits::default().with_tasks(1);
        let agent = desk(&watch).limits(limits).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let hold = |seconds| client.delegate("desk", NewTask::skill("hold")).timeout(Duration::from_secs(seconds));
        let mut running = hold(3).await.unwrap();
        watch.until(1).await;
        let mut waiting = hold(1).await.unwrap();
        for task in [&mut waiting, &mut running] {
            let late = soon(task.result()).await.unwrap_err();
            assert!(matches!(&late, DelegateError::Failed(error) if error.kind == "timeout"), "{late:?}");
        }
        assert_eq!(watch.runs(), 1);
        agent.stop().await;
    }

    async fn the_methods_of_a_value_are_skills_and_its_card_is_the_agent_s(broker) {
        let agent = Agent::of(Office { greeting: "Good day" }).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let card = client.agent("front-office").await.unwrap().unwrap();
        assert_eq!((card.name.as_str(), card.description.as_str()), ("Office", "Greets people."));
        let greeted = client.request("front-office", NewTask::skill("greet").data(&json!({"name": "Ada"})));
        assert_eq!(greeted.await.unwrap(), "Good day, Ada");
        // One that names no skill gets the only one; a blocking one runs beside the others.
        let counted = Agent::new("counter").skills(skills![count_slowly]).start(&broker.url()).await.unwrap();
        assert_eq!(client.request("counter", json!({"to": 3})).await.unwrap(), 3);
        counted.stop().await;
        agent.stop().await;
    }

    async fn sub_13_a_task_inherits_trace_and_deadline_of_the_handler_that_asks(broker) {
        let mut executor = RawPeer::connect(&broker.url(), "writer").await;
        executor.subscribe("a2a/v1/tasks/writer/inbox").await;
        let agent = Agent::new("boss").tools(tools![ask_the_writer]).start(&broker.url()).await.unwrap();
        let mut caller = RawPeer::connect(&broker.url(), "caller").await;
        let mut properties = reply_to("a2a/v1/mcp/clients/caller/responses", b"c1");
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        properties.user_properties = vec![("traceparent".to_owned(), parent.to_owned())];
        properties.message_expiry_interval = Some(7);
        let call = json!({"call_id": "c1", "client": "caller", "arguments": {}});
        caller.publish("a2a/v1/mcp/tools/ask_the_writer/call", call.to_string(), properties).await;
        let properties = executor.next("a2a/v1/tasks/writer/inbox").await.properties.unwrap();
        // The embedded broker adds one of its own.
        assert!(properties.user_properties.contains(&("traceparent".to_owned(), parent.to_owned())));
        let expiry = properties.message_expiry_interval.unwrap();
        assert!(expiry <= 7, "{expiry}");
        agent.stop().await;
    }

    async fn a_task_calls_tools_and_other_agents(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let boss = Agent::new("boss").skills(skills![have_shouted]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.request("boss", "quiet").await.unwrap(), "QUIET!");
        boss.stop().await;
        agent.stop().await;
    }
}

/// Asks a writer.
#[tool]
async fn ask_the_writer(cx: &Context) -> Result<String, String> {
    cx.client().request("writer", "a poem").returning().await.map_err(|error| error.to_string())
}

/// Has somebody else shout.
#[skill]
async fn have_shouted(task: mqtt_agent::Task, cx: &Context) -> Result<String, String> {
    let shouted =
        cx.client().request("desk", NewTask::skill("shout").text(task.text())).returning::<String>();
    Ok(shouted.await.map_err(|error| error.to_string())? + "!")
}

/// Greets people.
#[derive(AgentCard)]
#[card(id = "front-office", version = "1.0.0")]
struct Office {
    greeting: &'static str,
}

#[agent]
impl Office {
    /// Greets somebody.
    #[skill]
    async fn greet(&self, name: String) -> String {
        format!("{}, {name}", self.greeting)
    }
}

/// Counts on the blocking pool.
#[skill(blocking)]
fn count_slowly(to: u32) -> u32 {
    (0..to).map(|_| 1).sum()
}
