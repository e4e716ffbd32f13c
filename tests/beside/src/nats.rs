//! Request and reply over NATS, JSON on both sides; the servers share a queue.

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

use crate::call::{Order, Outcome, run};

#[derive(Debug, Serialize, Deserialize)]
struct Echo {
    text: String,
}

pub(crate) async fn serve(address: &str) {
    let client = async_nats::connect(address).await.expect("a connection");
    let mut requests = client.queue_subscribe("echo", "servers".to_owned()).await.expect("a subscription");
    client.flush().await.expect("a connection");
    println!("ready");
    while let Some(request) = requests.next().await {
        let client = client.clone();
        // A task for each, as our handlers have.
        tokio::spawn(async move {
            let echo: Echo = serde_json::from_slice(&request.payload).expect("JSON");
            let answer = serde_json::to_vec(&echo).expect("JSON");
            client.publish(request.reply.expect("an address"), answer.into()).await.expect("a connection");
        });
    }
}

pub(crate) async fn call(address: &str, order: &Order) -> Outcome {
    let client = async_nats::connect(address).await.expect("a connection");
    run(order, move |text| {
        let client = client.clone();
        async move {
            let payload = serde_json::to_vec(&Echo { text }).expect("JSON");
            let answer = client.request("echo", payload.into()).await.expect("an answer");
            serde_json::from_slice::<Echo>(&answer.payload).expect("JSON").text.len()
        }
    })
    .await
}
