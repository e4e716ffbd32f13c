//! Long calls of skills with handles, with hosts of other makes, which hold each result against its tool's schema.

use std::sync::Arc;

use mqtt_agent::prelude::*;
use mqtt_agent::schemars::JsonSchema;
use mqtt_agent::skills;
use serde::Serialize;
use serde_json::json;
use support::{TestBroker, soon};
use tokio::sync::Semaphore;

use crate::host::{Bridge, Host, Make};

/// What lets a skill go on.
#[derive(Clone)]
struct Oven(Arc<Semaphore>);

#[derive(Serialize, JsonSchema)]
struct Loaf {
    grams: u32,
}

/// Bakes a loaf: an object.
#[skill]
async fn loaf(grams: u32, State(oven): State<Oven>) -> Loaf {
    drop(oven.0.acquire().await.map(tokio::sync::SemaphorePermit::forget));
    Loaf { grams }
}

/// Bakes, and says so: no object.
#[skill]
async fn praise(bread: String, State(oven): State<Oven>) -> String {
    drop(oven.0.acquire().await.map(tokio::sync::SemaphorePermit::forget));
    format!("good {bread}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_check_results_take_handles_and_what_comes_after() {
    let broker = TestBroker::chosen().await;
    let oven = Oven(Arc::new(Semaphore::new(0)));
    let agent = Agent::new("baker").skills(skills![loaf, praise]).state(oven.clone());
    let agent = agent.start(&broker.url()).await.unwrap();
    let bridge =
        Bridge::at("127.0.0.1:0", &broker.url(), &["--agents", "--handle-after", "1ms"]).await.unwrap();
    let makes = [
        Make::Sdk1,
        Make::Sdk2("default"),
        Make::Sdk2("pinned"),
        Make::Python("legacy"),
        Make::Python("2026-07-28"),
        Make::FastMcp,
    ];
    for make in makes {
        let mut host = Host::http(make, &bridge.url).await;
        // From then on it knows the schemas.
        soon(async {
            while !host.names().await.contains(&"baker_loaf".to_owned()) {
                host.ask(json!({"changed": true})).await;
            }
        })
        .await;
        for (tool, arguments) in
            [("baker_loaf", json!({"grams": 500})), ("baker_praise", json!({"bread": "rye"}))]
        {
            let called = host.call(tool, arguments).await;
            let handle = &called["result"]["structuredContent"]["agent_task"];
            assert_eq!(handle["status"], "working", "{make:?} {called}");
            let wait = json!({"id": handle["id"]});
            oven.0.add_permits(1);
            let end = soon(async {
                loop {
                    let waited = host.call("agent_task", wait.clone()).await;
                    if waited["result"]["structuredContent"].get("agent_task").is_none() {
                        return waited;
                    }
                }
            })
            .await;
            let structured = &end["result"]["structuredContent"];
            let expected = match tool {
                "baker_loaf" => json!({"grams": 500}),
                _ if make.is_modern() => json!("good rye"),
                _ => json!({"result": "good rye"}),
            };
            assert_eq!(*structured, expected, "{make:?} {end}");
        }
        host.end().await;
    }
    agent.stop().await;
}
