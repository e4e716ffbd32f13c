//! An MCP host that starts `mqtt-agent mcp`, in either era of the protocol.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::soon;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use crate::command::command;

/// The era of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

pub(crate) const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

/// What hosts ask, whichever way they come.
pub(crate) trait Asks {
    /// Sends a request, and gives its answer.
    async fn ask(&mut self, method: &str, params: Value) -> Value;

    async fn tools(&mut self) -> Vec<Value> {
        let answer = self.ask("tools/list", json!({})).await;
        answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    async fn names(&mut self) -> Vec<String> {
        let tools = self.tools().await;
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The result of a call.
    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments})).await;
        answer.get("result").unwrap_or_else(|| panic!("{answer}")).clone()
    }
}

pub(crate) struct Host {
    era: Era,
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    errors: ChildStderr,
    next: u64,
    /// What it says that it can do.
    capabilities: Value,
    /// What came that nobody waited for.
    pub(crate) told: Vec<Value>,
}

impl Host {
    /// Starts the bridge, without a cache.
    pub(crate) async fn start(era: Era, url: &str, arguments: &[&str]) -> Self {
        Self::with(era, url, &[arguments, &["--no-cache"]].concat()).await
    }

    /// Starts the bridge.
    pub(crate) async fn with(era: Era, url: &str, arguments: &[&str]) -> Self {
        let mut command = command(&["mcp", "--url", url]);
        command.args(arguments).stdin(Stdio::piped());
        Self::spawn(era, command).await
    }

    /// The same, of a host that answers questions.
    pub(crate) async fn answering(era: Era, url: &str, arguments: &[&str]) -> Self {
        Self::capable(era, url, arguments, json!({"elicitation": {}})).await
    }

    /// The same, of a host with these capabilities.
    pub(crate) async fn capable(era: Era, url: &str, arguments: &[&str], capabilities: Value) -> Self {
        let mut command = command(&["mcp", "--url", url, "--no-cache"]);
        command.args(arguments).stdin(Stdio::piped());
        Self::spawn_with(era, command, capabilities).await
    }

    /// Starts a command that is a bridge, and says hello to it.
    pub(crate) async fn spawn(era: Era, command: Command) -> Self {
        Self::spawn_with(era, command, json!({})).await
    }

    async fn spawn_with(era: Era, mut command: Command, capabilities: Value) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (input, errors) = (child.stdin.take(), child.stderr.take().unwrap());
        let mut host = Self { era, child, input, output, errors, next: 0, capabilities, told: Vec::new() };
        if era == Era::Legacy {
            let client = json!({"name": "host", "version": "1"});
            let can = &host.capabilities;
            let params = json!({"protocolVersion": "2025-11-25", "capabilities": can, "clientInfo": client});
            let answer = host.ask("initialize", params).await;
            assert_eq!(answer["result"]["serverInfo"]["name"], "mqtt-agent", "{answer}");
            assert_eq!(answer["result"]["capabilities"]["tools"]["listChanged"], true, "{answer}");
            host.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        } else {
            let answer = host.ask("server/discover", json!({})).await;
            assert_eq!(answer["result"]["capabilities"]["tools"]["listChanged"], true, "{answer}");
        }
        host
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.write(&message.to_string()).await;
    }

    /// Sends a line as it is.
    pub(crate) async fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("stdin is open");
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Sends a request, and gives its id.
    pub(crate) async fn request(&mut self, method: &str, mut params: Value) -> u64 {
        self.next += 1;
        if self.era == Era::Modern {
            let meta = params.as_object_mut().unwrap().entry("_meta").or_insert_with(|| json!({}));
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "host", "version": "1"});
        }
        let id = self.next;
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// Cancels a request.
    pub(crate) async fn cancel(&mut self, id: u64) {
        let params = json!({"requestId": id, "reason": "enough"});
        self.send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    }

    /// The next message. Whatever is no JSON-RPC fails the test.
    pub(crate) async fn next(&mut self) -> Value {
        let line = soon(self.output.next_line()).await.unwrap();
        let Some(line) = line else {
            let mut errors = String::new();
            soon(self.errors.read_to_string(&mut errors)).await.unwrap();
            panic!("the bridge ended: {errors}");
        };
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// The next message of this method; those before it are passed over.
    pub(crate) async fn next_of(&mut self, method: &str) -> Value {
        soon(async {
            loop {
                let message = self.next().await;
                if message["method"] == method {
                    return message;
                }
            }
        })
        .await
    }

    /// The answer to a request; notifications that come before it are kept.
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.next().await;
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.told.push(message);
        }
    }

    /// Asks to be told of changes, as a host of 2026-07-28 has to.
    pub(crate) async fn listen(&mut self) {
        if self.era == Era::Modern {
            self.request("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})).await;
            let told = self.next().await;
            assert_eq!(told["method"], "notifications/subscriptions/acknowledged", "{told}");
        }
    }

    /// Waits until the list of tools is told to have changed.
    pub(crate) async fn list_changed(&mut self) {
        let is_change = |told: &Value| told["method"] == "notifications/tools/list_changed";
        if let Some(index) = self.told.iter().position(is_change) {
            self.told.remove(index);
            return;
        }
        while !is_change(&self.next().await) {}
    }

    /// Waits until a tool is in the list.
    pub(crate) async fn until_listed(&mut self, tool: &str) {
        while !self.names().await.iter().any(|name| name == tool) {
            self.list_changed().await;
        }
    }

    /// Closes stdin, and gives the exit code and what was logged.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        self.ended().await
    }

    /// The exit code and what was logged.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let mut errors = String::new();
        soon(self.errors.read_to_string(&mut errors)).await.unwrap();
        (soon(self.child.wait()).await.unwrap().code(), errors)
    }

    /// Sends a signal.
    pub(crate) async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await.unwrap();
        assert!(sent.success());
    }
}

impl Asks for Host {
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.answer(id).await
    }
}

/// How long something took.
pub(crate) async fn timed<T>(what: impl Future<Output = T>) -> (T, Duration) {
    let began = std::time::Instant::now();
    let done = what.await;
    (done, began.elapsed())
}
