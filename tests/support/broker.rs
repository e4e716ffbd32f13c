//! A real broker for one test: the embedded one, or the one that the environment chooses.

mod chosen;
mod description;
mod process;
mod relay;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use mqtt_agent::broker::Broker;

use crate::eventually;
pub use chosen::on_chosen;
pub use description::Capabilities;
use description::Description;
use process::Process;
use relay::Relay;

/// A broker that lives as long as its test, on a port of its own that a restart keeps.
#[derive(Debug)]
pub struct TestBroker {
    address: SocketAddr,
    description: &'static Description,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Embedded(Option<Broker>),
    /// A process for this test alone.
    Process(Box<Process>),
    /// One that serves all tests, in turn.
    Shared(Relay),
}

impl TestBroker {
    /// The embedded one.
    pub async fn embedded() -> Self {
        let broker = Broker::start().await.expect("a free port");
        let address = broker.address();
        Self { address, description: Description::embedded(), kind: Kind::Embedded(Some(broker)) }
    }

    /// The one that `MQTT_AGENT_TEST_BROKER` names (`brokers/NAME`), Mosquitto without it. Where
    /// `MQTT_AGENT_TEST_BROKER_URL` says where it runs, it is not started, and serves one test at a time.
    pub async fn chosen() -> Self {
        let description = Description::chosen();
        if let Some(url) = description::chosen_url() {
            let relay = Relay::to(&url).await;
            return Self { address: relay.address(), description, kind: Kind::Shared(relay) };
        }
        Self::process(None, &[]).await
    }

    /// The chosen one with lines of `mosquitto.conf`; `{dir}` in them is a folder of its own, and `{plugins}` the one
    /// of its plugins.
    pub async fn configured(lines: &str) -> Self {
        Self::configured_with(lines, &[]).await
    }

    /// The chosen one with lines of `mosquitto.conf`, and with files in its folder.
    pub async fn configured_with(lines: &str, files: &[(&str, &str)]) -> Self {
        Self::process(Some(&format!("set_tcp_nodelay true\n{lines}")), files).await
    }

    /// The chosen one as it is without any configuration: Mosquitto has small queues then, and no `set_tcp_nodelay`.
    pub async fn stock() -> Self {
        Self::process(Some(""), &[]).await
    }

    async fn process(lines: Option<&str>, files: &[(&str, &str)]) -> Self {
        let description = Description::chosen();
        assert!(
            lines.is_none() || description.config.as_deref() == Some("mosquitto.conf"),
            "`{}` takes no mosquitto.conf; `tests/brokers/run` leaves out the tests that need it",
            description.name
        );
        let address = free_address();
        let process = Process::start(description, address, lines, files).await;
        Self { address, description, kind: Kind::Process(Box::new(process)) }
    }

    /// What it can do.
    #[must_use]
    pub fn can(&self) -> &Capabilities {
        &self.description.can
    }

    /// Says that a test, or a part of it, was left out on this broker, and why.
    pub fn leaves_out(&self, why: &str) {
        chosen::say(&format!("left out on `{}`: {why}", self.description.name));
    }

    /// Where to connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it anew with a queue that holds thousands of messages for a client, as operators set it up who need that.
    /// One whose queues are long anyway stays as it is.
    pub async fn lengthen_queues(&mut self) {
        if let Kind::Process(process) = &mut self.kind {
            process.kill().await;
            process.lengthen_queues().await;
        }
    }

    /// Starts it again, on the same port.
    pub async fn start(&mut self) {
        let address = self.address;
        match &mut self.kind {
            Kind::Embedded(broker) => {
                // The port may take a moment to be free again.
                *broker = Some(
                    eventually("the embedded broker", || async { Broker::start_at(address).await.ok() })
                        .await,
                );
            }
            Kind::Process(process) => process.spawn().await,
            Kind::Shared(relay) => relay.open().await,
        }
    }

    /// Kills it: nobody is told, and what was in memory is gone. One that serves all tests is cut off and emptied.
    pub async fn kill(&mut self) {
        match &mut self.kind {
            Kind::Embedded(broker) => {
                if let Some(broker) = broker.take() {
                    broker.stop().await;
                }
            }
            Kind::Process(process) => process.kill().await,
            Kind::Shared(relay) => relay.cut().await,
        }
    }

    /// Ends it as an operator does: it writes what it keeps, and hangs up.
    pub async fn terminate(&mut self) {
        match &mut self.kind {
            Kind::Process(process) => process.terminate().await,
            _ => self.kill().await,
        }
    }

    /// Stops it in the middle of whatever it does, as a frozen host would; `false` where that cannot be done.
    pub async fn freeze(&self) -> bool {
        matches!(&self.kind, Kind::Process(process) if process.signal("STOP").await)
    }

    /// Ends [`freeze`](Self::freeze).
    pub async fn thaw(&self) {
        if let Kind::Process(process) = &self.kind {
            process.signal("CONT").await;
        }
    }
}

/// An address that nothing listens on now. Another process may take it at any time.
#[must_use]
pub fn free_address() -> SocketAddr {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    free.local_addr().expect("its address")
}
