//! `mqtt-agent mcp --agents`: long calls of skills as tasks that hosts poll, by the extension
//! `io.modelcontextprotocol/tasks`.

use serde_json::{Value, json};
use support::{TestBroker, soon};

use crate::baker::{Baker, host};
use crate::host::{Asks, ERAS, Era};
use crate::tokens::{PROBE, SCOUT, both};
use crate::web::Web;

const TASKS: &str = "io.modelcontextprotocol/tasks";

/// Each call is a task at once.
const AT_ONCE: &[&str] = &["--agents", "--task-after", "1ms"];

fn polling() -> Value {
    json!({"extensions": {TASKS: {}}})
}

fn answering() -> Value {
    json!({"elicitation": {}, "extensions": {TASKS: {}}})
}

/// Begins a task, and gives its id.
async fn begun(host: &mut impl Asks, tool: &str, message: &str) -> Value {
    let task = host.call(tool, json!({"message": message})).await;
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    task["taskId"].clone()
}

async fn get(host: &mut impl Asks, id: &Value) -> Value {
    let answer = host.ask("tasks/get", json!({"taskId": id})).await;
    answer.get("result").unwrap_or_else(|| panic!("{answer}")).clone()
}

/// Polls until something is so.
async fn until(host: &mut impl Asks, id: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    soon(async {
        loop {
            let task = get(host, id).await;
            if is_so(&task) {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn ended(host: &mut impl Asks, id: &Value) -> Value {
    until(host, id, |task| !["working", "input_required"].contains(&task["status"].as_str().unwrap())).await
}

async fn ack(host: &mut impl Asks, method: &str, params: Value) {
    let answer = host.ask(method, params).await;
    assert_eq!(answer["result"], json!({"resultType": "complete"}), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_call_is_a_task_that_its_host_polls() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, polling()).await;
        let task = host.call("baker_roast", json!({"message": "bread"})).await;
        assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
        // One hour for the call, and a quarter to fetch its end.
        assert_eq!((&task["ttlMs"], &task["pollIntervalMs"]), (&json!(4_500_000), &json!(1000)), "{task}");
        let id = &task["taskId"];
        let working = until(&mut host, id, |task| task.get("statusMessage").is_some()).await;
        assert_eq!(
            (&working["status"], &working["statusMessage"]),
            (&json!("working"), &json!("in the oven"))
        );
        assert_eq!((&working["createdAt"], working.get("result")), (&task["createdAt"], None));
        baker.ready.add_permits(1);
        let end = ended(&mut host, id).await;
        assert_eq!((&end["status"], &end["resultType"]), (&json!("completed"), &json!("complete")), "{end}");
        assert_eq!(end["result"]["content"][0]["text"], "roasted: bread", "{end}");
        assert_eq!(end["result"].get("resultType").is_some(), era == Era::Modern, "{end}");
        assert!(end["lastUpdatedAt"].as_str() > end["createdAt"].as_str(), "{end}");
        // It is kept, and its host is told for how long.
        assert!((300_000..400_000).contains(&end["ttlMs"].as_u64().unwrap()), "{end}");
        assert_eq!(get(&mut host, id).await["result"], end["result"]);

        let id = begun(&mut host, "baker_roast", "burnt").await;
        baker.ready.add_permits(1);
        let end = ended(&mut host, &id).await;
        assert_eq!((&end["status"], &end["result"]["isError"]), (&json!("completed"), &json!(true)), "{end}");
        assert_eq!(end["result"]["_meta"]["mqtt-agent/error"]["message"], "it is burnt", "{end}");
        host.end().await;
        for _ in 0..2 {
            assert_eq!(soon(baker.heard.recv()).await, Some("began"));
            assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        }
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_call_is_answered_with_its_result() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), &["--agents"], polling()).await;
        let result = host.call("baker_quick", json!({"message": "bun"})).await;
        assert_eq!(result["content"][0]["text"], "bun", "{result}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_does_not_declare_the_extension_waits_for_the_result() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, json!({})).await;
        let message = json!({"name": "baker_roast", "arguments": {"message": "bread"}});
        let id = host.request("tools/call", message).await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let refused = host.ask(method, json!({"taskId": "x", "inputResponses": {}})).await;
            assert_eq!(refused["error"]["code"], -32021, "{refused}");
            assert_eq!(refused["error"]["data"]["requiredCapabilities"], polling(), "{refused}");
        }
        baker.ready.add_permits(1);
        let answer = host.answer(id).await;
        assert_eq!(answer["result"]["content"][0]["text"], "roasted: bread", "{answer}");
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_extension_is_there_with_agents_alone() {
    let broker = TestBroker::embedded().await;
    for (arguments, has_tasks) in [(&["--agents"] as &[_], true), (&[], false)] {
        let web = Web::start(&broker.url(), arguments).await;
        let mut client = web.capable(Era::Modern, None, polling()).await;
        let found = client.ask("server/discover", json!({})).await;
        let capabilities = &found["result"]["capabilities"];
        assert_eq!(capabilities["extensions"].get(TASKS), has_tasks.then_some(&json!({})), "{found}");
        assert_eq!(capabilities.get("tasks"), None, "the experimental one of 2025-11-25");
        let code = if has_tasks { -32602 } else { -32601 };
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let refused = client.ask(method, json!({"taskId": "x", "inputResponses": {}})).await;
            assert_eq!(refused["error"]["code"], code, "{refused}");
        }
        for method in ["tasks/list", "tasks/result"] {
            let refused = client.ask(method, json!({"taskId": "x"})).await;
            assert_eq!(refused["error"]["code"], -32601, "{refused}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_12_a_task_that_its_host_cancels_is_cancelled_at_its_agent() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, polling()).await;
        let id = begun(&mut host, "baker_roast", "bread").await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        for _ in 0..2 {
            ack(&mut host, "tasks/cancel", json!({"taskId": id})).await;
        }
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        let end = get(&mut host, &id).await;
        assert_eq!((&end["status"], end.get("result")), (&json!("cancelled"), None), "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_ends_at_its_agent_when_its_host_goes() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, polling()).await;
        begun(&mut host, "baker_roast", "bread").await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        assert_eq!(host.end().await.0, Some(0));
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_of_a_task_are_answered_by_an_update() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, answering()).await;
        let id = begun(&mut host, "baker_order", "please").await;
        baker.ready.add_permits(1);
        let mut keys = Vec::new();
        for (question, answer) in [("Which bread?", "rye"), ("Which size?", "large")] {
            let is_asked = |task: &Value| {
                let mut requests = task["inputRequests"].as_object().into_iter().flat_map(|all| all.values());
                requests.any(|request| request["params"]["message"] == question)
            };
            let asked = until(&mut host, &id, is_asked).await;
            assert_eq!(asked["status"], "input_required", "{asked}");
            let requests = asked["inputRequests"].as_object().unwrap();
            let (key, request) = requests.iter().next().unwrap();
            assert_eq!((requests.len(), &request["method"]), (1, &json!("elicitation/create")), "{asked}");
            assert!(!keys.contains(key), "{asked}");
            keys.push(key.clone());
            let update = |responses: Value| json!({"taskId": id, "inputResponses": responses});
            // What answers no open question is ignored.
            let accept = json!({"action": "accept", "content": {"answer": answer}});
            ack(&mut host, "tasks/update", update(json!({"other": accept}))).await;
            ack(&mut host, "tasks/update", update(json!({}))).await;
            // What is no answer is refused, and the question stays open.
            for wrong in [json!({"action": "accept", "content": {"bread": "rye"}}), json!(7)] {
                let refused = host.ask("tasks/update", update(json!({key: wrong}))).await;
                assert_eq!(refused["error"]["code"], -32602, "{refused}");
            }
            assert_eq!(get(&mut host, &id).await["inputRequests"], asked["inputRequests"]);
            // Twice, as a host does that has lost the first acknowledgement.
            for _ in 0..2 {
                ack(&mut host, "tasks/update", update(json!({key: accept}))).await;
            }
        }
        let end = ended(&mut host, &id).await;
        assert_eq!(end["result"]["content"][0]["text"], "large rye", "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_its_agent_takes_back_holds_no_result_up() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, answering()).await;
        let id = begun(&mut host, "baker_guess", "please").await;
        baker.ready.add_permits(1);
        until(&mut host, &id, |task| task["status"] == "input_required").await;
        baker.ready.add_permits(1);
        let end = ended(&mut host, &id).await;
        assert_eq!(end["result"]["content"][0]["text"], "rye, then", "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_declined_ends_its_task() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, answering()).await;
        let id = begun(&mut host, "baker_order", "please").await;
        baker.ready.add_permits(1);
        until(&mut host, &id, |task| task["status"] == "input_required").await;
        let responses = json!({"answer-1": {"action": "decline"}});
        ack(&mut host, "tasks/update", json!({"taskId": id, "inputResponses": responses})).await;
        let end = ended(&mut host, &id).await;
        assert_eq!((&end["status"], &end["result"]["isError"]), (&json!("completed"), &json!(true)), "{end}");
        assert_eq!(end["result"]["_meta"]["mqtt-agent/error"]["code"], "declined", "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_question_its_host_cannot_answer_ends_as_its_call_would() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, polling()).await;
        let id = begun(&mut host, "baker_order", "please").await;
        baker.ready.add_permits(1);
        let end = ended(&mut host, &id).await;
        match era {
            Era::Legacy => {
                assert_eq!(end["status"], "completed", "{end}");
                assert_eq!(end["result"]["_meta"]["mqtt-agent/error"]["code"], "question", "{end}");
            }
            Era::Modern => {
                assert_eq!((&end["status"], end.get("result")), (&json!("failed"), None), "{end}");
                assert_eq!(end["error"]["code"], -32021, "{end}");
                assert_eq!(end["statusMessage"], end["error"]["message"], "{end}");
            }
        }
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_belongs_to_the_identity_of_its_caller_and_outlives_its_session() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    let tokens = both();
    let web = tokens.web(&broker.url(), AT_ONCE).await;
    for era in ERAS {
        let mut mine = web.capable(era, Some(SCOUT), polling()).await;
        mine.until_listed("baker_roast").await;
        let id = begun(&mut mine, "baker_roast", "bread").await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        let mut other = web.capable(era, Some(PROBE), polling()).await;
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let refused = other.ask(method, json!({"taskId": id, "inputResponses": {}})).await;
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
        }
        drop(mine);
        let mut again = web.capable(era, Some(SCOUT), polling()).await;
        assert_eq!(get(&mut again, &id).await["status"], "working");
        baker.ready.add_permits(1);
        assert_eq!(ended(&mut again, &id).await["result"]["content"][0]["text"], "roasted: bread");
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    }
    // An identity whose last token is gone has no tasks any more.
    let mut mine = web.capable(Era::Modern, Some(SCOUT), polling()).await;
    begun(&mut mine, "baker_roast", "bread").await;
    assert_eq!(soon(baker.heard.recv()).await, Some("began"));
    tokens.write(&format!("probe {PROBE}"));
    assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_beyond_the_most_tasks_is_answered_with_its_result() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    let mut host = host(Era::Modern, &broker.url(), AT_ONCE, polling()).await;
    let mut first = Value::Null;
    for number in 0..128 {
        let id = begun(&mut host, "baker_roast", "bread").await;
        if number == 0 {
            first = id;
        }
    }
    let message = json!({"name": "baker_roast", "arguments": {"message": "more"}});
    let call = host.request("tools/call", message).await;
    baker.ready.add_permits(129);
    let answer = host.answer(call).await;
    assert_eq!(answer["result"]["content"][0]["text"], "roasted: more", "{answer}");
    assert_eq!(ended(&mut host, &first).await["status"], "completed");
    host.end().await;
    baker.agent.stop().await;
}
