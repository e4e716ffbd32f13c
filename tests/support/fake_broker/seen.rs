//! What clients sent to a [`FakeBroker`](super::FakeBroker), in its order, to be waited for.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::packets::{Connect, Packet, Publish, Subscribe};
use crate::SOON;

/// Something that a client did.
#[derive(Debug, Clone)]
pub struct Event {
    /// Which TCP connection it came by, from 1.
    pub connection: usize,
    /// When.
    pub at: Instant,
    /// What.
    pub packet: Packet,
}

impl fmt::Display for Event {
    /// One line, without payloads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}: ", self.connection)?;
        match &self.packet {
            Packet::Connect(connect) => write!(f, "CONNECT of `{}`", connect.client_id),
            Packet::Publish(publish) => {
                let Publish { topic, qos, retain, id, size, .. } = publish;
                write!(f, "PUBLISH {id} to `{topic}`, QoS {qos}, retain {retain}, {size} bytes")
            }
            other => write!(f, "{other:?}"),
        }
    }
}

/// Everything so far. What is waited for counts also when it came before.
#[derive(Debug)]
pub struct Seen {
    events: Mutex<Vec<Event>>,
    count: watch::Sender<usize>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { events: Mutex::default(), count: watch::Sender::new(0) }
    }

    pub(super) fn add(&self, event: Event) {
        self.events.lock().unwrap().push(event);
        self.count.send_modify(|count| *count += 1);
    }

    /// All of it.
    #[must_use]
    pub fn all(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// How many there are of a kind.
    #[must_use]
    pub fn count(&self, of: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().unwrap().iter().filter(|event| of(event)).count()
    }

    /// How many CONNECTs came.
    #[must_use]
    pub fn connects(&self) -> usize {
        self.count(|event| matches!(event.packet, Packet::Connect(_)))
    }

    /// Waits for the first that is wanted.
    pub async fn until<T>(&self, what: &str, want: impl Fn(&Event) -> Option<T>) -> T {
        match self.within(SOON, want).await {
            Some(found) => found,
            None => {
                let lines: Vec<String> = self.all().iter().map(ToString::to_string).collect();
                panic!("{what}: not in time; what came:\n{}", lines.join("\n"))
            }
        }
    }

    /// The first that is wanted, if it comes in time.
    pub async fn within<T>(&self, time: Duration, want: impl Fn(&Event) -> Option<T>) -> Option<T> {
        let mut count = self.count.subscribe();
        let mut looked_at = 0;
        let wait = async {
            loop {
                count.borrow_and_update();
                {
                    let events = self.events.lock().unwrap();
                    for event in &events[looked_at..] {
                        looked_at += 1;
                        if let Some(found) = want(event) {
                            return Some(found);
                        }
                    }
                }
                count.changed().await.ok()?;
            }
        };
        tokio::time::timeout(time, wait).await.ok().flatten()
    }

    /// The CONNECT of the TCP connection of this number, from 1.
    pub async fn connect(&self, connection: usize) -> Connect {
        self.until(&format!("CONNECT of connection {connection}"), |event| match &event.packet {
            Packet::Connect(connect) if event.connection == connection => Some(connect.clone()),
            _ => None,
        })
        .await
    }

    /// The first SUBSCRIBE on a connection with a filter that contains the text.
    pub async fn subscribe(&self, connection: usize, filter: &str) -> Subscribe {
        self.until(&format!("SUBSCRIBE to `{filter}` on connection {connection}"), |event| {
            match &event.packet {
                Packet::Subscribe(subscribe)
                    if event.connection == connection
                        && subscribe.filters.iter().any(|(given, _)| given.contains(filter)) =>
                {
                    Some(subscribe.clone())
                }
                _ => None,
            }
        })
        .await
    }

    /// The first PUBLISH on a connection to a topic that contains the text.
    pub async fn publish(&self, connection: usize, topic: &str) -> Publish {
        self.until(&format!("PUBLISH to `{topic}` on connection {connection}"), |event| match &event.packet {
            Packet::Publish(publish) if event.connection == connection && publish.topic.contains(topic) => {
                Some(publish.clone())
            }
            _ => None,
        })
        .await
    }

    /// The PUBACK of a packet id: its reason.
    pub async fn puback(&self, connection: usize, wanted: u16) -> u8 {
        self.until(&format!("PUBACK of {wanted}"), |event| match event.packet {
            Packet::PubAck { id, reason } if event.connection == connection && id == wanted => Some(reason),
            _ => None,
        })
        .await
    }

    /// The end of a connection: the reason of the client's DISCONNECT, or `None` where it ended without one.
    pub async fn end(&self, connection: usize) -> Option<u8> {
        self.until(&format!("the end of connection {connection}"), |event| match &event.packet {
            _ if event.connection != connection => None,
            Packet::Disconnect { reason, .. } => Some(Some(*reason)),
            Packet::Closed => Some(None),
            _ => None,
        })
        .await
    }
}
