//! `mqtt-agent publish` as a process, and the processes of its server.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{TestBroker, eventually};

use crate::command::{Running, command};

/// The server that is published.
pub(crate) const SERVER: &str = env!("CARGO_BIN_EXE_mcp-server-process");

pub(crate) struct Publish {
    pub(crate) running: Running,
    folder: tempfile::TempDir,
}

/// The processes of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pids {
    pub(crate) server: u32,
    pub(crate) supervisor: u32,
    pub(crate) child: u32,
}

impl Publish {
    /// Publishes the server, and gives its first event.
    pub(crate) async fn start(broker: &TestBroker, arguments: &[&str]) -> (Self, Value) {
        let mut publish = Self::begin(broker, arguments, "");
        let first = publish.until("online").await;
        (publish, first)
    }

    pub(crate) fn begin(broker: &TestBroker, arguments: &[&str], how: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pids");
        let line =
            [&["publish", "--json"][..], arguments, &["--", SERVER, file.to_str().unwrap(), how]].concat();
        let mut command = command(&line);
        command
            .env("MQTT_AGENT_URL", broker.url())
            .env("MQTT_AGENT_USERNAME", "ada")
            .stderr(Stdio::inherit());
        Self { running: Running::of(command), folder }
    }

    /// The next event of this kind.
    pub(crate) async fn until(&mut self, event: &str) -> Value {
        loop {
            let next = self.running.next().await;
            if next["event"] == event {
                return next;
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join("pids")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The processes of each server that was started.
    pub(crate) fn pids(&self) -> Vec<Pids> {
        let read = |line: &String| {
            let mut pids = line.split(' ').map(|pid| pid.parse().ok());
            let mut next = || pids.next().flatten();
            Some(Pids { server: next()?, supervisor: next()?, child: next()? })
        };
        self.lines().iter().filter_map(read).collect()
    }

    /// Waits until the server was told that a call is cancelled.
    pub(crate) async fn cancelled(&self) {
        eventually("cancelled", || async { self.lines().contains(&"cancelled".to_owned()).then_some(()) })
            .await;
    }

    /// Waits until none of the servers' processes is left.
    pub(crate) async fn nothing_left(pids: &[Pids]) {
        let all: Vec<_> = pids.iter().flat_map(|pids| [pids.server, pids.supervisor, pids.child]).collect();
        eventually("no process is left", || async { (!all.iter().any(|pid| is_there(*pid))).then_some(()) })
            .await;
    }
}

/// Whether a process runs; one that is dead and not yet waited for does not.
pub(crate) fn is_there(pid: u32) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

pub(crate) async fn kill(signal: &str, pid: u32) {
    let pid = pid.to_string();
    // It may have ended by itself.
    drop(tokio::process::Command::new("kill").args([signal, &pid]).status().await);
}
