//! The brokers that the link is tested against: the embedded one, or Mosquitto where the environment asks for it.

use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;

use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::config::{
    AuthConfig, BrokerConfig, StorageBackend, StorageConfig, TlsConfig, WebSocketConfig,
};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use tokio::process::{Child, Command};

use super::pki::Pki;

/// What is special about a broker. Topics and filters below `forbidden/` are denied to everybody.
#[derive(Default, Clone, Copy)]
pub(super) struct Setup {
    pub(super) max_packet_size: Option<u32>,
    /// `me` with `right` only.
    pub(super) password: bool,
    pub(super) transport: Transport,
    pub(super) receive_maximum: Option<u16>,
    /// Let in only with a certificate of the tests' authority.
    pub(super) client_certificate: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "websocket"), allow(dead_code, reason = "those of features that are off"))]
pub(super) enum Transport {
    #[default]
    Tcp,
    Tls,
    Ws,
    Wss,
}

pub(super) struct Broker {
    pub(super) address: SocketAddr,
    kind: Kind,
    _files: tempfile::TempDir,
}

enum Kind {
    Embedded(BrokerShutdownHandle),
    Mosquitto(Child),
}

/// Whether the tests run against Mosquitto.
pub(super) fn mosquitto() -> bool {
    std::env::var_os("MQTT_AGENT_TEST_MOSQUITTO").is_some_and(|value| !value.is_empty())
}

/// The Mosquitto that the environment names, or the one that is installed.
fn program() -> OsString {
    std::env::var_os("MQTT_AGENT_TEST_MOSQUITTO").filter(|value| value != "1").unwrap_or("mosquitto".into())
}

impl Broker {
    pub(super) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(super) async fn with(setup: Setup) -> Self {
        if mosquitto() { Self::mosquitto(setup).await } else { Self::embedded(setup).await }
    }

    pub(super) async fn embedded(setup: Setup) -> Self {
        let files = tempfile::tempdir().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = BrokerConfig::default()
            .with_bind_address(any)
            .with_auth(AuthConfig::new().with_allow_anonymous(true))
            .with_storage(StorageConfig::new().with_backend(StorageBackend::Memory));
        if let Some(size) = setup.max_packet_size {
            config = config.with_max_packet_size(usize::try_from(size).unwrap());
        }
        if let Some(maximum) = setup.receive_maximum {
            config = config.with_server_receive_maximum(maximum);
        }
        let pki = Pki::get();
        let tls = || {
            pki.write(files.path());
            TlsConfig::new(files.path().join("broker.pem"), files.path().join("broker.key"))
                .with_ca_file(files.path().join("ca.pem"))
                .with_require_client_cert(setup.client_certificate)
                .with_bind_address(any)
        };
        // The broker doesn't tell which port it took for this one.
        let secure = SocketAddr::from(([127, 0, 0, 1], free_port()));
        config = match setup.transport {
            Transport::Tcp => config,
            Transport::Tls => config.with_tls(tls()),
            Transport::Ws => {
                config.with_websocket(WebSocketConfig::new().with_bind_address(any).with_path("/mqtt"))
            }
            Transport::Wss => {
                let listener =
                    WebSocketConfig::new().with_bind_address(secure).with_path("/mqtt").with_tls(true);
                config.with_tls(tls()).with_websocket_tls(listener)
            }
        };
        let mut broker = MqttBroker::with_config(config).await.unwrap();
        broker = broker.with_auth_provider(Arc::new(Rules { password: setup.password }));
        let address = match setup.transport {
            Transport::Tcp => broker.local_addr(),
            Transport::Tls => broker.tls_local_addr(),
            Transport::Ws => broker.ws_local_addr(),
            Transport::Wss => Some(secure),
        };
        let stop = broker.shutdown_handle();
        tokio::spawn(async move { broker.run().await });
        Self { address: address.unwrap(), kind: Kind::Embedded(stop), _files: files }
    }

    pub(super) async fn mosquitto(setup: Setup) -> Self {
        let files = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = Self::mosquitto_config(setup, files.path(), port);
        std::fs::write(files.path().join("mosquitto.conf"), config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let child = spawn(files.path(), address).await;
        Self { address, kind: Kind::Mosquitto(child), _files: files }
    }

    fn mosquitto_config(setup: Setup, files: &Path, port: u16) -> String {
        use std::fmt::Write;
        let path = files.display();
        std::fs::write(
            files.join("acl"),
            "topic readwrite #\ntopic deny forbidden/#\nuser me\ntopic readwrite #\n",
        )
        .unwrap();
        let mut config = format!(
            "listener {port} 127.0.0.1\nset_tcp_nodelay true\nmax_queued_messages 20000\nuser root\n\
             acl_file {path}/acl\nallow_anonymous {}\n",
            !setup.password
        );
        if setup.password {
            let passwords = files.join("passwords");
            let made = std::process::Command::new("mosquitto_passwd")
                .arg("-b")
                .arg("-c")
                .arg(&passwords)
                .args(["me", "right"])
                .status();
            assert!(made.unwrap().success());
            writeln!(config, "password_file {}", passwords.display()).unwrap();
        }
        if let Some(size) = setup.max_packet_size {
            writeln!(config, "max_packet_size {size}").unwrap();
        }
        if let Some(maximum) = setup.receive_maximum {
            writeln!(config, "max_inflight_messages {maximum}").unwrap();
        }
        if matches!(setup.transport, Transport::Tls | Transport::Wss) {
            Pki::get().write(files);
            writeln!(config, "cafile {path}/ca.pem\ncertfile {path}/broker.pem\nkeyfile {path}/broker.key")
                .unwrap();
            writeln!(config, "require_certificate {}", setup.client_certificate).unwrap();
        }
        if matches!(setup.transport, Transport::Ws | Transport::Wss) {
            // This version starts no WebSocket listener without another one beside it.
            write!(config, "protocol websockets\nlistener {} 127.0.0.1\n", free_port()).unwrap();
        }
        config
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://{}", self.address)
    }

    /// Sends Mosquitto a signal: `KILL`, `STOP`, `CONT`.
    pub(super) fn signal(&self, name: &str) {
        let Kind::Mosquitto(child) = &self.kind else { panic!("only Mosquitto is a process") };
        let id = child.id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success()
        );
    }

    /// Starts Mosquitto again, on the same port.
    pub(super) async fn restart(&mut self) {
        let Kind::Mosquitto(child) = &mut self.kind else { panic!("only Mosquitto is a process") };
        child.wait().await.unwrap();
        *child = spawn(self._files.path(), self.address).await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        match &mut self.kind {
            Kind::Embedded(stop) => stop.shutdown(),
            Kind::Mosquitto(child) => drop(child.start_kill()),
        }
    }
}

/// A port that nobody listens on. Below the range that the system gives to outgoing connections: a client that waits
/// for the broker on such a port can end up connected to itself, and the port is then taken.
fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(10_000..30_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

async fn spawn(files: &Path, address: SocketAddr) -> Child {
    let mut child = Command::new(program())
        .arg("-c")
        .arg(files.join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("mosquitto is installed");
    super::soon(async {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(child.try_wait().unwrap().is_none(), "mosquitto ended");
            tokio::task::yield_now().await;
        }
    })
    .await;
    child
}

/// The embedded broker's rules.
struct Rules {
    password: bool,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Rules {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> Answer<'a, mqtt5::error::Result<AuthResult>> {
        let right = !self.password
            || (connect.username.as_deref() == Some("me") && connect.password.as_deref() == Some(b"right"));
        let result =
            if right { AuthResult::success() } else { AuthResult::fail(ReasonCode::BadUsernameOrPassword) };
        Box::pin(async move { Ok(result) })
    }

    fn authorize_publish<'a>(&'a self, _: &str, _: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { !topic.starts_with("forbidden/") })
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, _: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { !filter.starts_with("forbidden/") })
    }
}
