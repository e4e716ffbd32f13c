//! An HTTP client of the bridge, in either era of MCP, by hand: tests say each header.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::soon;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::command::command;
use crate::host::{Asks, Era};

/// `mqtt-agent mcp --http` on a port of its own.
pub(crate) struct Web {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
}

impl Web {
    pub(crate) async fn start(url: &str, arguments: &[&str]) -> Self {
        let mut command = command(&["mcp", "--url", url, "--no-cache", "--http", "127.0.0.1:0"]);
        let mut child = command.args(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon(lines.next_line()).await.unwrap().expect("it tells where it listens");
        let address = line.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/mcp")).expect(&line);
        Self { child, address: address.parse().unwrap() }
    }

    /// A client that has said hello.
    pub(crate) async fn client(&self, era: Era, token: Option<&str>) -> Client {
        self.capable(era, token, json!({})).await
    }

    /// The same, with these capabilities.
    pub(crate) async fn capable(&self, era: Era, token: Option<&str>, capabilities: Value) -> Client {
        let mut client = Client::new(self.address, era, token);
        client.capabilities = capabilities;
        client.hello().await;
        client
    }
}

/// An answer, whose body is read as it comes.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    stream: BufReader<TcpStream>,
    left: Option<usize>,
    text: String,
}

/// Sends a request with these headers and no others but `Content-Length`.
pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !headers.iter().any(|(name, _)| matches!(*name, "Content-Length" | "Transfer-Encoding")) {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whatever is refused need not be read to its end.
    drop(stream.write_all(format!("{head}\r\n{body}").as_bytes()).await);
    Reply::read(stream).await
}

impl Reply {
    pub(crate) async fn read(stream: TcpStream) -> Self {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            soon(stream.read_line(&mut line)).await.unwrap();
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status = lines.first().expect("an answer").split(' ').nth(1).unwrap().parse().unwrap();
        let pair = |line: &String| {
            line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        };
        let headers: Vec<_> = lines[1..].iter().filter_map(pair).collect();
        let mut reply = Self { status, headers, stream, left: None, text: String::new() };
        reply.left = reply.header("content-length").map(|length| length.parse().unwrap());
        reply
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Reads more of the body; `false` at its end, or where the connection is cut.
    async fn more(&mut self) -> bool {
        let length = match self.left.take() {
            Some(length) => length,
            None => {
                let mut line = String::new();
                if self.stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                    return false;
                }
                usize::from_str_radix(line.trim(), 16).unwrap()
            }
        };
        let mut bytes = vec![0; length];
        if length == 0 || self.stream.read_exact(&mut bytes).await.is_err() {
            return false;
        }
        self.text += &String::from_utf8(bytes).unwrap();
        if self.header("content-length").is_some() {
            self.left = Some(0);
        } else {
            self.stream.read_line(&mut String::new()).await.unwrap();
        }
        true
    }

    /// The whole body.
    pub(crate) async fn text(mut self) -> String {
        soon(async { while self.more().await {} }).await;
        self.text
    }

    /// The next message of a stream of events; `None` at its end.
    pub(crate) async fn event(&mut self) -> Option<Value> {
        soon(async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_default();
                    let message = serde_json::from_str(data.trim()).ok();
                    self.text = rest.to_owned();
                    if message.is_some() {
                        return message;
                    }
                }
                if !self.more().await {
                    return None;
                }
            }
        })
        .await
    }

    /// The answer to the one request.
    pub(crate) async fn answer(mut self) -> Value {
        if self.header("content-type") == Some("application/json") {
            return serde_json::from_str(&self.text().await).unwrap();
        }
        assert_eq!(self.header("content-type"), Some("text/event-stream"), "{}", self.status);
        loop {
            let message = self.event().await.expect("an answer");
            if message.get("method").is_none() {
                return message;
            }
        }
    }
}

pub(crate) struct Client {
    address: SocketAddr,
    era: Era,
    token: Option<String>,
    pub(crate) session: Option<String>,
    next: u64,
    /// What it says that it can do.
    pub(crate) capabilities: Value,
}

impl Asks for Client {
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(method, params).await.answer().await
    }
}

impl Client {
    /// Waits for a tool that a bridge has just been started for.
    pub(crate) async fn until_listed(&mut self, tool: &str) {
        let listed = async {
            while !self.names().await.iter().any(|name| name == tool) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(listed).await;
    }

    pub(crate) fn new(address: SocketAddr, era: Era, token: Option<&str>) -> Self {
        Self {
            address,
            era,
            token: token.map(str::to_owned),
            session: None,
            next: 0,
            capabilities: json!({}),
        }
    }

    /// Sends what is to be sent first.
    pub(crate) async fn hello(&mut self) {
        if self.era == Era::Modern {
            let answer = self.ask("server/discover", json!({})).await;
            assert_eq!(answer["result"]["capabilities"]["tools"]["listChanged"], true, "{answer}");
            return;
        }
        let client = json!({"name": "host", "version": "1"});
        let can = &self.capabilities;
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": can, "clientInfo": client});
        let reply = self.send("initialize", params).await;
        self.session = reply.header("mcp-session-id").map(str::to_owned);
        let answer = reply.answer().await;
        assert_eq!(answer["result"]["serverInfo"]["name"], "mqtt-agent", "{answer}");
        let message = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(self.post("notifications/initialized", &message).await.status, 202);
    }

    fn headers<'a>(&'a self, host: &'a str, bearer: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut headers = vec![
            ("Host", host),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ];
        headers.extend(self.session.as_deref().map(|session| ("Mcp-Session-Id", session)));
        headers.extend(self.token.is_some().then_some(("Authorization", bearer)));
        headers
    }

    /// Sends a message as it is.
    pub(crate) async fn post(&self, method: &str, message: &Value) -> Reply {
        let (host, bearer) =
            (self.address.to_string(), format!("Bearer {}", self.token.as_deref().unwrap_or_default()));
        let mut headers = self.headers(&host, &bearer);
        let name = ["name", "taskId"].iter().find_map(|key| message["params"][key].as_str());
        match self.era {
            Era::Legacy if self.session.is_some() => headers.push(("MCP-Protocol-Version", "2025-11-25")),
            Era::Legacy => {}
            Era::Modern => {
                headers.extend([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)]);
                headers.extend(name.map(|name| ("Mcp-Name", name)));
            }
        }
        request(self.address, "POST", "/mcp", &headers, &message.to_string()).await
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, method: &str, mut params: Value) -> Reply {
        self.next += 1;
        if self.era == Era::Modern {
            let meta = params.as_object_mut().unwrap().entry("_meta").or_insert_with(|| json!({}));
            meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "host", "version": "1"});
        }
        let message = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.post(method, &message).await
    }

    /// Opens the stream by which a legacy host is told of what it has not asked for.
    pub(crate) async fn listen(&self) -> Reply {
        let (host, bearer) =
            (self.address.to_string(), format!("Bearer {}", self.token.as_deref().unwrap_or_default()));
        let mut headers = self.headers(&host, &bearer);
        headers.push(("MCP-Protocol-Version", "2025-11-25"));
        request(self.address, "GET", "/mcp", &headers, "").await
    }
}
