//! A real broker for one test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;

use mqtt_agent::broker::Broker;
use tokio::process::{Child, Command};

use crate::eventually;

/// A broker that lives as long as its test, on a port of its own that a restart keeps.
#[derive(Debug)]
pub struct TestBroker {
    address: SocketAddr,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Embedded(Option<Broker>),
    Mosquitto { child: Option<Child>, config: PathBuf, folder: tempfile::TempDir },
}

impl TestBroker {
    /// The embedded one.
    pub async fn embedded() -> Self {
        let broker = Broker::start().await.expect("a free port");
        Self { address: broker.address(), kind: Kind::Embedded(Some(broker)) }
    }

    /// Mosquitto, with more lines of configuration; `{dir}` in them is a folder of its own.
    pub async fn mosquitto(lines: &str) -> Self {
        Self::mosquitto_with(lines, &[]).await
    }

    /// Mosquitto as it is without any configuration: small queues, and no `set_tcp_nodelay`.
    pub async fn stock_mosquitto() -> Self {
        Self::configured("", &[]).await
    }

    /// Mosquitto, with files in its folder.
    pub async fn mosquitto_with(lines: &str, files: &[(&str, &str)]) -> Self {
        Self::configured(&format!("set_tcp_nodelay true\n{lines}"), files).await
    }

    async fn configured(lines: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = free.local_addr().expect("its address");
        drop(free);
        let anonymous = if lines.contains("allow_anonymous") { "" } else { "allow_anonymous true\n" };
        let lines = lines.replace("{dir}", &folder.path().to_string_lossy());
        let text = format!(
            "per_listener_settings false\nlistener {} 127.0.0.1\n{anonymous}user root\n{lines}\n",
            address.port()
        );
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, text).expect("its configuration");
        let mut broker = Self { address, kind: Kind::Mosquitto { child: None, config, folder } };
        broker.start().await;
        broker
    }

    /// Whether it is Mosquitto.
    #[must_use]
    pub fn is_mosquitto(&self) -> bool {
        matches!(self.kind, Kind::Mosquitto { .. })
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

    /// Its folder, if it has one.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.kind {
            Kind::Embedded(_) => None,
            Kind::Mosquitto { folder, .. } => Some(folder.path()),
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
            Kind::Mosquitto { child, config, .. } => {
                let program =
                    ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"]
                        .into_iter()
                        .find(|path| std::path::Path::new(path).exists())
                        .unwrap_or("mosquitto");
                let mut command = Command::new(program);
                command
                    .arg("-c")
                    .arg(&*config)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .kill_on_drop(true);
                *child = Some(
                    command.spawn().expect("mosquitto runs; install it, or leave out `--features peers`"),
                );
                eventually("mosquitto", || async { tokio::net::TcpStream::connect(address).await.ok() })
                    .await;
            }
        }
    }

    /// Kills it: nobody is told, and what was in memory is gone.
    pub async fn kill(&mut self) {
        match &mut self.kind {
            Kind::Embedded(broker) => {
                if let Some(broker) = broker.take() {
                    broker.stop().await;
                }
            }
            Kind::Mosquitto { child, .. } => {
                if let Some(mut child) = child.take() {
                    child.kill().await.expect("killed");
                }
            }
        }
    }

    /// Ends it as an operator does: it writes what it keeps, and hangs up.
    pub async fn terminate(&mut self) {
        if !self.signal("TERM").await {
            return self.kill().await;
        }
        if let Kind::Mosquitto { child, .. } = &mut self.kind
            && let Some(mut child) = child.take()
        {
            child.wait().await.expect("it ends");
        }
    }

    /// Stops it in the middle of whatever it does, as a frozen host would; `false` where that cannot be done.
    pub async fn freeze(&self) -> bool {
        self.signal("STOP").await
    }

    /// Ends [`freeze`](Self::freeze).
    pub async fn thaw(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, name: &str) -> bool {
        let Kind::Mosquitto { child: Some(child), .. } = &self.kind else { return false };
        let id = child.id().expect("it runs").to_string();
        let status = Command::new("kill").args([format!("-{name}"), id]).status().await.expect("kill runs");
        status.success()
    }
}
