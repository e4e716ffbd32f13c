//! Calls: many at once, large ones, and long ones.

use std::time::Duration;

use mqtt_agent::prelude::*;
use tokio::task::JoinSet;

use crate::peer;
use crate::probe::{Measure, Probe, Site};
use crate::served::HELD_OF_ONE;

const TIMEOUT: Duration = Duration::from_secs(250);

pub(crate) async fn pending(size: usize, site: Site) -> Vec<Measure> {
    let server = peer("hold", size, site.address);
    let client = Client::connect(site.options()).await.expect("a client");
    let tools = size.div_ceil(HELD_OF_ONE);
    let probe = Probe::begin(site, Some(&server));
    let mut made = JoinSet::new();
    for number in 0..size {
        let call = client.call(format!("hold_{}", number % tools), json!({"text": "x"})).timeout(TIMEOUT);
        made.spawn(async move { call.returning::<String>().await });
    }
    loop {
        let held = client.call("held", ()).timeout(TIMEOUT).returning::<usize>().await.expect("an answer");
        if held == size {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sent = probe.end("until all wait");
    let probe = Probe::begin(site, Some(&server));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rest = probe.end("2 s of waiting");
    let probe = Probe::begin(site, Some(&server));
    client.call("release", ()).timeout(TIMEOUT).await.expect("an answer");
    while let Some(call) = made.join_next().await {
        call.expect("no panic").expect("an answer");
    }
    vec![sent, rest, probe.end("until all are answered")]
}

pub(crate) async fn payloads(size: usize, site: Site) -> Vec<Measure> {
    let server = peer("calls", 0, site.address);
    let client = Client::connect(site.options()).await.expect("a client");
    let text = "x".repeat(size * 1_000_000);
    let probe = Probe::begin(site, Some(&server));
    let call = client.call("length", json!({"text": text})).timeout(TIMEOUT).returning::<usize>();
    assert_eq!(call.await.expect("an answer"), text.len());
    let there = probe.end_at_most("an argument; most memory");
    let probe = Probe::begin(site, Some(&server));
    let call = client.call("echo", json!({"text": text})).timeout(TIMEOUT).returning::<String>();
    assert_eq!(call.await.expect("an answer").len(), text.len());
    vec![there, probe.end_at_most("there and back; most memory")]
}

pub(crate) async fn partials(size: usize, site: Site) -> Vec<Measure> {
    let server = peer("calls", 0, site.address);
    let client = Client::connect(site.options()).await.expect("a client");
    let probe = Probe::begin(site, Some(&server));
    let call = client.call("count", json!({"to": size})).timeout(TIMEOUT).returning::<u64>();
    let mut stream = call.stream().await.expect("a stream");
    let mut received = 0;
    while stream.next().await.is_some() {
        received += 1;
    }
    stream.finish().await.expect("an answer");
    let lacking = if received == size { String::new() } else { format!(", {received} of {size}") };
    vec![probe.end(&format!("read at once{lacking}"))]
}
