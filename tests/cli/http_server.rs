//! An MCP server over HTTP, written by hand: a connection for each request, and one JSON answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One that runs until it is dropped.
pub(crate) struct HttpServer {
    port: u16,
    task: JoinHandle<()>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Whether it refuses pings, as it does after a call of `limited`.
    is_limited: AtomicBool,
    /// How many calls of `slow` run.
    slow: AtomicUsize,
    /// Whether these may end, as they do after a call of `release`.
    is_released: watch::Sender<bool>,
}

impl HttpServer {
    /// Takes requests with this token alone.
    pub(crate) async fn start(port: u16, token: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, token, Arc::clone(&shared)));
            }
        });
        Self { port, task, state }
    }

    /// How many calls of `slow` have come.
    pub(crate) fn slow(&self) -> usize {
        self.state.slow.load(Ordering::SeqCst)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is refused by the host before MCP.
const REFUSED: Value = Value::Null;

async fn serve(stream: TcpStream, token: &'static str, state: Arc<State>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let (mut length, mut is_known, mut is_marked) = (0, false, false);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim().to_owned();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => is_known = value.trim() == format!("Bearer {token}"),
            "x-mark" => is_marked = value.trim() == "yes",
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let answer = match first.split(' ').next()? {
        _ if !is_known => {
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
        "POST" => match answer(&serde_json::from_slice(&body).ok()?, is_marked, &state).await {
            Some(answer) if answer == REFUSED => {
                "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            }
            Some(answer) => {
                let body = answer.to_string();
                let length = body.len();
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
            }
            None => "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
        },
        _ => "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
    };
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

async fn answer(message: &Value, is_marked: bool, state: &State) -> Option<Value> {
    let id = message.get("id")?;
    let tool =
        |name: &str| json!({"name": name, "description": "A tool.", "inputSchema": {"type": "object"}});
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "http-server", "version": "1"},
        }),
        "tools/list" => {
            let tools = ["marked", "slow", "limited", "release"].map(tool);
            json!({"tools": tools})
        }
        "tools/call" => {
            match message["params"]["name"].as_str()? {
                "slow" => {
                    state.slow.fetch_add(1, Ordering::SeqCst);
                    drop(state.is_released.subscribe().wait_for(|released| *released).await);
                }
                "limited" => {
                    state.is_limited.store(true, Ordering::SeqCst);
                    return Some(REFUSED);
                }
                "release" => drop(state.is_released.send_replace(true)),
                _ => {}
            }
            json!({"content": [{"type": "text", "text": is_marked.to_string()}]})
        }
        "ping" if state.is_limited.load(Ordering::SeqCst) => return Some(REFUSED),
        "ping" => json!({}),
        _ => {
            return Some(
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "unknown"}}),
            );
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}
