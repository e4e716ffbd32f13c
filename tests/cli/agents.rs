//! `mqtt-agent mcp --agents`: the skills of agents as tools, with progress, questions and cancels.

use mqtt_agent::prelude::*;
use mqtt_agent::{Running, skills};
use serde_json::{Value, json};
use support::{TestBroker, soon};
use tokio::sync::mpsc;

use crate::host::{Asks, ERAS, Era, Host};
use crate::served::desk;
use crate::tokens::{PROBE, SCOUT, both};

type Told = mpsc::UnboundedSender<&'static str>;

struct Dropped(Told);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

/// Works in steps, and says so.
#[skill(examples("bake bread"))]
async fn bake(task: Task) -> String {
    for step in ["kneading", "waiting", "baking"] {
        task.progress(step).await;
    }
    format!("baked: {}", task.text())
}

/// Works until it is cancelled.
#[skill]
async fn forever(_task: Task, State(told): State<Told>) -> String {
    let _dropped = Dropped(told.clone());
    told.send("began").ok();
    std::future::pending().await
}

/// Says who asks.
#[skill]
async fn who(task: Task) -> String {
    task.sender().to_owned()
}

/// Never works.
#[skill]
async fn fail(_task: Task) -> Result<String, String> {
    Err("the oven is cold".to_owned())
}

async fn baker(url: &str) -> (Running, mpsc::UnboundedReceiver<&'static str>) {
    let (told, heard) = mpsc::unbounded_channel();
    let agent =
        Agent::new("baker").skills(skills![bake, forever, who, fail]).state(told).start(url).await.unwrap();
    (agent, heard)
}

const AGENTS: &[&str] = &["--agents"];

fn error(result: &Value) -> &Value {
    assert_eq!(result["isError"], true, "{result}");
    &result["_meta"]["mqtt-agent/error"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_is_a_tool_where_that_is_asked_for() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = baker(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), AGENTS).await;
        host.listen().await;
        host.until_listed("baker_bake").await;
        let tools = host.tools().await;
        let tool = tools.iter().find(|tool| tool["name"] == "baker_bake").unwrap();
        assert_eq!(tool["description"], "Works in steps, and says so.\n\nExamples:\n- bake bread");
        assert_eq!(tool["inputSchema"]["required"], json!(["message"]));
        let params =
            json!({"name": "baker_bake", "arguments": {"message": "bread"}, "_meta": {"progressToken": 1}});
        let id = host.request("tools/call", params).await;
        let answer = host.answer(id).await;
        assert_eq!(answer["result"]["content"][0]["text"], "baked: bread", "{answer}");
        let steps: Vec<_> =
            host.told.drain(..).filter(|told| told["method"] == "notifications/progress").collect();
        let messages: Vec<_> = steps.iter().map(|step| step["params"]["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["kneading", "waiting", "baking"]);
        let failed = host.call("baker_fail", json!({"message": "x"})).await;
        assert_eq!(
            (&error(&failed)["type"], &error(&failed)["message"]),
            (&json!("tool_error"), &json!("the oven is cold"))
        );
        assert_eq!(error(&host.call("baker_bake", json!({})).await)["type"], "invalid_arguments");
        host.end().await;
    }
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    assert_eq!(host.names().await, Vec::<String>::new());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2a_12_a_cancel_reaches_the_agent() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = baker(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), AGENTS).await;
        host.listen().await;
        host.until_listed("baker_forever").await;
        let params = json!({"name": "baker_forever", "arguments": {"message": "x"}});
        let id = host.request("tools/call", params).await;
        assert_eq!(soon(heard.recv()).await, Some("began"));
        host.cancel(id).await;
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_an_elicitation_for_hosts_that_say_initialize() {
    let broker = TestBroker::embedded().await;
    let agent = desk(&broker.url()).await;
    let mut host = Host::answering(Era::Legacy, &broker.url(), AGENTS).await;
    host.until_listed("desk_greet").await;
    for (action, text) in [("accept", "Hello Ada"), ("decline", "declined")] {
        let id =
            host.request("tools/call", json!({"name": "desk_greet", "arguments": {"message": "hi"}})).await;
        let asked = host.next_of("elicitation/create").await;
        assert_eq!(asked["params"]["message"], "Name?", "{asked}");
        assert_eq!(asked["params"]["requestedSchema"]["required"], json!(["answer"]));
        let result = json!({"action": action, "content": {"answer": "Ada"}});
        host.send(json!({"jsonrpc": "2.0", "id": asked["id"], "result": result})).await;
        let answer = host.answer(id).await;
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains(text), "{answer}");
    }
    host.end().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_a_result_that_asks_for_more_for_hosts_of_2026_07_28() {
    let broker = TestBroker::embedded().await;
    let agent = desk(&broker.url()).await;
    let mut host = Host::answering(Era::Modern, &broker.url(), AGENTS).await;
    host.listen().await;
    host.until_listed("desk_greet").await;
    let arguments = json!({"message": "hi"});
    let asked = host.call("desk_greet", arguments.clone()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    assert_eq!(asked["inputRequests"]["answer"]["params"]["message"], "Name?", "{asked}");
    let responses = json!({"answer": {"action": "accept", "content": {"answer": "Ada"}}});
    let retry = |arguments: &Value, state: &Value| json!({"name": "desk_greet", "arguments": arguments, "inputResponses": responses, "requestState": state});
    // The state is good for the same call alone, and once.
    let other = host.ask("tools/call", retry(&json!({"message": "other"}), &asked["requestState"])).await;
    assert_eq!(other["error"]["code"], -32602, "{other}");
    let answered = host.ask("tools/call", retry(&arguments, &asked["requestState"])).await;
    assert_eq!(answered["result"]["content"][0]["text"], "Hello Ada", "{answered}");
    for state in [&asked["requestState"], &json!("guessed")] {
        let again = host.ask("tools/call", retry(&arguments, state)).await;
        assert_eq!(again["error"]["code"], -32602, "{again}");
    }
    host.end().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_an_answer_is_asked_again_but_not_for_ever() {
    let broker = TestBroker::embedded().await;
    let agent = desk(&broker.url()).await;
    let mut host = Host::answering(Era::Modern, &broker.url(), AGENTS).await;
    host.listen().await;
    host.until_listed("desk_greet").await;
    let arguments = json!({"message": "hi"});
    let retry = |responses: Option<Value>, state: &Value| {
        let mut call = json!({"name": "desk_greet", "arguments": arguments, "requestState": state});
        if let Some(responses) = responses {
            call["inputResponses"] = responses;
        }
        call
    };
    let accept = || Some(json!({"answer": {"action": "accept", "content": {"answer": "Ada"}}}));

    let first = host.call("desk_greet", arguments.clone()).await;
    // What is no result of an elicitation is refused, and its state stays good.
    let malformed = Some(json!({"answer": 7}));
    let refused = host.ask("tools/call", retry(malformed, &first["requestState"])).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    let mut state = first["requestState"].clone();
    for missing in [Some(json!({"other": 7})), Some(json!({}))] {
        let again = host.ask("tools/call", retry(missing, &state)).await["result"].clone();
        assert_eq!(again["resultType"], "input_required", "{again}");
        assert_eq!(again["inputRequests"], first["inputRequests"], "{again}");
        assert_ne!(again["requestState"], state);
        state = again["requestState"].clone();
    }
    let answered = host.ask("tools/call", retry(accept(), &state)).await;
    assert_eq!(answered["result"]["content"][0]["text"], "Hello Ada", "{answered}");

    let mut state = host.call("desk_greet", arguments.clone()).await["requestState"].clone();
    for _ in 0..2 {
        let again = host.ask("tools/call", retry(None, &state)).await["result"].clone();
        assert_eq!(again["resultType"], "input_required", "{again}");
        state = again["requestState"].clone();
    }
    let last = host.ask("tools/call", retry(None, &state)).await;
    assert_eq!(error(&last["result"])["type"], "invalid_arguments", "{last}");
    let ended = host.ask("tools/call", retry(accept(), &state)).await;
    assert_eq!(ended["error"]["code"], -32602, "{ended}");
    host.end().await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_answers_no_questions_is_told_what_was_asked() {
    let broker = TestBroker::embedded().await;
    let agent = desk(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), AGENTS).await;
        host.listen().await;
        host.until_listed("desk_greet").await;
        let call = json!({"name": "desk_greet", "arguments": {"message": "hi"}});
        let answer = host.ask("tools/call", call).await;
        let told = match era {
            Era::Legacy => {
                assert_eq!(error(&answer["result"])["code"], "question", "{answer}");
                error(&answer["result"])
            }
            Era::Modern => {
                assert_eq!(answer["error"]["code"], -32021, "{answer}");
                let required = &answer["error"]["data"]["requiredCapabilities"];
                assert_eq!(required, &json!({"elicitation": {}}), "{answer}");
                &answer["error"]
            }
        };
        assert!(told["message"].as_str().unwrap().contains("`Name?`"), "{answer}");
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_comes_later_is_told() {
    let broker = TestBroker::embedded().await;
    let mut host = Host::start(Era::Legacy, &broker.url(), AGENTS).await;
    assert_eq!(host.names().await, ["agent_task"]);
    let (agent, _heard) = baker(&broker.url()).await;
    host.until_listed("baker_bake").await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_7_over_http_a_task_is_from_the_identity_of_its_caller() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = baker(&broker.url()).await;
    let tokens = both();
    let web = tokens.web(&broker.url(), AGENTS).await;
    for era in ERAS {
        for (identity, token) in [("scout", SCOUT), ("probe", PROBE)] {
            let mut client = web.client(era, Some(token)).await;
            client.until_listed("baker_who").await;
            let told = client.call("baker_who", json!({"message": "who am I"})).await;
            assert_eq!(told["content"][0]["text"], identity, "{told}");
        }
    }
    agent.stop().await;
}
