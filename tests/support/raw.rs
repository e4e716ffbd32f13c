//! A bare MQTT 5 client beside ours: it sees what is really on the wire, and sends what ours never would.

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{LastWill, Packet, PubAckReason, Publish, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc;

/// How long anything may take before a test fails.
pub const SOON: Duration = Duration::from_secs(20);

/// A bare client.
#[derive(Debug)]
pub struct RawPeer {
    client: AsyncClient,
    events: mpsc::UnboundedReceiver<Seen>,
    kept: std::collections::VecDeque<Publish>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
enum Seen {
    Connected,
    Subscribed,
    Acknowledged(PubAckReason),
    Message(Box<Publish>),
    Lost(String),
}

/// Properties for a call: where the answer goes, and what it is matched by.
#[must_use]
pub fn reply_to(topic: &str, correlation: &[u8]) -> PublishProperties {
    PublishProperties {
        response_topic: Some(topic.to_owned()),
        correlation_data: Some(correlation.to_vec().into()),
        ..PublishProperties::default()
    }
}

/// Properties for an answer: what it is matched by.
#[must_use]
pub fn correlated(correlation: &[u8]) -> PublishProperties {
    PublishProperties { correlation_data: Some(correlation.to_vec().into()), ..PublishProperties::default() }
}

impl RawPeer {
    /// Connects under a client id.
    pub async fn connect(url: &str, id: &str) -> Self {
        Self::with(url, id, |_| {}).await
    }

    /// Connects with more than the usual settings.
    pub async fn with(url: &str, id: &str, set: impl FnOnce(&mut MqttOptions)) -> Self {
        let (host, port) = url.trim_start_matches("mqtt://").split_once(':').expect("host:port");
        let mut options = MqttOptions::new(id, host, port.parse().expect("port"));
        options.set_keep_alive(Duration::from_secs(30)).set_clean_start(true);
        options.set_max_packet_size(Some(16 << 20));
        set(&mut options);
        let (client, mut poll) = AsyncClient::new(options, 4096);
        let mut network = poll.options.network_options();
        network.set_tcp_nodelay(true);
        poll.options.set_network_options(network);
        let (sender, events) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let seen = match poll.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => Seen::Connected,
                    Ok(Event::Incoming(Packet::SubAck(_))) => Seen::Subscribed,
                    Ok(Event::Incoming(Packet::PubAck(ack))) => Seen::Acknowledged(ack.reason),
                    Ok(Event::Incoming(Packet::Publish(publish))) => Seen::Message(Box::new(publish)),
                    Ok(_) => continue,
                    Err(error) => Seen::Lost(error.to_string()),
                };
                let lost = matches!(seen, Seen::Lost(_));
                if sender.send(seen).is_err() || lost {
                    return;
                }
            }
        });
        let mut peer = Self { client, events, kept: Default::default(), task };
        peer.until(|seen| matches!(seen, Seen::Connected).then_some(())).await;
        peer
    }

    /// A Will for [`with`](Self::with).
    #[must_use]
    pub fn will(topic: &str, payload: &str) -> LastWill {
        LastWill::new(topic, payload.to_owned(), QoS::AtLeastOnce, true, None)
    }

    async fn until<T>(&mut self, mut want: impl FnMut(&Seen) -> Option<T>) -> T {
        let wait = async {
            loop {
                let seen = self.events.recv().await.expect("the bare client is connected");
                if let Seen::Lost(error) = &seen {
                    panic!("the bare client lost its connection: {error}");
                }
                let found = want(&seen);
                if let Seen::Message(publish) = seen {
                    self.kept.push_back(*publish);
                }
                if let Some(found) = found {
                    return found;
                }
            }
        };
        tokio::time::timeout(SOON, wait).await.expect("in time")
    }

    /// Subscribes, and waits until it is granted.
    pub async fn subscribe(&mut self, filter: &str) {
        self.client.subscribe(filter, QoS::AtLeastOnce).await.expect("queued");
        self.until(|seen| matches!(seen, Seen::Subscribed).then_some(())).await;
    }

    /// Publishes at QoS 1, and gives the acknowledgement's reason.
    pub async fn publish(
        &mut self,
        topic: &str,
        payload: impl Into<Vec<u8>>,
        properties: PublishProperties,
    ) -> PubAckReason {
        self.publish_as(topic, payload, false, properties).await
    }

    /// Publishes a retained message at QoS 1.
    pub async fn retain(&mut self, topic: &str, payload: impl Into<Vec<u8>>) -> PubAckReason {
        self.publish_as(topic, payload, true, PublishProperties::default()).await
    }

    /// Publishes many retained messages quickly, and waits until the broker has all.
    pub async fn retain_all(&mut self, messages: impl IntoIterator<Item = (String, String)>) {
        self.send_all(messages, true).await;
    }

    /// Publishes many messages at QoS 1 quickly, and waits until the broker has all.
    pub async fn publish_all(&mut self, messages: impl IntoIterator<Item = (String, impl Into<Vec<u8>>)>) {
        self.send_all(messages, false).await;
    }

    async fn send_all(
        &mut self,
        messages: impl IntoIterator<Item = (String, impl Into<Vec<u8>>)>,
        retain: bool,
    ) {
        let mut unacknowledged = 0;
        for (topic, payload) in messages {
            self.client.publish(topic, QoS::AtLeastOnce, retain, payload.into()).await.expect("queued");
            unacknowledged += 1;
        }
        while unacknowledged > 0 {
            self.until(|seen| matches!(seen, Seen::Acknowledged(_)).then_some(())).await;
            unacknowledged -= 1;
        }
    }

    /// Publishes at QoS 0: nobody tells whether it arrives.
    pub async fn fire(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtMostOnce, false, payload.into()).await.expect("queued");
    }

    async fn publish_as(
        &mut self,
        topic: &str,
        payload: impl Into<Vec<u8>>,
        retain: bool,
        properties: PublishProperties,
    ) -> PubAckReason {
        let payload = payload.into();
        self.client
            .publish_with_properties(topic, QoS::AtLeastOnce, retain, payload, properties)
            .await
            .expect("queued");
        self.until(|seen| match seen {
            Seen::Acknowledged(reason) => Some(*reason),
            _ => None,
        })
        .await
    }

    /// The next message on a topic that begins so; others are passed over.
    pub async fn next(&mut self, topic: &str) -> Publish {
        self.next_within(topic, SOON).await.unwrap_or_else(|| panic!("no message on `{topic}` in time"))
    }

    /// The next message on a topic that begins so, if one comes in time.
    pub async fn next_within(&mut self, topic: &str, within: Duration) -> Option<Publish> {
        let wait = async {
            loop {
                let found = self.kept.iter().position(|publish| publish.topic.starts_with(topic.as_bytes()));
                if let Some(publish) = found.and_then(|index| self.kept.remove(index)) {
                    return publish;
                }
                match self.events.recv().await {
                    Some(Seen::Message(publish)) => self.kept.push_back(*publish),
                    Some(Seen::Lost(error)) => panic!("the bare client lost its connection: {error}"),
                    None => panic!("the bare client has ended"),
                    Some(_) => {}
                }
            }
        };
        tokio::time::timeout(within, wait).await.ok()
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A payload as JSON.
#[must_use]
pub fn json(publish: &Publish) -> serde_json::Value {
    serde_json::from_slice(&publish.payload).expect("JSON")
}
