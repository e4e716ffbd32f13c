//! Tools of this library, served by an `Agent` and called by a `Client`.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::param::{Call, Param};
use mqtt_agent::prelude::*;
use mqtt_agent::registry::{ArgDef, Handler, Location, Refused, ToolDef};
use mqtt_agent::reply::{Reply, ToolFuture};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::callers;
use crate::roles::{Counts, HELD, Line, Order, PARTIALS, Work, fail, say};

/// Room for a large message.
const PACKET: u32 = 64 << 20;
/// More calls than any section makes at once.
const CALLS: usize = 20_000;
/// A call that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Gives back what it gets.
#[tool]
async fn echo(text: String) -> String {
    text
}

/// Gives the text again and again, and once more as the result.
#[tool]
async fn repeat(text: String, partials: Partials<String>) -> Result<String, String> {
    for _ in 0..PARTIALS {
        partials.send(&text).await.map_err(|error| error.to_string())?;
    }
    Ok(text)
}

/// How long a text is.
#[tool]
async fn length(text: String) -> usize {
    text.len()
}

/// So many tools share the calls that are not answered: a client keeps a window over those of each tool.
const HOLDING: usize = 250;

const TEXT: &[ArgDef] = &[ArgDef::new("text", "Any text.", <String as Param<'_>>::NEED)];

/// `hold_0`, `hold_1` and so on, which do not answer. Definitions live as long as the program, as those of `#[tool]` do.
fn holding() -> Vec<&'static ToolDef> {
    let tool = |number| {
        let name: &'static str = format!("hold_{number}").leak();
        let (output, location) = (<() as Reply>::schema, Location::new(file!(), line!()));
        let tool = ToolDef::new(name, "Does not answer.", TEXT, output, Handler::Async(hold), location);
        &*Box::leak(Box::new(tool.timeout_ms(600_000)))
    };
    (0..HOLDING).map(tool).collect()
}

fn hold<'a>(_: &mut Call<'a>) -> Result<ToolFuture<'a>, Refused> {
    Ok(Box::pin(async {
        HELD.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>().await;
        ().into_answer()
    }))
}

fn namespace(name: &str) -> String {
    format!("bench/ours/{name}")
}

fn options(address: SocketAddr) -> ConnectOptions {
    ConnectOptions::new(format!("mqtt://{address}")).max_packet_size(PACKET)
}

pub(crate) async fn serve(address: SocketAddr, name: &str) {
    let agent = Agent::new(format!("bench-{name}-server"))
        .namespace(namespace(name))
        .tools(tools![echo, repeat, length].into_iter().chain(holding()))
        .limits(Limits::default().with_concurrency(CALLS).with_queue(CALLS));
    let running = match agent.start(options(address)).await {
        Ok(running) => running,
        Err(error) => fail(&error.to_string()),
    };
    say(&Line::Ready);
    std::future::pending::<()>().await;
    drop(running);
}

async fn call_echo(client: Client, text: String) -> Result<(), String> {
    let answer = client.call("echo", json!({"text": text})).timeout(TIMEOUT).returning::<String>().await;
    match answer.map_err(|error| error.to_string())?.len() {
        length if length == text.len() => Ok(()),
        length => Err(format!("{length} bytes")),
    }
}

async fn call_length(client: Client, text: String) -> Result<(), String> {
    let answer = client.call("length", json!({"text": text})).timeout(TIMEOUT).returning::<usize>().await;
    answer.map(drop).map_err(|error| error.to_string())
}

async fn call_repeat(client: Client, text: String) -> Result<(), String> {
    let call = client.call("repeat", json!({"text": text})).timeout(TIMEOUT).returning::<String>();
    let mut stream = call.stream().await.map_err(|error| error.to_string())?;
    let mut received = 0;
    while stream.next().await.is_some() {
        received += 1;
    }
    stream.finish().await.map_err(|error| error.to_string())?;
    if received == PARTIALS { Ok(()) } else { Err(format!("{received} partial results")) }
}

pub(crate) async fn call(address: SocketAddr, name: &str, mut orders: UnboundedReceiver<Order>) {
    let client = match Client::connect(options(address).namespace(namespace(name))).await {
        Ok(client) => client,
        Err(error) => fail(&error.to_string()),
    };
    say(&Line::Ready);
    while let Some(order) = orders.recv().await {
        let (client, text) = (client.clone(), "x".repeat(order.bytes));
        let outcome = match order.work {
            Work::Calls => callers::run(&order, move || call_echo(client.clone(), text.clone())).await,
            Work::Partials => callers::run(&order, move || call_repeat(client.clone(), text.clone())).await,
            Work::Big => {
                let (small_client, small_text) = (client.clone(), "x".repeat(200));
                let small = move || call_echo(small_client.clone(), small_text.clone());
                callers::beside(&order, small, move || call_length(client.clone(), text.clone())).await
            }
            Work::Hold => {
                for number in 0..order.callers {
                    let tool = format!("hold_{}", number % HOLDING);
                    let call = client.call(tool, json!({"text": text})).timeout(Duration::from_secs(300));
                    tokio::spawn(async move { drop(call.await) });
                }
                say(&Line::Begin(Counts::now()));
                continue;
            }
            Work::Count => continue,
        };
        say(&Line::Done(outcome));
    }
}
