//! Retained cards: listed, and watched.

use std::net::SocketAddr;
use std::time::Duration;

use mqtt_agent::prelude::*;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};

use crate::peer;
use crate::probe::{Measure, Probe, Site};

/// A bare client, for what is not ours.
pub(crate) struct Publisher {
    client: AsyncClient,
    poll: EventLoop,
}

impl Publisher {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let options = MqttOptions::new("growth-publisher", address.ip().to_string(), address.port());
        let (client, mut poll) = AsyncClient::new(options, 200);
        while !matches!(poll.poll().await.expect("a connection"), Event::Incoming(Packet::ConnAck(_))) {}
        Self { client, poll }
    }

    /// Returns when the broker has all of them.
    pub(crate) async fn publish_all(
        &mut self,
        messages: impl Iterator<Item = (String, Vec<u8>)>,
        retain: bool,
    ) {
        let mut messages = messages.peekable();
        let mut unacknowledged = 0;
        while messages.peek().is_some() || unacknowledged > 0 {
            while unacknowledged < 100
                && let Some((topic, payload)) = messages.next()
            {
                self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload).expect("room");
                unacknowledged += 1;
            }
            if let Event::Incoming(Packet::PubAck(_)) = self.poll.poll().await.expect("a connection") {
                unacknowledged -= 1;
            }
        }
    }
}

pub(crate) async fn cards(size: usize, site: Site) -> Vec<Measure> {
    let _server = peer("tools", size, site.address);
    let mut publisher = Publisher::connect(site.address).await;
    let card = |number| {
        let card = format!(
            r#"{{"version":"1","agent_id":"a{number}","status":"online","description":"Does this and that.","skills":[]}}"#
        );
        (format!("a2a/v1/agents/a{number}/card"), card.into_bytes())
    };
    publisher.publish_all((0..size).map(card), true).await;
    let client = Client::connect(site.options()).await.expect("a client");
    let probe = Probe::begin(site, None);
    let tools = client.tools().partial().await.expect("a listing");
    let listed = probe.end(&format!("tools(){}", lacking(tools.len(), size)));
    drop(tools);
    let probe = Probe::begin(site, None);
    let agents = client.agents().partial().await.expect("a listing");
    let online = probe.end(&format!("agents(){}", lacking(agents.len(), size)));
    drop(agents);
    let probe = Probe::begin(site, None);
    let mut changes = client.agents().watch().await.expect("a watch");
    let mut joined = 0;
    while joined < size && tokio::time::timeout(Duration::from_secs(20), changes.next()).await.is_ok() {
        joined += 1;
    }
    let watched = probe.end(&format!("watch(){}", lacking(joined, size)));
    vec![listed, online, watched]
}

fn lacking(found: usize, of: usize) -> String {
    if found == of { String::new() } else { format!(", {found} of {of}") }
}
