//! Long calls of skills as tasks, with hosts of other makes: the official package for the extension, and `rmcp`.

use std::sync::Arc;
use std::time::Duration;

use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::bridge::Bridge;
use mqtt_agent::prelude::*;
use mqtt_agent::{Running, skills};
use rmcp::ServiceError;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, ClientCapabilities, ClientConfig,
    GetTaskParams, Implementation, ProtocolVersion, TaskPayload, UpdateTaskParams,
};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RoleClient, RunningService};
use serde_json::json;
use support::{TestBroker, soon};
use tokio::io::DuplexStream;
use tokio::sync::{Semaphore, mpsc};

use crate::host::{self, Host, Make};

/// Where a skill tells that it runs and was dropped, and what lets it go on.
#[derive(Clone)]
struct Oven(mpsc::UnboundedSender<&'static str>, Arc<Semaphore>);

struct Dropped(Oven);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.0.send("dropped").ok();
    }
}

/// Asks, and bakes.
#[skill]
async fn bread(task: Task, State(oven): State<Oven>) -> Result<String, TaskUpdateError> {
    let _dropped = Dropped(oven.clone());
    oven.0.send("began").ok();
    task.progress("kneading").await;
    drop(oven.1.acquire().await.map(tokio::sync::SemaphorePermit::forget));
    let kind = task.ask("Which bread?").await?.text();
    Ok(format!("baked {kind}"))
}

struct Baker {
    agent: Running,
    heard: mpsc::UnboundedReceiver<&'static str>,
    go: Arc<Semaphore>,
}

async fn baker(url: &str) -> Baker {
    let ((told, heard), go) = (mpsc::unbounded_channel(), Arc::new(Semaphore::new(0)));
    let agent = Agent::new("baker").skills(skills![bread]).state(Oven(told, Arc::clone(&go)));
    Baker { agent: agent.start(url).await.unwrap(), heard, go }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_package_polls_answers_and_cancels() {
    let broker = TestBroker::chosen().await;
    let mut baker = baker(&broker.url()).await;
    let arguments = ["--agents", "--task-after", "1ms"];
    let bridge = host::Bridge::at("127.0.0.1:0", &broker.url(), &arguments).await.unwrap();
    let mut host = Host::http(Make::Tasks, &bridge.url).await;
    soon(async {
        while !host.names().await.contains(&"baker_bread".to_owned()) {
            host.ask(json!({"changed": true})).await;
        }
    })
    .await;

    let call = |what: &str| json!({what: "baker_bread", "arguments": {"message": "please"}});
    host.send(call("call")).await;
    let mut told = Vec::new();
    let result = loop {
        let line = host.next().await;
        if line.get("result").is_some() || line.get("error").is_some() {
            break line;
        }
        if line["status"] == "working" {
            baker.go.add_permits(1);
        }
        told.push(line);
    };
    assert_eq!(result["result"]["content"][0]["text"], "baked rye", "{result}");
    assert_eq!(told[0]["status"], "working", "{told:?}");
    let asked: Vec<_> = told.iter().filter_map(|line| line["asked"].as_str()).collect();
    assert_eq!(asked, ["Which bread?"], "{told:?}");
    assert_eq!(soon(baker.heard.recv()).await, Some("began"));
    assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));

    baker.go.forget_permits(baker.go.available_permits());
    host.ask(call("begin")).await;
    assert_eq!(soon(baker.heard.recv()).await, Some("began"));
    loop {
        // The task is there by then.
        let line = host.next().await;
        if line["status"] == "working" {
            break;
        }
    }
    host.send(json!({"cancel": true})).await;
    assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    baker.agent.stop().await;
}

type Peer = RunningService<RoleClient, ClientConfig>;

/// A host of `rmcp` that declares the extension.
async fn rmcp(lifecycle: ClientLifecycleMode, transport: DuplexStream) -> Peer {
    let capabilities = ClientCapabilities::builder().enable_tasks().enable_elicitation().build();
    let info = ClientConfig::new(capabilities, Implementation::new("mqtt-agent-tests", "1.0.0"));
    info.serve_with_lifecycle(transport, lifecycle).await.unwrap()
}

async fn begun(host: &Peer) -> String {
    let message = json!({"message": "please"}).as_object().unwrap().clone();
    let call = CallToolRequestParams::new("baker_bread").with_arguments(message);
    match host.call_tool_once(call).await.unwrap() {
        CallToolResponse::Task(created) => created.task.task_id,
        other => panic!("{other:?}"),
    }
}

async fn until(host: &Peer, id: &str, is_so: impl Fn(&TaskPayload) -> bool) -> TaskPayload {
    soon(async {
        loop {
            let task = host.get_task(GetTaskParams::new(id)).await.unwrap().task;
            if is_so(&task.payload) {
                return task.payload;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn polls_answers_and_cancels(host: Peer, baker: &mut Baker) {
    soon(async {
        while !host.list_all_tools().await.unwrap().iter().any(|tool| tool.name == "baker_bread") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let id = begun(&host).await;
    assert_eq!(soon(baker.heard.recv()).await, Some("began"));
    baker.go.add_permits(1);
    let asked = until(&host, &id, |task| matches!(task, TaskPayload::InputRequired { .. })).await;
    let TaskPayload::InputRequired { input_requests } = asked else { panic!("{asked:?}") };
    let key = input_requests.into_keys().next().unwrap();
    let answer = json!({"action": "accept", "content": {"answer": "rye"}});
    host.update_task(UpdateTaskParams::new(&id, [(key, answer)].into())).await.unwrap();
    let end = until(&host, &id, |task| task.status().is_terminal()).await;
    let TaskPayload::Completed { result } = end else { panic!("{end:?}") };
    assert_eq!(result["content"][0]["text"], "baked rye");
    assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));

    let id = begun(&host).await;
    assert_eq!(soon(baker.heard.recv()).await, Some("began"));
    host.cancel_task(CancelTaskParams::new(&id)).await.unwrap();
    assert_eq!(soon(baker.heard.recv()).await, Some("dropped"));
    let end = until(&host, &id, |task| task.status().is_terminal()).await;
    assert_eq!(end, TaskPayload::Cancelled);
    let unknown = host.get_task(GetTaskParams::new("guessed")).await;
    let Err(ServiceError::McpError(error)) = unknown else { panic!("{unknown:?}") };
    assert_eq!(error.code.0, -32602);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rmcp_polls_answers_and_cancels_in_both_eras() {
    let broker = TestBroker::chosen().await;
    let mut baker = baker(&broker.url()).await;
    let modern = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for lifecycle in [ClientLifecycleMode::Initialize, modern] {
        let bridge = Bridge::new(broker.url()).agents().task_after(Duration::ZERO).start().await.unwrap();
        let (theirs, ours) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(ours);
        tokio::select! {
            served = bridge.serve(reader, writer) => panic!("{served:?}"),
            () = async { polls_answers_and_cancels(rmcp(lifecycle, theirs).await, &mut baker).await } => {}
        }
        bridge.stop().await;
    }
    baker.agent.stop().await;
}
