//! Mosquitto, on a free port of loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Config {
    /// As the guide recommends.
    Tuned,
    /// Nothing but a listener.
    Stock,
    /// As the guide recommends, with room for large messages.
    Large,
}

impl Config {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Tuned => "tuned Mosquitto (the lines of the guide)",
            Self::Stock => "stock Mosquitto (a listener and `allow_anonymous`)",
            Self::Large => "tuned Mosquitto, `max_packet_size 268435455`",
        }
    }

    fn lines(self, folder: &Path) -> String {
        let packet = match self {
            Self::Stock => return String::new(),
            Self::Tuned => 1_048_576,
            // The largest that MQTT has.
            Self::Large => 268_435_455,
        };
        format!(
            "set_tcp_nodelay true\nmax_inflight_messages 200\nmax_queued_messages 0\nmax_packet_size {packet}\n\
             persistence true\npersistence_location {}/\nautosave_interval 30\npersistent_client_expiration 7d\nuser root\n",
            folder.display()
        )
    }
}

/// Ends when it is dropped.
pub(crate) struct Broker {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Broker {
    /// Where Mosquitto is, or what is missing.
    pub(crate) fn program() -> Result<&'static str, String> {
        let found =
            ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto", "mosquitto"]
                .into_iter()
                .find(|program| version_of(program).is_some());
        found.ok_or_else(|| "Mosquitto is missing: install `mosquitto` 2.0 or later".to_owned())
    }

    pub(crate) fn version() -> Option<String> {
        version_of(Self::program().ok()?)
    }

    pub(crate) fn start(config: Config) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let address = free.local_addr().map_err(|error| error.to_string())?;
        drop(free);
        let lines = config.lines(folder.path());
        let file = folder.path().join("mosquitto.conf");
        let text = format!("listener {} 127.0.0.1\nallow_anonymous true\n{lines}", address.port());
        std::fs::write(&file, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(Self::program()?);
        command.arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("failed to start Mosquitto: {error}"))?;
        let broker = Self { child, address, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                return Err("Mosquitto did not open its port within 10 s".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(broker)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program).arg("-h").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find(|line| line.contains("mosquitto version"))
        .map(|line| line.replace("mosquitto version", "Mosquitto"))
}
