//! A caller keeps a window over its unanswered calls (`SUB-17`).

use std::sync::Arc;
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::prelude::*;
use support::{TestBroker, on_each_broker, soon};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many calls of a tool a client sends before the first is answered.
const WINDOW: usize = 64;

/// Longer than the slowest machine needs for all the calls of a test.
const LONG: Duration = Duration::from_secs(120);

/// Gives back what it gets.
#[tool]
async fn echo(number: u64) -> u64 {
    number
}

/// Where calls are held: counts who came, and lets so many go.
#[derive(Debug)]
struct Gate {
    came: Semaphore,
    go: Semaphore,
}

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Self { came: Semaphore::new(0), go: Semaphore::new(0) })
    }
}

/// Ends when it is let go.
#[tool]
async fn held(gate: State<Arc<Gate>>) -> Result<(), String> {
    gate.0.came.add_permits(1);
    gate.0.go.acquire().await.map_err(|error| error.to_string())?.forget();
    Ok(())
}

/// Calls itself, so many levels deep.
#[tool(timeout = "30s")]
async fn nested(levels: u32, cx: &Context) -> Result<u32, String> {
    match levels.checked_sub(1) {
        None => Ok(0),
        Some(below) => {
            let call = cx.client().call("nested", json!({"levels": below})).returning::<u32>();
            Ok(call.await.map_err(|error| error.to_string())? + 1)
        }
    }
}

/// So many clients make so many calls each, all at once; every one is answered or ends as `busy`.
async fn all_are_answered_or_busy(broker: &TestBroker, clients: u64, calls: u64) -> u64 {
    let agent = Agent::new("worker").tools(tools![echo]).start(&broker.url()).await.unwrap();
    let mut made = JoinSet::new();
    for client in 0..clients {
        let client = (client, Client::connect(&broker.url()).await.unwrap());
        for call in 0..calls {
            let (number, client) = (client.0 * calls + call, client.1.clone());
            made.spawn(async move {
                (
                    number,
                    client.call("echo", json!({"number": number})).returning::<u64>().timeout(LONG).await,
                )
            });
        }
    }
    let mut answered = 0;
    while let Some(call) = made.join_next().await {
        match call.unwrap() {
            (number, Ok(answer)) => {
                assert_eq!(number, answer);
                answered += 1;
            }
            (_, Err(error)) => assert_eq!(error.code(), Some("busy"), "{error}"),
        }
    }
    agent.stop().await;
    answered
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_17_ten_thousand_calls_of_ten_clients_lose_no_answer_on_a_stock_mosquitto() {
    let broker = TestBroker::stock().await;
    let answered = all_are_answered_or_busy(&broker, 10, 1000).await;
    assert!(answered > 9000, "{answered} answered");
}

on_each_broker! {
    async fn sub_17_a_client_with_ten_thousand_calls_at_once_loses_no_answer(broker) {
        let answered = all_are_answered_or_busy(broker, 1, 10_000).await;
        assert!(answered > 9000, "{answered} answered");
    }

    async fn sub_17_a_tool_that_does_not_answer_holds_up_no_calls_of_another(broker) {
        let gate = Gate::closed();
        let limits = Limits::default().with_concurrency(1000);
        let agent = Agent::new("worker").limits(limits).state(Arc::clone(&gate)).tools(tools![echo, held]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut stalled = JoinSet::new();
        for _ in 0..500 {
            let client = client.clone();
            stalled.spawn(async move { client.call("held", ()).await });
        }
        for number in 0..200_u64 {
            let answer: u64 = soon(client.call("echo", json!({"number": number})).returning().into_future()).await.unwrap();
            assert_eq!(answer, number);
        }
        gate.go.add_permits(500);
        while let Some(call) = soon(stalled.join_next()).await {
            call.unwrap().unwrap();
        }
        agent.stop().await;
    }

    async fn sub_17_a_call_that_was_never_sent_before_its_deadline_is_busy(broker) {
        let gate = Gate::closed();
        let limits = Limits::default().with_concurrency(1000);
        let agent = Agent::new("worker").limits(limits).state(Arc::clone(&gate)).tools(tools![held]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut sent = JoinSet::new();
        for _ in 0..WINDOW {
            let client = client.clone();
            sent.spawn(async move { client.call("held", ()).await });
        }
        soon(gate.came.acquire_many(WINDOW as u32)).await.unwrap().forget();
        let mut waiting = JoinSet::new();
        for _ in 0..100 {
            let client = client.clone();
            waiting.spawn(async move { client.call("held", ()).timeout(Duration::from_millis(300)).await });
        }
        while let Some(call) = soon(waiting.join_next()).await {
            let error = call.unwrap().unwrap_err();
            assert_eq!(error.code(), Some("busy"), "{error}");
            assert!(error.to_string().contains("was not sent"), "{error}");
        }
        gate.go.add_permits(WINDOW);
        while let Some(call) = soon(sent.join_next()).await {
            call.unwrap().unwrap();
        }
        agent.stop().await;
    }

    async fn sub_17_calls_in_calls_deeper_than_a_window_come_to_their_end(broker) {
        let limits = Limits::default().with_concurrency(1000);
        let agent = Agent::new("worker").limits(limits).tools(tools![nested]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = client.call("nested", json!({"levels": 300})).returning::<u32>();
        let reached: u32 = soon(call.into_future()).await.unwrap();
        assert_eq!(reached, 300);
        // The same from the agent's own connection, whose window is full of them.
        let mut made = JoinSet::new();
        for _ in 0..80 {
            let client = agent.client();
            made.spawn(async move { client.call("nested", json!({"levels": 5})).returning::<u32>().await });
        }
        while let Some(call) = soon(made.join_next()).await {
            assert_eq!(call.unwrap().unwrap(), 5);
        }
        agent.stop().await;
    }
}

on_each_broker! {
    async fn sub_17_calls_that_run_for_long_leave_their_places_to_others(broker) {
        const CALLS: usize = 4 * WINDOW;
        let gate = Gate::closed();
        // One caller has seven eighths of the places.
        let limits = Limits::default().with_concurrency(CALLS + CALLS / 6);
        let agent = Agent::new("slow").tools(tools![held]).state(Arc::clone(&gate)).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            calls.spawn(client.call("held", ()).timeout(LONG).into_future());
        }
        // All of them run, though none was answered.
        let all = soon(gate.came.acquire_many(CALLS as u32)).await.unwrap();
        gate.go.add_permits(CALLS);
        while let Some(answer) = soon(calls.join_next()).await {
            answer.unwrap().unwrap();
        }
        drop(all);
        agent.stop().await;
    }
}
