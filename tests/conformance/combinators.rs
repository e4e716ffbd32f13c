//! What comes one by one is a `Stream`: combinators work on it, its end is an end, and a wait that is dropped loses nothing.

use futures_util::{FutureExt, Stream, StreamExt};
use mqtt_agent::CallError;
use mqtt_agent::a2a::{AgentChange, MemoryStore, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::TaskState;
use serde_json::json;
use support::{on_each_broker, soon};

use crate::skills::*;
use crate::tools::*;

/// All items, each waited for with a future that is dropped whenever it has to wait.
async fn impatiently<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    let mut items = Vec::new();
    loop {
        tokio::select! {
            biased;
            item = stream.next() => match item {
                Some(item) => items.push(item),
                None => return items,
            },
            // One of several polls, and the runtime does other work in between.
            () = tokio::task::yield_now() => {}
        }
    }
}

async fn steps(client: &Client, n: u32) -> mqtt_agent::ToolStream<u32, Step> {
    client.call("count", json!({"n": n})).returning().stream().await.unwrap().partials()
}

on_each_broker! {
    async fn partial_results_are_a_stream_that_the_result_follows(broker) {
        let agent = Agent::new("calc").tools(tools![count]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();

        let mut stream = steps(&client, 200).await;
        let first: Vec<_> = soon(stream.by_ref().take(3).map(|step| step.i).collect()).await;
        let rest: Vec<_> = soon(stream.by_ref().map(|step| step.i).collect()).await;
        assert_eq!((first, rest), (vec![1, 2, 3], (4..=200).collect()));
        assert_eq!(soon(stream.next()).await.map(|step| step.i), None, "the end is an end");
        assert_eq!(soon(stream.finish()).await.unwrap(), 200);

        let mut stream = steps(&client, 200).await;
        let seen: Vec<_> = soon(impatiently(&mut stream)).await.into_iter().map(|step| step.i).collect();
        assert_eq!(seen, (1..=200).collect::<Vec<_>>());
        assert_eq!(soon(stream.finish()).await.unwrap(), 200);

        // Two calls at once, as they come.
        let both = futures_util::stream::select(steps(&client, 5).await, steps(&client, 7).await);
        assert_eq!(soon(both.count()).await, 12);
        agent.stop().await;
    }

    async fn a_partial_result_of_another_type_is_told_by_the_result(broker) {
        let agent = Agent::new("calc").tools(tools![lines]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut stream = client.call("lines", ()).stream().await.unwrap().partials::<Step>();
        assert!(soon(stream.next()).await.is_none());
        let error = soon(stream.finish()).await.unwrap_err();
        assert!(matches!(error, CallError::UnexpectedPartial(_)), "{error:?}");
        agent.stop().await;
    }

    async fn updates_of_a_task_are_a_stream_that_the_result_follows(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        watch.open(2);

        let mut task = client.delegate("desk", NewTask::skill("hold")).returning::<String>().await.unwrap();
        let states: Vec<_> = soon(task.by_ref().map(|update| update.state).collect()).await;
        assert!(states.contains(&TaskState::Working), "{states:?}");
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");

        let mut task = client.delegate("desk", NewTask::skill("hold")).returning::<String>().await.unwrap();
        let states: Vec<_> = soon(impatiently(&mut task)).await.into_iter().map(|update| update.state).collect();
        assert!(states.contains(&TaskState::Working), "{states:?}");
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");
        agent.stop().await;
    }

    async fn results_are_a_stream_that_ends_with_the_connection(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::builder().store(MemoryStore::new()).connect(ConnectOptions::new(broker.url()).id("me")).await.unwrap();
        let mut results = client.results().await.unwrap();
        // Another one that is left unread takes nothing from it.
        let mut unread = client.results().await.unwrap();
        assert!(unread.next().now_or_never().is_none());
        for text in ["a", "b", "c"] {
            client.delegate("desk", NewTask::skill("shout").text(text)).await.unwrap();
        }
        let mut said: Vec<_> = soon(results.by_ref().take(3).filter_map(async |task| task.result).collect()).await;
        said.sort_by_key(ToString::to_string);
        assert_eq!(said, [json!("A"), json!("B"), json!("C")]);
        let ((), more) = soon(async { tokio::join!(client.clone().close(), impatiently(&mut results)) }).await;
        assert_eq!(more, []);
        results.finish().unwrap();
        agent.stop().await;
    }

    async fn changes_of_agents_are_a_stream_that_ends_with_the_connection(broker) {
        let watch = Desk::default();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        let who = async |change| match change {
            AgentChange::Joined(card) => Some(format!("{} joined", card.agent_id)),
            AgentChange::Left(agent) => Some(format!("{agent} left")),
            _ => None,
        };
        let mut seen = Box::pin(changes.by_ref().filter_map(who));
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        assert_eq!(soon(seen.next()).await.unwrap(), "desk joined");
        agent.stop().await;
        assert_eq!(soon(seen.next()).await.unwrap(), "desk left");
        drop(seen);
        let ((), rest) = soon(async { tokio::join!(client.clone().close(), impatiently(&mut changes)) }).await;
        assert_eq!(rest, []);
    }
}
