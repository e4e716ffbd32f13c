//! `mqtt-agent mcp --agents`: long calls of skills for hosts that know no tasks. They get a handle, and call `agent_task`
//! with it until they have the result.

use mqtt_agent::prelude::*;
use mqtt_agent::tools;
use serde_json::{Value, json};
use support::{TestBroker, soon};

use crate::baker::{self, Baker, host};
use crate::host::{Asks, ERAS, Era, Host};
use crate::tokens::{PROBE, SCOUT, both};

/// Each call is answered with a handle at once, and a wait after a second.
const AT_ONCE: &[&str] = &["--agents", "--handle-after", "1ms"];

/// Whoever waits does so until the test goes on.
const PATIENT: &[&str] = &["--agents", "--handle-after", "3s"];

/// Begins a call, and gives the id of its handle.
async fn begun(host: &mut impl Asks, tool: &str, message: &str) -> Value {
    let result = host.call(tool, json!({"message": message})).await;
    let handle = &result["structuredContent"]["agent_task"];
    assert_eq!(
        (&handle["status"], result.get("isError")),
        (&json!("working"), Some(&json!(false))),
        "{result}"
    );
    let text = result["content"][0]["text"].as_str().unwrap();
    let id = handle["id"].clone();
    assert!(text.contains(&format!("call `agent_task` with {}", json!({"id": id}))), "{text}");
    id
}

async fn wait(host: &mut impl Asks, id: &Value) -> Value {
    host.call("agent_task", json!({ "id": id })).await
}

/// Waits until something is so.
async fn until(host: &mut impl Asks, id: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    soon(async {
        loop {
            let result = wait(host, id).await;
            if is_so(&result) {
                return result;
            }
        }
    })
    .await
}

fn is_over(result: &Value) -> bool {
    result["structuredContent"].get("agent_task").is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_call_is_a_handle_that_is_asked_until_it_has_the_result() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, json!({})).await;
        let id = begun(&mut host, "baker_roast", "bread").await;
        let says = json!({"id": id, "status": "working", "message": "in the oven"});
        let working = until(&mut host, &id, |result| result["structuredContent"]["agent_task"] == says).await;
        assert!(working["content"][0]["text"].as_str().unwrap().contains("in the oven"), "{working}");
        baker.ready.add_permits(1);
        let end = until(&mut host, &id, is_over).await;
        assert_eq!(end["content"][0]["text"], "roasted: bread", "{end}");
        // A host that has lost the answer asks again.
        assert_eq!(wait(&mut host, &id).await, end);

        let id = begun(&mut host, "baker_roast", "burnt").await;
        baker.ready.add_permits(1);
        let end = until(&mut host, &id, is_over).await;
        assert_eq!(end["isError"], true, "{end}");
        assert_eq!(end["_meta"]["mqtt-agent/error"]["message"], "it is burnt", "{end}");
        host.end().await;
        for _ in 0..2 {
            assert_eq!(soon(baker.heard.recv()).await, Some("began"));
            assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        }
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_waits_for_45_seconds_before_it_is_a_handle() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), &["--agents", "--task-after", "1ms"], json!({})).await;
        let tools = host.tools().await;
        let tool = tools.iter().find(|tool| tool["name"] == "agent_task").unwrap();
        assert!(tool["description"].as_str().unwrap().contains("up to 45 s"), "{tool}");
        let params = json!({"name": "baker_roast", "arguments": {"message": "bread"}});
        let id = host.request("tools/call", params).await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        baker.ready.add_permits(1);
        let answer = host.answer(id).await;
        assert_eq!(answer["result"]["content"][0]["text"], "roasted: bread", "{answer}");
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_told_of_progress() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), &["--agents", "--handle-after", "3s"], json!({})).await;
        let id = begun(&mut host, "baker_roast", "bread").await;
        let params = json!({"name": "agent_task", "arguments": {"id": id}, "_meta": {"progressToken": 1}});
        let call = host.request("tools/call", params).await;
        let told = host.next_of("notifications/progress").await;
        assert_eq!(told["params"]["message"], "in the oven", "{told}");
        host.answer(call).await;
        baker.ready.add_permits(1);
        let end = until(&mut host, &id, is_over).await;
        assert_eq!(end["content"][0]["text"], "roasted: bread", "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_its_host_gives_up_leaves_the_task_as_it_is() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), PATIENT, json!({})).await;
        let id = begun(&mut host, "baker_roast", "bread").await;
        let params = json!({"name": "agent_task", "arguments": {"id": id}, "_meta": {"progressToken": 1}});
        let call = host.request("tools/call", params).await;
        host.next_of("notifications/progress").await;
        host.cancel(call).await;
        baker.ready.add_permits(1);
        let end = until(&mut host, &id, is_over).await;
        assert_eq!(end["content"][0]["text"], "roasted: bread", "{end}");
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_12_a_task_that_is_cancelled_by_its_handle_is_cancelled_at_its_agent() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), AT_ONCE, json!({})).await;
        let id = begun(&mut host, "baker_roast", "bread").await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        for arguments in
            [json!({"id": id, "cancel": true}), json!({"id": id, "cancel": true}), json!({"id": id})]
        {
            let cancelled = host.call("agent_task", arguments).await;
            assert_eq!(cancelled["structuredContent"]["agent_task"]["status"], "cancelled", "{cancelled}");
        }
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    baker.agent.stop().await;
}

/// Waits until a host of an earlier revision is asked something.
async fn shown(host: &mut Host, id: &Value) -> Value {
    let is_shown = |message: &Value| message["method"] == "elicitation/create";
    soon(async {
        loop {
            if let Some(index) = host.told.iter().position(is_shown) {
                return host.told.remove(index);
            }
            wait(host, id).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_stays_open_when_the_wait_ends_that_brought_it() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    let mut host = host(Era::Legacy, &broker.url(), AT_ONCE, json!({"elicitation": {}})).await;
    let id = begun(&mut host, "baker_guess", "please").await;
    baker.ready.add_permits(1);
    let asked = shown(&mut host, &id).await;
    // The person has not answered, and is not asked again.
    for _ in 0..2 {
        let waited = wait(&mut host, &id).await;
        let says = json!({"id": id, "status": "input_required", "message": "Which bread?"});
        assert_eq!(waited["structuredContent"]["agent_task"], says, "{waited}");
    }
    assert!(!host.told.iter().any(|told| told["method"] == "elicitation/create"), "{:?}", host.told);
    let accept = json!({"action": "accept", "content": {"answer": "rye"}});
    host.send(json!({"jsonrpc": "2.0", "id": asked["id"], "result": accept})).await;
    let end = until(&mut host, &id, is_over).await;
    assert_eq!(end["content"][0]["text"], "rye", "{end}");

    // One that its agent takes back is taken from the person.
    let id = begun(&mut host, "baker_guess", "please").await;
    baker.ready.add_permits(1);
    let asked = shown(&mut host, &id).await;
    baker.ready.add_permits(1);
    let end = until(&mut host, &id, is_over).await;
    assert_eq!(end["content"][0]["text"], "rye, then", "{end}");
    let is_taken = |told: &Value| {
        told["method"] == "notifications/cancelled" && told["params"]["requestId"] == asked["id"]
    };
    while !host.told.iter().any(is_taken) {
        host.tools().await;
    }
    host.end().await;
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_question_a_person_thinks_about_is_answered_with_a_handle() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    let mut host = host(Era::Legacy, &broker.url(), PATIENT, json!({"elicitation": {}})).await;
    baker.ready.add_permits(1);
    let result = host.call("baker_roast", json!({"message": "bread"})).await;
    assert_eq!(result["content"][0]["text"], "roasted: bread", "{result}");
    for _ in 0..2 {
        assert!(soon(baker.heard.recv()).await.is_some());
    }

    baker.ready.add_permits(1);
    let result = host.call("baker_guess", json!({"message": "please"})).await;
    let handle = &result["structuredContent"]["agent_task"];
    assert_eq!(
        (&handle["status"], &handle["message"]),
        (&json!("input_required"), &json!("Which bread?")),
        "{result}"
    );
    let id = handle["id"].clone();
    let asked = shown(&mut host, &id).await;
    let accept = json!({"action": "accept", "content": {"answer": "rye"}});
    host.send(json!({"jsonrpc": "2.0", "id": asked["id"], "result": accept})).await;
    let end = until(&mut host, &id, is_over).await;
    assert_eq!(end["content"][0]["text"], "rye", "{end}");

    // A host that gives up its call wants no task.
    baker.ready.add_permits(1);
    let params = json!({"name": "baker_guess", "arguments": {"message": "please"}});
    let call = host.request("tools/call", params).await;
    let asked = host.next_of("elicitation/create").await;
    host.cancel(call).await;
    let message = host.next_of("notifications/cancelled").await;
    assert_eq!(message["params"]["requestId"], asked["id"], "{message}");
    host.end().await;
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_a_host_never_answers_is_asked_three_times() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    let mut host = host(Era::Modern, &broker.url(), AT_ONCE, json!({"elicitation": {}})).await;
    let id = begun(&mut host, "baker_order", "please").await;
    baker.ready.add_permits(1);
    let asked = until(&mut host, &id, |result| result["resultType"] == "input_required").await;
    let state = &asked["requestState"];
    let retry = json!({"name": "agent_task", "arguments": {"id": id}, "inputResponses": {"other": 7}, "requestState": state});
    for _ in 0..2 {
        let again = host.ask("tools/call", retry.clone()).await;
        assert_eq!(again["result"]["requestState"], *state, "{again}");
    }
    host.ask("tools/call", retry).await;
    let end = until(&mut host, &id, is_over).await;
    assert_eq!(end["_meta"]["mqtt-agent/error"]["code"], "question", "{end}");
    host.end().await;
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_at_the_host_answers_while_a_handle_is_waited_for() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    let accept = |answer| json!({"action": "accept", "content": {"answer": answer}});
    let questions = [("Which bread?", "rye"), ("Which size?", "large")];

    let mut legacy = host(Era::Legacy, &broker.url(), PATIENT, json!({"elicitation": {}})).await;
    let id = begun(&mut legacy, "baker_order", "please").await;
    baker.ready.add_permits(1);
    for (question, answer) in questions {
        let asked = shown(&mut legacy, &id).await;
        assert_eq!(asked["params"]["message"], question, "{asked}");
        legacy.send(json!({"jsonrpc": "2.0", "id": asked["id"], "result": accept(answer)})).await;
    }
    let end = until(&mut legacy, &id, is_over).await;
    assert_eq!(end["content"][0]["text"], "large rye", "{end}");
    legacy.end().await;

    let mut modern = host(Era::Modern, &broker.url(), PATIENT, json!({"elicitation": {}})).await;
    let id = begun(&mut modern, "baker_order", "please").await;
    baker.ready.add_permits(1);
    for (question, answer) in questions {
        let is_asked = |result: &Value| result["resultType"] == "input_required";
        let asked = until(&mut modern, &id, is_asked).await;
        assert_eq!(asked["inputRequests"]["answer"]["params"]["message"], question, "{asked}");
        let retry = |id: &Value, responses: Value, state: &Value| {
            let arguments = json!({ "id": id });
            json!({"name": "agent_task", "arguments": arguments, "inputResponses": responses, "requestState": state})
        };
        let state = &asked["requestState"];
        // What is no answer is refused, and so is another state; the question stays open.
        for wrong in [json!({"answer": 7}), json!({"answer": {"action": "accept", "content": {}}})] {
            let refused = modern.ask("tools/call", retry(&id, wrong, state)).await;
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
        }
        let refused =
            modern.ask("tools/call", retry(&id, json!({"answer": accept(answer)}), &json!("guessed"))).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert_eq!(wait(&mut modern, &id).await["requestState"], *state);
        modern.ask("tools/call", retry(&id, json!({"answer": accept(answer)}), state)).await;
    }
    let end = until(&mut modern, &id, is_over).await;
    assert_eq!(end["content"][0]["text"], "large rye", "{end}");
    modern.end().await;
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_question_its_host_cannot_answer_ends_as_its_call_would() {
    let broker = TestBroker::embedded().await;
    let baker = Baker::start(&broker.url()).await;
    for era in ERAS {
        let mut host = host(era, &broker.url(), PATIENT, json!({})).await;
        let id = begun(&mut host, "baker_order", "please").await;
        baker.ready.add_permits(1);
        let call = json!({"name": "agent_task", "arguments": {"id": id}});
        let answer = soon(async {
            loop {
                let answer = host.ask("tools/call", call.clone()).await;
                if is_over(&answer["result"]) {
                    return answer;
                }
            }
        })
        .await;
        match era {
            Era::Legacy => {
                assert_eq!(answer["result"]["_meta"]["mqtt-agent/error"]["code"], "question", "{answer}")
            }
            Era::Modern => assert_eq!(answer["error"]["code"], -32021, "{answer}"),
        }
        host.end().await;
    }
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_belongs_to_the_identity_of_its_caller_and_outlives_its_session() {
    let broker = TestBroker::embedded().await;
    let mut baker = Baker::start(&broker.url()).await;
    let tokens = both();
    let web = tokens.web(&broker.url(), AT_ONCE).await;
    for era in ERAS {
        let mut mine = web.client(era, Some(SCOUT)).await;
        mine.until_listed("baker_roast").await;
        let id = begun(&mut mine, "baker_roast", "bread").await;
        assert_eq!(soon(baker.heard.recv()).await, Some("began"));
        let mut other = web.client(era, Some(PROBE)).await;
        for arguments in [json!({"id": id}), json!({"id": id, "cancel": true}), json!({"id": "guessed"})] {
            let refused = other.call("agent_task", arguments).await;
            assert_eq!(refused["_meta"]["mqtt-agent/error"]["type"], "invalid_arguments", "{refused}");
        }
        drop(mine);
        let mut again = web.client(era, Some(SCOUT)).await;
        baker.ready.add_permits(1);
        let end = until(&mut again, &id, is_over).await;
        assert_eq!(end["content"][0]["text"], "roasted: bread", "{end}");
        assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    }
    baker.agent.stop().await;
}

/// Has a name that the bridge needs itself.
#[tool]
async fn agent_task() -> String {
    "the tool's own".to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tool_is_there_for_hosts_that_need_it_alone() {
    let broker = TestBroker::embedded().await;
    let server = Agent::new("other").tools(tools![agent_task]).start(&broker.url()).await.unwrap();
    let baker = Baker::start(&broker.url()).await;
    let tasks = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    for era in ERAS {
        let own = |names: &[String]| names.iter().filter(|name| *name == "agent_task").count();
        let is_other = |name: &String| name.starts_with("agent_task_");
        let mut host = host(era, &broker.url(), &["--agents"], json!({})).await;
        soon(async { while !host.names().await.iter().any(is_other) {} }).await;
        let names = host.names().await;
        let other = names.iter().find(|name| is_other(name)).unwrap_or_else(|| panic!("{names:?}")).clone();
        assert_eq!(own(&names), 1, "{names:?}");
        assert_eq!(host.call(&other, json!({})).await["content"][0]["text"], "the tool's own");
        host.end().await;

        let mut host = baker::host(era, &broker.url(), &["--agents"], tasks.clone()).await;
        soon(async { while !host.names().await.iter().any(is_other) {} }).await;
        let names = host.names().await;
        assert!(own(&names) == 0 && names.iter().any(is_other), "{names:?}");
        host.end().await;

        // Without agents the name is free.
        let mut host = Host::start(era, &broker.url(), &[]).await;
        host.listen().await;
        host.until_listed("agent_task").await;
        assert_eq!(host.names().await, ["agent_task"]);
        assert_eq!(host.call("agent_task", json!({})).await["content"][0]["text"], "the tool's own");
        host.end().await;
    }
    server.stop().await;
    baker.agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_searches_for_tools_has_it_in_its_list() {
    let broker = TestBroker::embedded().await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[AT_ONCE, &["--expose", "search"]].concat()).await;
        host.listen().await;
        assert_eq!(host.names().await, ["search_tools", "describe_tools", "call_tool", "agent_task"]);
        let baker = Baker::start(&broker.url()).await;
        let call = json!({"name": "baker_roast", "arguments": {"message": "bread"}});
        let result = soon(async {
            loop {
                let result = host.call("call_tool", call.clone()).await;
                // The bridge has not seen the agent yet.
                if result["isError"] == false {
                    return result;
                }
            }
        })
        .await;
        let id = result["structuredContent"]["agent_task"]["id"].clone();
        baker.ready.add_permits(1);
        let wait = json!({"name": "agent_task", "arguments": {"id": id}});
        soon(async { while !is_over(&host.call("call_tool", wait.clone()).await) {} }).await;
        assert_eq!(self::wait(&mut host, &id).await["content"][0]["text"], "roasted: bread");
        host.end().await;
        baker.agent.stop().await;
    }
}
