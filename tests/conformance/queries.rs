//! A delegator asks where its tasks are, and takes them up again (`A2A-16`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, MemoryStore, NewTask, TaskRecord, TaskSide, TaskStore};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::{Value, json};
use support::{RawPeer, eventually, json, on_each_broker, reply_to, soon};

use crate::skills::*;

const INBOX: &str = "a2a/v1/tasks/desk/inbox";
const RESULTS: &str = "a2a/v1/tasks/peer/results";

async fn client(url: &str, id: &str) -> Client {
    Client::connect(ConnectOptions::new(url).id(id)).await.unwrap()
}

/// The answer to a query of a bare peer.
async fn answer(peer: &mut RawPeer, query: Value) -> Value {
    peer.publish(INBOX, query.to_string(), reply_to(RESULTS, b"q")).await;
    loop {
        let publish = peer.next(RESULTS).await;
        let body = json(&publish);
        if body.get("query").is_some() {
            assert_eq!(publish.properties.unwrap().correlation_data.as_deref(), Some(&b"q"[..]));
            return body;
        }
    }
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["tasks"].as_array().unwrap().iter().map(|task| task["task_id"].as_str().unwrap()).collect()
}

/// The id of a task that waits at its agent, and whose client has gone.
async fn left(url: &str, watch: &Desk) -> String {
    let first = client(url, "ours").await;
    let id = first.delegate("desk", NewTask::skill("hold").text("x")).await.unwrap().id().to_owned();
    watch.until(1).await;
    first.close().await;
    id
}

on_each_broker! {
    async fn a2a_16_tasks_are_listed_and_looked_at_by_who_gave_them(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let shouted = ours.delegate("desk", NewTask::skill("shout").text("hi")).await.unwrap().id().to_owned();
        // One after the other: the list has the order in which the executor stored them.
        watch.until(1).await;
        let failed = ours.delegate("desk", NewTask::skill("add_up").data(&json!({"numbers": []}))).await.unwrap();
        let failed = failed.id().to_owned();
        watch.until(2).await;
        let held = ours.delegate("desk", NewTask::skill("hold").text("x")).await.unwrap();
        watch.until(3).await;
        let page = eventually("the first two have ended", || async {
            let page = ours.tasks("desk").await.unwrap();
            (page.tasks.iter().filter(|task| task.status.is_terminal()).count() == 2).then_some(page)
        })
        .await;
        assert_eq!(page.next, None);
        let seen: Vec<_> = page.tasks.iter().map(|task| (&*task.kind, task.status, task.task_id.as_str())).collect();
        assert_eq!(seen, [
            ("shout", TaskState::Completed, &*shouted),
            ("add_up", TaskState::Failed, &*failed),
            ("hold", TaskState::Working, held.id()),
        ]);
        assert_eq!(page.tasks[0].result, Some(json!("HI")));
        assert!(page.tasks[1].error.is_some() && page.tasks[2].result.is_none());
        assert!(page.tasks.iter().all(|task| task.from == "ours" && task.seq > 0 && !task.created_at.is_empty()));
        let working = ours.tasks("desk").states([TaskState::Working]).await.unwrap();
        assert_eq!(working.tasks, [page.tasks[2].clone()]);
        let one = ours.task("desk", &failed).await.unwrap().unwrap();
        assert_eq!(one, page.tasks[1]);
        assert_eq!(ours.task("desk", "nothing").await.unwrap(), None);
        watch.open(1);
        agent.stop().await;
    }

    async fn a2a_16_sub_7_others_tasks_are_as_if_they_did_not_exist(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let mut task = ours.delegate("desk", NewTask::skill("shout").text("hi")).await.unwrap();
        task.ended().await.unwrap();
        let theirs = client(&broker.url(), "theirs").await;
        assert!(theirs.tasks("desk").await.unwrap().tasks.is_empty());
        assert_eq!(theirs.task("desk", task.id()).await.unwrap(), None);
        let error = theirs.attach("desk", task.id()).await.unwrap_err();
        assert!(matches!(error, DelegateError::UnknownTask { .. }), "{error:?}");
        // A peer that claims to be somebody else gets nothing, and nobody's topic but a delegator's is answered.
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/#").await;
        let body = answer(&mut peer, json!({"intent": "query", "from": "ours"})).await;
        assert_eq!(body, json!({"query": true, "tasks": []}));
        let body = answer(&mut peer, json!({"intent": "query", "from": "ours", "task_id": task.id()})).await;
        assert_eq!(body, json!({"query": true, "tasks": []}));
        for topic in ["a2a/v1/tasks/x/result", "a2a/v1/mcp/clients/peer/responses", "elsewhere", "a2a/v1/tasks/a/b/results"] {
            peer.publish(INBOX, json!({"intent": "query"}).to_string(), reply_to(topic, b"x")).await;
        }
        peer.publish(INBOX, json!({"intent": "query"}).to_string(), Default::default()).await;
        // Answered after those that were not.
        answer(&mut peer, json!({"intent": "query"})).await;
        for topic in ["a2a/v1/tasks/x/result", "a2a/v1/mcp/clients/peer/responses"] {
            assert!(peer.next_within(topic, Duration::ZERO).await.is_none(), "{topic}");
        }
        assert_eq!(watch.runs(), 1, "no query was run as a task");
        agent.stop().await;
    }

    async fn a2a_16_on_the_wire(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        let card = client(&broker.url(), "ours").await.agent("desk").await.unwrap().unwrap();
        assert!(card.features.iter().any(|feature| feature == "query"), "{card:?}");
        for id in ["t1", "t2", "t3"] {
            let task = json!({"task_id": id, "from": "peer", "type": "shout", "prompt": id});
            peer.publish(INBOX, task.to_string(), Default::default()).await;
            peer.next(RESULTS).await;
        }
        let body = answer(&mut peer, json!({"intent": "query", "from": "peer", "limit": 2})).await;
        assert_eq!((ids(&body), &body["next"]), (vec!["t1", "t2"], &json!("t2")));
        let mut task = body["tasks"][0].clone();
        for changing in ["created_at", "updated_at"] {
            assert!(task[changing].take().as_str().unwrap().ends_with('Z'));
        }
        assert!(task["seq"].take().is_u64());
        assert_eq!(task, json!({
            "task_id": "t1", "from": "peer", "type": "shout", "status": "completed", "seq": null,
            "created_at": null, "updated_at": null, "result": "T1",
        }));
        let body = answer(&mut peer, json!({"intent": "query", "after": "t2"})).await;
        assert_eq!((ids(&body), body.get("next")), (vec!["t3"], None));
        let body = answer(&mut peer, json!({"intent": "query", "task_id": "t2"})).await;
        assert_eq!(ids(&body), ["t2"]);
        // Filters that can't be read are passed over, in any spelling of the states.
        let body = answer(&mut peer, json!({"intent": "query", "states": ["TASK_STATE_DONE", 7], "limit": "two"})).await;
        assert_eq!(ids(&body).len(), 3);
        let body = answer(&mut peer, json!({"intent": "query", "states": ["working"]})).await;
        assert!(ids(&body).is_empty());
        agent.stop().await;
    }

    async fn a2a_16_pages_are_bounded_in_bytes(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        // The last one is larger than a page.
        for bytes in [20_000, 20_000, 20_000, 20_000, 100_000] {
            let fill = NewTask::skill("fill").data(&json!({"bytes": bytes}));
            ours.delegate("desk", fill).await.unwrap().ended().await.unwrap();
        }
        let (mut all, mut pages, mut next) = (Vec::new(), 0, None);
        loop {
            let mut list = ours.tasks("desk");
            if let Some(after) = next {
                list = list.after(after);
            }
            let page = list.await.unwrap();
            let bytes: usize = page.tasks.iter().map(|task| json!(task).to_string().len()).sum();
            assert!(bytes <= 60 << 10, "{bytes}");
            all.extend(page.tasks);
            pages += 1;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!((all.len(), pages), (5, 2));
        assert_eq!(all.iter().map(|task| &task.task_id).collect::<BTreeSet<_>>().len(), 5);
        assert!(all[3].result.is_some() && all[4].result.is_none(), "left out");
        let one = ours.task("desk", all[4].task_id.as_str()).await.unwrap().unwrap();
        assert_eq!(one.result.unwrap().as_str().unwrap().len(), 100_000);
        agent.stop().await;
    }

    async fn a2a_16_a_running_task_is_attached_to_by_a_later_process(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let id = left(&broker.url(), &watch).await;
        let second = client(&broker.url(), "ours").await;
        let mut task = second.attach("desk", &id).returning::<String>().await.unwrap();
        assert_eq!((task.id(), task.agent()), (&*id, "desk"));
        assert_eq!(soon(task.next()).await.unwrap().state, TaskState::Working, "where it is");
        watch.open(1);
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");
        agent.stop().await;
    }

    async fn a2a_16_a_task_that_was_requested_is_attached_to_as_well(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let request = tokio::spawn(ours.request("desk", NewTask::skill("hold").text("x")).into_future());
        watch.until(1).await;
        request.abort();
        let page = ours.tasks("desk").await.unwrap();
        let id = page.tasks[0].task_id.as_str();
        let mut task = eventually("nobody waits for it", || async {
            match ours.attach("desk", id).returning::<String>().await {
                Ok(task) => Some(task),
                Err(DelegateError::Attached { .. }) => None,
                Err(error) => panic!("{error:?}"),
            }
        })
        .await;
        watch.open(1);
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");
        agent.stop().await;
    }

    async fn a2a_16_a_task_that_has_ended_has_its_end_at_once(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let mut shouted = ours.delegate("desk", NewTask::skill("shout").text("hi")).await.unwrap();
        shouted.ended().await.unwrap();
        let mut failed = ours.delegate("desk", NewTask::skill("add_up").data(&json!({"numbers": []}))).await.unwrap();
        failed.ended().await.unwrap();
        let large = NewTask::skill("fill").data(&json!({"bytes": 900_000}));
        let mut large = ours.delegate("desk", large).await.unwrap();
        large.ended().await.unwrap();
        // Twice: nothing is taken from anybody.
        for _ in 0..2 {
            let mut task = ours.attach("desk", shouted.id()).returning::<String>().await.unwrap();
            assert_eq!(soon(task.result()).await.unwrap(), "HI");
            assert!(soon(task.next()).await.is_none());
        }
        let error = soon(ours.attach("desk", failed.id()).await.unwrap().result()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Failed(_)), "{error:?}");
        let mut task = ours.attach("desk", large.id()).returning::<String>().await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap().len(), 900_000);
        agent.stop().await;
    }

    async fn a2a_16_an_end_that_a_handle_takes_is_not_given_to_results_too(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let store = Arc::new(MemoryStore::new());
        let options = ConnectOptions::new(broker.url()).id("ours");
        let ours = Client::builder().store(Arc::clone(&store)).connect(options).await.unwrap();
        let id = ours.delegate("desk", NewTask::skill("shout").text("hi")).await.unwrap().id().to_owned();
        eventually("its end is stored", || async {
            store.get(TaskSide::Delegator, &id).await.unwrap().filter(|record| record.task.status.is_terminal())
        })
        .await;
        let mut task = ours.attach("desk", &id).returning::<String>().await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), "HI");
        let next = ours.delegate("desk", NewTask::skill("shout").text("ho")).await.unwrap().id().to_owned();
        let mut results = ours.results().await.unwrap();
        assert_eq!(soon(results.next()).await.unwrap().task_id.as_str(), next);
        // The agent still knows it.
        let mut task = ours.attach("desk", &id).returning::<String>().await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), "HI");
        agent.stop().await;
    }

    async fn a2a_16_a_task_that_somebody_waits_for_is_not_attached_to_twice(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let mut held = ours.delegate("desk", NewTask::skill("hold").text("x")).returning::<String>().await.unwrap();
        let error = ours.attach("desk", held.id()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Attached { .. }), "{error:?}");
        watch.open(1);
        assert_eq!(soon(held.result()).await.unwrap(), "attempt 1");
        // Left by its handle, and taken up again.
        let id = ours.delegate("desk", NewTask::skill("hold").text("y")).await.unwrap().id().to_owned();
        watch.until(2).await;
        let mut task = ours.attach("desk", &id).returning::<String>().await.unwrap();
        let error = ours.attach("desk", &id).await.unwrap_err();
        assert!(matches!(error, DelegateError::Attached { .. }), "{error:?}");
        watch.open(1);
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");
        agent.stop().await;
    }

    async fn a2a_16_an_attached_task_can_be_answered_and_cancelled(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let first = client(&broker.url(), "ours").await;
        let asks = first.delegate("desk", NewTask::skill("paint").text("x")).await.unwrap().id().to_owned();
        let held = first.delegate("desk", NewTask::skill("hold").text("x")).await.unwrap().id().to_owned();
        watch.until(2).await;
        first.close().await;
        let second = client(&broker.url(), "ours").await;
        let mut task = second.attach("desk", &asks).returning::<String>().await.unwrap();
        let question = async {
            loop {
                let update = task.next().await.unwrap();
                if update.state == TaskState::InputRequired {
                    return update.message.unwrap().text();
                }
            }
        };
        assert_eq!(soon(question).await, "Which colour?");
        task.send("red").await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), "painted red");
        let mut task = second.attach("desk", &held).await.unwrap();
        task.cancel().await.unwrap();
        assert_eq!(soon(task.ended()).await.unwrap().status, TaskState::Canceled);
        agent.stop().await;
    }

    async fn a2a_16_an_agent_without_the_feature_is_told_of_at_once(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "older").await;
        peer.subscribe("a2a/v1/tasks/older/inbox").await;
        let card = json!({"name": "older", "status": "online", "capabilities": [], "features": ["intents"]});
        peer.retain("a2a/v1/agents/older/card", card.to_string()).await;
        let ours = client(&broker.url(), "ours").await;
        let error = soon(ours.tasks("older").into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::NoQueries { .. }), "{error:?}");
        let error = soon(ours.attach("older", "t").into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::NoQueries { .. }), "{error:?}");
        assert!(peer.next_within("a2a/v1/tasks/older/inbox", Duration::ZERO).await.is_none(), "nothing is sent");
    }

    async fn a2a_16_an_agent_without_a_card_is_not_there(broker) {
        let ours = client(&broker.url(), "ours").await;
        let error = soon(ours.tasks("nobody").into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Unavailable { .. }), "{error:?}");
        let error = soon(ours.attach("nobody", "t").into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Unavailable { .. }), "{error:?}");
    }

    async fn a2a_16_answers_that_cannot_be_read_and_none_at_all_are_typed(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "odd").await;
        peer.subscribe("a2a/v1/tasks/odd/inbox").await;
        let card = json!({"name": "odd", "status": "online", "capabilities": [], "features": ["query"]});
        peer.retain("a2a/v1/agents/odd/card", card.to_string()).await;
        let ours = client(&broker.url(), "ours").await;
        for body in ["no JSON", "[]", r#"{"query": true}"#, r#"{"query": true, "tasks": 7}"#] {
            let asked = tokio::spawn(ours.tasks("odd").into_future());
            let query = peer.next("a2a/v1/tasks/odd/inbox").await;
            let correlation = query.properties.unwrap().correlation_data.unwrap();
            peer.publish("a2a/v1/tasks/ours/results", body, support::correlated(&correlation)).await;
            let error = soon(asked).await.unwrap().unwrap_err();
            assert!(matches!(error, DelegateError::InvalidAnswer { .. }), "{body}: {error:?}");
        }
        // A task that can't be read is left out, and one that was not asked for is not given.
        let asked = tokio::spawn(ours.task("odd", "t").into_future());
        let query = peer.next("a2a/v1/tasks/odd/inbox").await;
        let correlation = query.properties.unwrap().correlation_data.unwrap();
        let body = json!({"query": true, "tasks": [7, {"task_id": "other", "status": "working"}]}).to_string();
        peer.publish("a2a/v1/tasks/ours/results", body, support::correlated(&correlation)).await;
        assert_eq!(soon(asked).await.unwrap().unwrap(), None);
        let error = soon(ours.tasks("odd").timeout(Duration::from_millis(100)).into_future()).await.unwrap_err();
        assert!(matches!(error, DelegateError::Unanswered { .. }), "{error:?}");
    }

    async fn a2a_16_one_answer_looks_through_a_bounded_number_of_tasks(broker) {
        let store = std::sync::Arc::new(MemoryStore::new());
        for number in 0..5000 {
            store.insert(TaskSide::Executor, ended(number)).await.unwrap();
        }
        let watch = Desk::default();
        let agent = desk(&watch).store(store).start(&broker.url()).await.unwrap();
        // Its connection has an id of its own: that of who asks is the client's.
        let mut peer = RawPeer::connect(&broker.url(), "raw").await;
        peer.subscribe(RESULTS).await;
        let query = |after: &Value| json!({"intent": "query", "states": ["failed"], "after": after});
        let first = answer(&mut peer, query(&Value::Null)).await;
        assert!(ids(&first).is_empty() && first["next"].is_string(), "{first}");
        let (mut after, mut found) = (first["next"].clone(), Vec::new());
        while after.is_string() {
            let body = answer(&mut peer, query(&after)).await;
            found.extend(ids(&body).into_iter().map(str::to_owned));
            after = body["next"].clone();
        }
        assert_eq!(found, ["t4000"]);
        // A client that lists gets a page with something in it.
        let client = client(&broker.url(), "peer").await;
        let page = soon(client.tasks("desk").states([TaskState::Failed]).into_future()).await.unwrap();
        assert_eq!(page.tasks.len(), 1);
        agent.stop().await;
    }

    async fn a2a_16_a_flood_of_queries_takes_no_task_its_place(broker) {
        let store = std::sync::Arc::new(MemoryStore::new());
        for number in 0..2000 {
            store.insert(TaskSide::Executor, ended(number)).await.unwrap();
        }
        let watch = Desk::default();
        let limits = mqtt_agent::Limits::default().with_task_queue(1);
        let agent = desk(&watch).limits(limits).store(store).start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for _ in 0..3000 {
            peer.publish(INBOX, json!({"intent": "query", "states": ["failed"]}).to_string(), reply_to(RESULTS, b"q")).await;
        }
        let mut task = ours.delegate("desk", NewTask::skill("shout").text("hi")).returning::<String>().await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), "HI");
        agent.stop().await;
    }

    async fn a2a_16_a_task_that_its_agent_lost_ends_for_who_is_attached(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let id = left(&broker.url(), &watch).await;
        let second = client(&broker.url(), "ours").await;
        let mut task = second.attach("desk", &id).await.unwrap();
        assert_eq!(soon(task.next()).await.unwrap().state, TaskState::Working);
        drop(agent);
        // It knows nothing of what its former process did.
        let agent = desk(&Desk::default()).start(&broker.url()).await.unwrap();
        let error = soon(task.result()).await.unwrap_err();
        assert!(matches!(&error, DelegateError::Failed(error) if error.code.as_deref() == Some("unknown_task")), "{error:?}");
        agent.stop().await;
    }

    async fn a2a_16_tasks_are_listed_by_an_agents_next_process(broker) {
        let store = MemoryStore::new();
        let watch = Desk::default();
        let shared = std::sync::Arc::new(store);
        let start = || desk(&watch).store(std::sync::Arc::clone(&shared));
        let agent = start().start(&broker.url()).await.unwrap();
        let ours = client(&broker.url(), "ours").await;
        let mut task = ours.delegate("desk", NewTask::skill("shout").text("hi")).await.unwrap();
        task.ended().await.unwrap();
        agent.stop().await;
        let agent = start().start(&broker.url()).await.unwrap();
        let page = soon(ours.tasks("desk").into_future()).await.unwrap();
        assert_eq!(page.tasks[0].result, Some(json!("HI")));
        agent.stop().await;
    }
}

/// A task that has ended; one of them has failed.
fn ended(number: usize) -> TaskRecord {
    let record = json!({"task": {
        "task_id": format!("t{number}"), "from": "peer", "to": "desk", "type": "shout", "title": "",
        "messages": [], "status": if number == 4000 { "failed" } else { "completed" },
        "created_at": "c", "updated_at": "u",
    }, "settled": true});
    serde_json::from_value(record).unwrap()
}
