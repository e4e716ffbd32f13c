//! What a call costs beside a bare echo over the same broker, in one run.
//!
//! ```text
//! cargo bench -p mqtt-agent --bench echo -- mqtt://localhost:1883
//! ```
//!
//! Both sides use two connections in one process, QoS 1 and payloads of about 200 bytes. The bare echo is rumqttc with
//! TCP_NODELAY and its own acknowledgements: no JSON, no schema, no routing. Rounds alternate, so that whatever else
//! the machine does hits both. Start Mosquitto with `set_tcp_nodelay true`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc;

const ROUNDS: usize = 8;
const CALLS: usize = 1000;
const WARM_UP: usize = 200;

/// Gives back what it gets.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// A bare client; what it receives comes out of the channel, or goes back at once where it is the echo.
async fn bare(
    url: &str,
    id: &str,
    subscribe: &str,
    echo_to: Option<&'static str>,
) -> (AsyncClient, mpsc::Receiver<()>) {
    let (host, port) = url.trim_start_matches("mqtt://").split_once(':').unwrap_or(("localhost", "1883"));
    let mut options = MqttOptions::new(id, host, port.parse().expect("a port"));
    options.set_keep_alive(Duration::from_secs(30)).set_clean_start(true);
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    let (client, mut poll) = AsyncClient::new(options, 1024);
    client.subscribe(subscribe, QoS::AtLeastOnce).await.expect("queued");
    let (sender, mut receiver) = mpsc::channel(16);
    let answering = client.clone();
    tokio::spawn(async move {
        loop {
            match poll.poll().await.expect("connected") {
                Event::Incoming(Packet::Publish(publish)) => match echo_to {
                    Some(topic) => {
                        answering.try_publish(topic, QoS::AtLeastOnce, false, publish.payload).expect("room");
                    }
                    None => drop(sender.try_send(())),
                },
                Event::Incoming(Packet::SubAck(_)) => drop(sender.try_send(())),
                _ => {}
            }
        }
    });
    receiver.recv().await.expect("subscribed");
    (client, receiver)
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e6
}

fn print(name: &str, times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    let p50 = percentile(times, 50);
    println!(
        "{name:12} p50 {p50:7.0} us   p90 {:7.0} us   p99 {:7.0} us",
        percentile(times, 90),
        percentile(times, 99)
    );
    p50
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` adds `--bench`; `cargo test --benches` runs it without a broker, and then there is nothing to do.
    let Some(url) = std::env::args().find(|argument| argument.starts_with("mqtt://")) else {
        println!("usage: cargo bench -p mqtt-agent --bench echo -- mqtt://localhost:1883");
        return Ok(());
    };
    let text = "x".repeat(200);

    let (_echo, _kept) = bare(&url, "bench-bare-echo", "bench/request", Some("bench/answer")).await;
    let (caller, mut answers) = bare(&url, "bench-bare-caller", "bench/answer", None).await;
    let agent = Agent::new("bench-agent").namespace("bench/v1").tools(tools![echo]).start(&url).await?;
    let client = Client::builder().namespace("bench/v1").connect(&url).await?;

    let (mut bare_times, mut call_times) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let calls = if round == 0 { WARM_UP } else { CALLS };
        for _ in 0..calls {
            let began = Instant::now();
            caller.publish("bench/request", QoS::AtLeastOnce, false, text.clone()).await?;
            answers.recv().await.expect("an answer");
            bare_times.push(began.elapsed());
        }
        for _ in 0..calls {
            let began = Instant::now();
            let answer: String = client.call("echo", json!({"text": text})).returning().await?;
            call_times.push(began.elapsed());
            assert_eq!(answer.len(), text.len());
        }
        if round == 0 {
            bare_times.clear();
            call_times.clear();
        }
    }
    println!("{} of each, {ROUNDS} rounds", bare_times.len());
    let bare = print("bare echo", &mut bare_times);
    let call = print("tool call", &mut call_times);
    println!("ratio of p50 {:.2}", call / bare);

    for callers in [16, 64] {
        let began = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..callers {
            let (client, text) = (client.clone(), text.clone());
            tasks.spawn(async move {
                for _ in 0..CALLS / 4 {
                    client.call("echo", json!({"text": text})).await.expect("an answer");
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task?;
        }
        let total = callers * CALLS / 4;
        println!("{callers:3} callers   {:7.0} calls/s", total as f64 / began.elapsed().as_secs_f64());
    }
    client.close().await;
    agent.stop().await;
    Ok(())
}
