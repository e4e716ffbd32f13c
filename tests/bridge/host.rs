//! A host of another make in a process of its own, which starts the bridge or comes to one over HTTP; one line of JSON for
//! each thing it is asked and says.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use support::SOON;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The hosts, by make and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// `@modelcontextprotocol/sdk` 1.x: legacy.
    Sdk1,
    /// `@modelcontextprotocol/client` 2.x, in this mode.
    Sdk2(&'static str),
    /// The same with `@modelcontextprotocol/ext-tasks`, over HTTP.
    Tasks,
    /// PyPI `mcp`, in this mode.
    Python(&'static str),
    FastMcp,
}

impl Make {
    /// Whether it speaks the revision 2026-07-28 to a server that does.
    pub(crate) fn is_modern(self) -> bool {
        matches!(self, Self::Sdk2("auto" | "pinned") | Self::Python("auto" | "2026-07-28"))
            || self == Self::FastMcp
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The command under test.
pub(crate) const COMMAND: &str = env!("CARGO_BIN_EXE_mqtt-agent-command");

/// A command with nothing of this process's environment that the bridge reads.
pub(crate) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MQTT_AGENT_") {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Host {
    /// Starts a host that starts the bridge, and waits until they have met.
    pub(crate) async fn stdio(make: Make, url: &str) -> Self {
        Self::start(make, &[COMMAND, "mcp", "--no-cache", "--url", url]).await
    }

    /// Starts a host that comes to a bridge over HTTP.
    pub(crate) async fn http(make: Make, url: &str) -> Self {
        Self::start(make, &[url]).await
    }

    /// The same, with a bearer token.
    pub(crate) async fn with_token(make: Make, url: &str, token: &str) -> Self {
        Self::start(make, &[url, token]).await
    }

    async fn start(make: Make, target: &[&str]) -> Self {
        let (program, script, mode) = match make {
            Make::Sdk1 => ("node".into(), folder("node/mcp-host.mjs"), "sdk1"),
            Make::Tasks => ("node".into(), folder("node/mcp-host.mjs"), "tasks"),
            Make::Sdk2(mode) => ("node".into(), folder("node/mcp-host.mjs"), mode),
            Make::Python(mode) => (folder("python/venv/bin/python"), folder("python/mcp_host.py"), mode),
            Make::FastMcp => (folder("python/venv/bin/python"), folder("python/mcp_host.py"), "fastmcp"),
        };
        let mut command = clean(&program);
        command.arg(script).arg(mode).args(target).env("FASTMCP_CHECK_FOR_UPDATES", "off");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command
            .spawn()
            .expect("the host runs; install `tests/node` and `tests/python` as the README says");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()).lines());
        let mut host = Self { child, input, output };
        assert_eq!(host.next().await, json!({"ready": true}));
        host
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(2 * SOON, self.output.next_line()).await.expect("in time").unwrap();
        serde_json::from_str(&line.expect("the host runs")).expect("JSON")
    }

    pub(crate) async fn send(&mut self, request: Value) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        self.send(request).await;
        self.next().await
    }

    pub(crate) async fn tools(&mut self) -> Vec<Value> {
        let answer = self.ask(json!({"list": true})).await;
        answer["tools"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    pub(crate) async fn names(&mut self) -> Vec<String> {
        let tools = self.tools().await;
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask(json!({"call": tool, "arguments": arguments})).await
    }

    /// Ends it as its user does.
    pub(crate) async fn end(mut self) {
        drop(self.input.take());
        let ended = tokio::time::timeout(SOON, self.child.wait()).await.expect("in time").unwrap();
        assert!(ended.success());
    }
}

/// A bridge that serves HTTP.
pub(crate) struct Bridge {
    _child: Child,
    pub(crate) url: String,
}

impl Bridge {
    /// Starts one, and waits until it listens.
    pub(crate) async fn start(broker: &str) -> Self {
        Self::at("127.0.0.1:0", broker, &[]).await.expect("it tells where it listens")
    }

    /// The same, at this address; `None` where it ends instead.
    pub(crate) async fn at(address: &str, broker: &str, arguments: &[&str]) -> Option<Self> {
        let mut command = clean(Path::new(COMMAND));
        command.args(["mcp", "--no-cache", "--http", address, "--url", broker]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(SOON, lines.next_line()).await.expect("in time").unwrap();
        line.map(|url| Self { _child: child, url })
    }
}
