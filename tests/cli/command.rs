//! A process of the command, and what came of it.

use std::process::Stdio;

use serde_json::Value;
use support::{TestBroker, soon};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// What was printed where the command did what it was told.
    #[track_caller]
    pub(crate) fn done(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout.trim_end()
    }

    /// The values that were printed, one a line.
    #[track_caller]
    pub(crate) fn values(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {self:?}"))).collect()
    }

    /// What a command says of its failure in JSON.
    #[track_caller]
    pub(crate) fn error(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        self.values().pop().expect("a line")["error"].take()
    }
}

/// The command with nothing of this process's environment that it reads.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-agent-command"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MQTT_AGENT_") {
            command.env_remove(name);
        }
    }
    // Where this user has no contexts.
    command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-contexts"));
    command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// Runs a command that was made ready to its end.
pub(crate) async fn run_ready(mut command: Command) -> Ended {
    end(command.spawn().unwrap()).await
}

/// Runs the command to its end, without a broker.
pub(crate) async fn run_alone(arguments: &[&str]) -> Ended {
    end(command(arguments).spawn().unwrap()).await
}

/// Runs the command to its end.
pub(crate) async fn run(broker: &TestBroker, arguments: &[&str]) -> Ended {
    end(command(arguments).env("MQTT_AGENT_URL", broker.url()).spawn().unwrap()).await
}

/// Runs the command to its end with something on stdin.
pub(crate) async fn run_with(broker: &TestBroker, arguments: &[&str], input: &str) -> Ended {
    let mut command = command(arguments);
    let mut child = command.env("MQTT_AGENT_URL", broker.url()).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    end(child).await
}

async fn end(child: Child) -> Ended {
    let output = soon(child.wait_with_output()).await.unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Running {
    pub(crate) fn start(url: Option<&str>, arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        if let Some(url) = url {
            command.env("MQTT_AGENT_URL", url);
        }
        Self::of(command)
    }

    /// Starts a command that was made ready.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line.
    pub(crate) async fn line(&mut self) -> String {
        soon(self.lines.next_line()).await.unwrap().expect("a line")
    }

    /// The next line, as JSON.
    pub(crate) async fn next(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"))
    }

    /// Presses Ctrl-C, and waits for the end.
    pub(crate) async fn interrupt(self) -> Option<i32> {
        self.signal("-INT").await;
        self.ended().await
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for the end, and gives the exit code.
    pub(crate) async fn ended(mut self) -> Option<i32> {
        // Waiting would close it, and the command would read its end before it hears of a signal.
        let _stdin = self.child.stdin.take();
        soon(self.child.wait()).await.unwrap().code()
    }
}
