//! `mqtt-agent`: replicas of one agent, and a client.

use mqtt_agent::Limits;
use mqtt_agent::prelude::*;

use crate::call::{Order, Outcome, run};

/// Gives back what it gets.
#[tool]
async fn echo(text: String) -> String {
    text
}

pub(crate) async fn serve(address: &str, number: &str) {
    let agent = Agent::new("beside").instance(format!("r{number}"));
    let agent = agent.limits(Limits::default().with_concurrency(1000));
    let running = agent.start(format!("mqtt://{address}")).await.expect("it starts");
    println!("ready");
    std::future::pending::<()>().await;
    drop(running);
}

pub(crate) async fn call(address: &str, order: &Order) -> Outcome {
    let client = Client::connect(format!("mqtt://{address}")).await.expect("a client");
    run(order, move |text| {
        let call = client.call("echo", json!({"text": text})).returning::<String>();
        async move { call.await.expect("an answer").len() }
    })
    .await
}
