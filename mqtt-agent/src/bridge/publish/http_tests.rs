//! A connection over HTTP, with a server whose answers each test gives.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, PingRequest};
use rmcp::service::{PeerRequestOptions, ServiceError};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::connection::{Connection, Line, MOST_TOOLS};
use super::http::{AT_ONCE, BESIDE};
use super::lanes::Lanes;
use super::shelf::Shelf;
use super::source::McpServer;
use super::tool::Calls;
use super::{PublishEvent, Publisher, upkeep};

const SOON: Duration = Duration::from_secs(20);

/// A request that waits for its answer: a status, and a result.
struct Asked {
    method: String,
    answer: oneshot::Sender<(u16, Value)>,
}

impl Asked {
    fn answer(self, status: u16) {
        let result = match self.method.as_str() {
            "tools/list" => json!({"tools": []}),
            "tools/call" => json!({"content": []}),
            _ => json!({}),
        };
        self.answer.send((status, result)).unwrap();
    }
}

/// A server, and what it is asked after the handshake.
struct Server {
    asked: mpsc::UnboundedReceiver<Asked>,
    url: String,
    _task: AbortOnDropHandle<()>,
}

impl Server {
    async fn start() -> (Self, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let (told, asked) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, told.clone()));
            }
        });
        let connection =
            timeout(SOON, Connection::open(&McpServer::http(url.clone()))).await.unwrap().unwrap();
        (Self { asked, url, _task: AbortOnDropHandle::new(task) }, connection)
    }

    /// The next request, which is of this kind.
    async fn next(&mut self, method: &str) -> Asked {
        let asked = timeout(SOON, self.asked.recv()).await.expect(method).unwrap();
        assert_eq!(asked.method, method);
        asked
    }
}

/// One request.
async fn serve(stream: TcpStream, told: mpsc::UnboundedSender<Asked>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await.ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (status, body) = match first.starts_with("POST") {
        true => answer(&serde_json::from_slice(&body).ok()?, &told).await?,
        false => (405, None),
    };
    let (kind, body) = match body {
        Some(body) => ("Content-Type: application/json\r\n", body.to_string()),
        None => ("", String::new()),
    };
    let head =
        format!("HTTP/1.1 {status} X\r\n{kind}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

async fn answer(message: &Value, told: &mpsc::UnboundedSender<Asked>) -> Option<(u16, Option<Value>)> {
    let Some(id) = message.get("id") else { return Some((202, None)) };
    let (status, result) = match message["method"].as_str()? {
        "initialize" => {
            let version = &message["params"]["protocolVersion"];
            let server = json!({"name": "server", "version": "1"});
            (200, json!({"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}))
        }
        "server/discover" => {
            let error = json!({"code": -32601, "message": "unknown"});
            return Some((200, Some(json!({"jsonrpc": "2.0", "id": id, "error": error}))));
        }
        method => {
            let (answer, answered) = oneshot::channel();
            told.send(Asked { method: method.to_owned(), answer }).ok()?;
            answered.await.ok()?
        }
    };
    let body = json!({"jsonrpc": "2.0", "id": id, "result": result});
    Some((status, (status == 200).then_some(body)))
}

async fn ask(line: Line, request: ClientRequest) -> Result<(), ServiceError> {
    let asked = line.peer.send_request_with_option(request, PeerRequestOptions::no_options()).await?;
    asked.await_response().await.map(drop)
}

fn call() -> ClientRequest {
    ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("slow")))
}

#[tokio::test]
async fn pings_and_lists_do_not_wait_behind_calls() {
    let (mut server, connection) = Server::start().await;
    let line = connection.line();
    let calls: Vec<_> = (0..AT_ONCE * 3).map(|_| tokio::spawn(ask(line.clone(), call()))).collect();
    let mut held = Vec::new();
    for _ in 0..AT_ONCE {
        held.push(server.next("tools/call").await);
    }
    let ping = tokio::spawn(ask(line.clone(), ClientRequest::PingRequest(PingRequest::default())));
    server.next("ping").await.answer(200);
    timeout(SOON, ping).await.unwrap().unwrap().unwrap();
    let (listed, ()) = tokio::join!(timeout(SOON, line.tools()), async {
        server.next("tools/list").await.answer(200);
    });
    assert!(listed.unwrap().unwrap().is_empty());
    held.into_iter().for_each(|asked| asked.answer(200));
    for _ in AT_ONCE..calls.len() {
        server.next("tools/call").await.answer(200);
    }
    for call in calls {
        timeout(SOON, call).await.unwrap().unwrap().unwrap();
    }
    connection.end().await;
}

/// Waits for the server's silence, and lets it be doubted.
fn watched(connection: &Connection) -> (Arc<Lanes>, JoinHandle<String>) {
    let line = connection.line().clone();
    (Arc::clone(&line.lanes), tokio::spawn(async move { line.silent().await }))
}

#[tokio::test]
async fn a_server_that_refuses_pings_is_there_and_one_that_wants_another_token_is_not() {
    let (mut server, connection) = Server::start().await;
    let (lanes, silent) = watched(&connection);
    for status in [429, 500, 403, 429] {
        lanes.doubted.notify_one();
        server.next("ping").await.answer(status);
    }
    lanes.doubted.notify_one();
    server.next("ping").await.answer(401);
    let reason = timeout(SOON, silent).await.unwrap().unwrap();
    assert!(reason.contains("401"), "{reason}");
    connection.end().await;
}

#[tokio::test]
async fn a_server_that_a_proxy_answers_for_is_away_after_two_pings() {
    let (mut server, connection) = Server::start().await;
    let (lanes, silent) = watched(&connection);
    // One that answers between is there.
    for status in [502, 200, 502, 503] {
        assert!(!silent.is_finished());
        lanes.doubted.notify_one();
        server.next("ping").await.answer(status);
    }
    let reason = timeout(SOON, silent).await.unwrap().unwrap();
    assert!(reason.contains("503"), "{reason}");
    connection.end().await;
}

#[tokio::test]
async fn lists_without_an_answer_take_no_place() {
    let (mut server, connection) = Server::start().await;
    let line = connection.line().clone();
    let mut held = Vec::new();
    for _ in 0..AT_ONCE + BESIDE {
        tokio::select! {
            listed = line.tools() => panic!("it has no answer: {listed:?}"),
            asked = server.next("tools/list") => held.push(asked),
        }
    }
    let ping = tokio::spawn(ask(line, ClientRequest::PingRequest(PingRequest::default())));
    server.next("ping").await.answer(200);
    timeout(SOON, ping).await.unwrap().unwrap().unwrap();
    connection.end().await;
}

#[tokio::test]
async fn a_list_without_an_end_is_read_to_the_most_tools() {
    let (mut server, connection) = Server::start().await;
    let half: Vec<_> = (0..=MOST_TOOLS / 2)
        .map(|count| json!({"name": format!("t{count}"), "inputSchema": {"type": "object"}}))
        .collect();
    let (listed, ()) = tokio::join!(timeout(SOON, connection.line().tools()), async {
        for _ in 0..2 {
            let asked = server.next("tools/list").await;
            asked.answer.send((200, json!({"tools": half, "nextCursor": "more"}))).unwrap();
        }
    });
    assert_eq!(listed.unwrap().unwrap().len(), MOST_TOOLS);
    connection.end().await;
}

#[cfg(feature = "broker")]
#[tokio::test]
async fn a_server_that_is_away_is_noticed_while_its_list_is_tried_again() {
    let (Server { mut asked, url, _task }, connection) = Server::start().await;
    let broker = crate::broker::Broker::start().await.unwrap();
    let agent = crate::agent::Agent::new("server").tools(crate::tools![]).open_to_tools();
    let running = agent.start(broker.url()).await.unwrap();
    let (lines, line) = watch::channel(None);
    let calls = Calls { line, tasks: TaskTracker::new(), answered: Arc::default() };
    let (events, mut heard) = broadcast::channel(64);
    let how = Publisher::new(broker.url(), McpServer::http(url.clone())).how;
    let shelf = Shelf::new(running, "server".to_owned(), how, calls, events, watch::channel(Vec::new()).0);
    let (lanes, stopped) = (connection.line().lanes.clone(), CancellationToken::new());
    let keeping = tokio::spawn(upkeep::run(shelf, McpServer::http(url), connection, lines, stopped.clone()));
    lanes.changed.notify_one();
    // From now on a proxy answers for it.
    let _proxy = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(asked) = asked.recv().await {
            asked.answer(503);
        }
    }));
    let PublishEvent::Offline { reason } = timeout(SOON, heard.recv()).await.unwrap().unwrap() else {
        panic!("it is away");
    };
    assert!(reason.contains("503"), "{reason}");
    stopped.cancel();
    timeout(SOON, keeping).await.unwrap().unwrap();
    broker.stop().await;
}
