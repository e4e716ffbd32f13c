//! A broker that is a process: its `run PORT FOLDER` becomes it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::description::Description;

/// How long a broker may take until it listens; those in Java share the machine with the other tests.
const START: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(super) struct Process {
    run: PathBuf,
    address: SocketAddr,
    folder: tempfile::TempDir,
    long_queues: bool,
    child: Option<Child>,
}

impl Process {
    pub(super) async fn start(
        description: &Description,
        address: SocketAddr,
        lines: Option<&str>,
        files: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = lines.map(|lines| ("lines", lines.replace("{dir}", &folder.path().to_string_lossy())));
        let files = files.iter().map(|(name, text)| (*name, (*text).to_owned()));
        for (name, text) in files.chain(lines) {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let run = description.folder.join("run");
        let mut process = Self { run, address, folder, long_queues: false, child: None };
        process.spawn().await;
        process
    }

    pub(super) async fn lengthen_queues(&mut self) {
        self.long_queues = true;
        self.spawn().await;
    }

    pub(super) async fn spawn(&mut self) {
        let log = self.folder.path().join("log");
        let output = std::fs::File::create(&log).expect("its log");
        let mut command = Command::new(&self.run);
        command
            .arg(self.address.port().to_string())
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("its log"))
            .stderr(output)
            .kill_on_drop(true);
        if self.long_queues {
            command.arg("long-queues");
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("`{}`: {error}", self.run.display()));
        let listens = async {
            while tokio::net::TcpStream::connect(self.address).await.is_err() {
                if let Some(status) = child.try_wait().expect("its status") {
                    let log = std::fs::read_to_string(&log).unwrap_or_default();
                    panic!(
                        "`{}` ended with {status}; install the broker, or choose another:\n{log}",
                        self.run.display()
                    );
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(START, listens).await.expect("the broker listens in time");
        self.child = Some(child);
    }

    pub(super) async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.expect("killed");
        }
    }

    pub(super) async fn terminate(&mut self) {
        assert!(self.signal("TERM").await);
        if let Some(mut child) = self.child.take() {
            child.wait().await.expect("it ends");
        }
    }

    pub(super) async fn signal(&self, name: &str) -> bool {
        let Some(child) = &self.child else { return false };
        let id = child.id().expect("it runs").to_string();
        let status = Command::new("kill").args([format!("-{name}"), id]).status().await.expect("kill runs");
        status.success()
    }
}
