//! A handler's context in tasks that the handler spawns: valid as long as they run, and ended with the handler.

use std::future::IntoFuture;

use mqtt_agent::CallError;
use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use serde_json::json;
use support::{on_each_broker, soon};
use tokio::sync::{mpsc, oneshot};

use crate::skills::{Desk, desk};
use crate::tools::*;

/// What a spawned task says once its handler has ended.
#[derive(Debug)]
struct Afterwards {
    running_call: CallError,
    running_stream: CallError,
    running_task: DelegateError,
    late_call: CallError,
    late_task: DelegateError,
    late_request: DelegateError,
    partial: String,
    known: (String, String, bool),
}

#[derive(Debug, Clone)]
struct Report(mpsc::UnboundedSender<Afterwards>);

/// Adds two numbers by another tool, in a task of its own.
#[tool]
async fn add_elsewhere(a: f64, b: f64, cx: &Context) -> Result<f64, String> {
    let cx = cx.clone();
    let sum = async move { cx.client().call("add", json!({"a": a, "b": b})).await };
    let sum = tokio::spawn(sum).await.map_err(|error| error.to_string())?;
    Ok(sum.map_err(|error| error.to_string())?["sum"].as_f64().unwrap_or_default())
}

/// Answers at once, and leaves a task behind.
#[tool]
async fn leave(cx: &Context, partials: Partials<u32>, State(Report(report)): State<Report>) {
    let cx = cx.clone();
    let (begun, under_way) = oneshot::channel();
    tokio::spawn(async move {
        let client = cx.client();
        let mut stream = client.call("hold", ()).stream().await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        let (call, streamed, result, ()) = tokio::join!(
            async { client.call("hold", ()).await },
            async {
                while stream.next().await.is_some() {}
                stream.finish().await
            },
            task.result(),
            async { begun.send(()).unwrap() },
        );
        cx.cancelled().await;
        let client = cx.client();
        report
            .send(Afterwards {
                running_call: call.unwrap_err(),
                running_stream: streamed.unwrap_err(),
                running_task: result.unwrap_err(),
                late_call: client.call("add", json!({"a": 1, "b": 2})).await.unwrap_err(),
                late_task: client.delegate("desk", NewTask::skill("shout")).await.unwrap_err(),
                late_request: client.request("desk", NewTask::skill("shout")).await.unwrap_err(),
                partial: partials.send(&1).await.unwrap_err().to_string(),
                known: (cx.tool().to_owned(), cx.caller().claim().to_owned(), cx.is_cancelled()),
            })
            .unwrap();
    });
    under_way.await.unwrap();
}

on_each_broker! {
    async fn a_spawned_task_calls_with_its_handlers_context(broker) {
        let agent = Agent::new("calc").tools(tools![add_elsewhere, add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let sum = client.call("add_elsewhere", json!({"a": 1, "b": 2})).returning::<f64>();
        assert_eq!(soon(sum.into_future()).await.unwrap(), 3.0);
        agent.stop().await;
    }

    async fn what_a_handler_left_running_ends_with_it_and_asks_for_nothing_more(broker) {
        let (report, mut reports) = mpsc::unbounded_channel();
        let (watch, at_desk) = (Watch::default(), Desk::default());
        let agent = Agent::new("calc").tools(tools![leave, hold, add]).state(Report(report)).state(watch.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let desk = desk(&at_desk).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();

        client.call("leave", ()).await.unwrap();
        let after = soon(reports.recv()).await.unwrap();
        assert!(matches!(after.running_call, CallError::Canceled), "{after:?}");
        assert!(matches!(after.running_stream, CallError::Canceled), "{after:?}");
        assert!(matches!(after.running_task, DelegateError::Abandoned), "{after:?}");
        assert!(matches!(after.late_call, CallError::Canceled), "{after:?}");
        assert!(matches!(after.late_task, DelegateError::Abandoned), "{after:?}");
        assert!(matches!(after.late_request, DelegateError::Abandoned), "{after:?}");
        assert_eq!(after.partial, "the call is not wanted any more; end the handler");
        assert_eq!(after.known, ("leave".to_owned(), "scout".to_owned(), true));
        // Its calls are cancelled where they run, too.
        watch.until_ended(watch.began()).await;
        // A task is not: it outlives who asked for it.
        at_desk.open(1);
        desk.stop().await;
        agent.stop().await;
    }
}
