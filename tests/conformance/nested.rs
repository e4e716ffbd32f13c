//! Calls that are made in handlers: they never wait for places that their own callers hold.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits};
use serde_json::json;
use support::{on_each_broker, soon};

/// How deep the calls go, and what became of the deepest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Depth {
    levels: u32,
    refused: Option<String>,
}

async fn next(tool: &str, left: u32, cx: &Context) -> Depth {
    let Some(left) = left.checked_sub(1) else { return Depth { levels: 0, refused: None } };
    match cx.client().call(tool, json!({"left": left})).returning::<Depth>().await {
        Ok(depth) => Depth { levels: depth.levels + 1, ..depth },
        Err(CallError::Unavailable { code, .. }) => Depth { levels: 0, refused: code },
        Err(other) => panic!("{other:?}"),
    }
}

/// Calls itself.
#[tool(timeout = "60s")]
async fn down(left: u32, cx: &Context) -> Depth {
    next("down", left, cx).await
}

/// Calls the other one.
#[tool(timeout = "60s")]
async fn there(left: u32, cx: &Context) -> Depth {
    next("back", left, cx).await
}

/// Calls the one.
#[tool(timeout = "60s")]
async fn back(left: u32, cx: &Context) -> Depth {
    next("there", left, cx).await
}

/// Calls itself, one at a time.
#[tool(timeout = "60s", concurrency = 1)]
async fn alone(left: u32, cx: &Context) -> Depth {
    next("alone", left, cx).await
}

fn refused_after(levels: u32) -> Depth {
    Depth { levels, refused: Some("busy".to_owned()) }
}

async fn call(client: &Client, tool: &str, left: u32) -> Depth {
    let call = client.call(tool, json!({"left": left})).timeout(Duration::from_secs(60)).returning();
    soon(call.into_future()).await.unwrap()
}

on_each_broker! {
    async fn a_call_within_calls_of_one_agent_is_busy_at_once_where_its_callers_hold_all_places(broker) {
        let agent = Agent::new("calc").tools(tools![down, alone]).limits(Limits::default().with_concurrency(1));
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(call(&client, "down", 5).await, refused_after(0));
        agent.stop().await;

        let agent = Agent::new("calc").tools(tools![down, alone]).start(&broker.url()).await.unwrap();
        assert_eq!(call(&client, "down", 5).await, Depth { levels: 5, refused: None });
        assert_eq!(call(&client, "alone", 5).await, refused_after(0), "its own places count too");
        agent.stop().await;
    }

    async fn two_agents_that_call_each_other_do_not_wait_for_each_other(broker) {
        let one = || Limits::default().with_concurrency(1);
        let a = Agent::new("a").tools(tools![there]).limits(one()).start(&broker.url()).await.unwrap();
        let b = Agent::new("b").tools(tools![back]).limits(one()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(call(&client, "there", 1).await, Depth { levels: 1, refused: None });
        assert_eq!(call(&client, "there", 5).await, refused_after(1), "`there`, `back`, and no further");
        a.stop().await;
        b.stop().await;
    }
}
