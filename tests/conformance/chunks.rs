//! Results that are larger than a message (`MCP-22`).

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{BlockContent, Chunk, ContentBlock, Resource, ResourceBody};
use mqtt_agent::{CallError, ChunksError, Content, Retry};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use support::{Proxy, RawPeer, epoch, eventually, json, on_each_broker, reply_to, soon};

/// More than one message holds.
const MUCH: usize = 3 << 20;

/// Takes what is larger.
const ENOUGH: u64 = 32 << 20;

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|index| (index * 31 % 251) as u8).collect()
}

fn text(bytes: usize) -> String {
    pattern(bytes).into_iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// Gives a text of some length.
#[tool]
async fn long(bytes: usize) -> String {
    text(bytes)
}

/// Gives an image of some size.
#[tool]
async fn scan(bytes: usize) -> Content {
    Content::new().with_bytes(pattern(bytes), "image/tiff")
}

/// Gives an image of some size, and what is said of it.
#[tool]
async fn captioned(bytes: usize) -> Content {
    Content::new().with_text("a scan").with_image(pattern(bytes), "image/tiff")
}

/// Gives bytes of some media type, or of none.
#[tool]
async fn attached(bytes: usize, media_type: Option<String>) -> Content {
    let resource = Resource {
        uri: "file:///report".to_owned(),
        media_type,
        body: ResourceBody::Bytes(pattern(bytes).into()),
    };
    ContentBlock::new(BlockContent::Resource(resource)).into()
}

/// Gives a number, and an image of some size.
#[tool]
async fn numbered(bytes: usize) -> Content<u32> {
    Content::of(7).with_image(pattern(bytes), "image/tiff")
}

/// Answers at once.
#[tool]
async fn small(number: u32) -> u32 {
    number
}

const RESPONSES: &str = "a2a/v1/mcp/clients/peer/responses";

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tools() -> [&'static mqtt_agent::registry::ToolDef; 6] {
    tools![long, scan, captioned, attached, numbered, small]
}

/// How many files there are.
fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

on_each_broker! {
    async fn mcp_22_a_result_in_chunks_is_put_together(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = client.call("long", json!({"bytes": MUCH})).max_result_bytes(ENOUGH).returning::<String>();
        assert!(soon(call.into_future()).await.unwrap() == text(MUCH));
        let call = client.call("scan", json!({"bytes": MUCH})).max_result_bytes(ENOUGH).content();
        assert!(soon(call.into_future()).await.unwrap() == Content::new().with_bytes(pattern(MUCH), "image/tiff"));
        // What one message holds comes as ever.
        let call = client.call("long", json!({"bytes": 1000})).max_result_bytes(ENOUGH).returning::<String>();
        assert_eq!(soon(call.into_future()).await.unwrap(), text(1000));
        let call = client.call("captioned", json!({"bytes": 1000})).max_result_bytes(ENOUGH).content();
        assert_eq!(soon(call.into_future()).await.unwrap().blocks()[1].as_bytes().unwrap(), &pattern(1000));
        agent.stop().await;
    }

    async fn mcp_22_on_the_wire_chunks_come_before_what_tells_of_them(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        for (tool, accepts, media_type, bytes) in [
            ("long", json!(["chunks"]), "application/json", json!(text(MUCH)).to_string().into_bytes()),
            ("scan", json!(["content", "chunks"]), "image/tiff", pattern(MUCH)),
        ] {
            let stream = format!("a2a/v1/mcp/tools/{tool}/stream/{tool}");
            peer.subscribe(&stream).await;
            let call = json!({"call_id": tool, "arguments": {"bytes": MUCH}, "client": "peer", "accepts": accepts});
            peer.publish(&format!("a2a/v1/mcp/tools/{tool}/call"), call.to_string(), reply_to(RESPONSES, b"c")).await;
            let body = json(&peer.next(RESPONSES).await);
            assert_eq!((&body["status"], &body["result"]), (&json!("ok"), &Value::Null));
            let count = body["chunks"]["count"].as_u64().unwrap();
            let said = json!({"count": count, "bytes": bytes.len(), "sha256": sha256(&bytes), "media_type": media_type});
            assert_eq!(body["chunks"], said);
            let mut all = Vec::new();
            for seq in 0..count {
                let publish = peer.next_within(&stream, Duration::ZERO).await.expect("it came before");
                let chunk = json(&publish);
                assert_eq!((&chunk["call_id"], &chunk["seq"], &chunk["type"]), (&json!(tool), &json!(seq), &json!("chunk")));
                all.extend(STANDARD.decode(chunk["data"].as_str().unwrap()).unwrap());
            }
            assert!(all == bytes);
        }
        agent.stop().await;
    }

    async fn mcp_22_sub_14_another_caller_gets_too_large(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = client.call("long", json!({"bytes": MUCH}));
        assert_eq!(soon(call.into_future()).await.unwrap_err().code(), Some("too_large"));
        // Of several blocks none goes in chunks.
        let call = client.call("captioned", json!({"bytes": MUCH})).max_result_bytes(ENOUGH).content();
        assert_eq!(soon(call.into_future()).await.unwrap_err().code(), Some("too_large"));
        // Nor for a caller that reads no content: to it the text is the result.
        let call = client.call("captioned", json!({"bytes": MUCH})).max_result_bytes(ENOUGH);
        assert_eq!(soon(call.into_future()).await.unwrap(), "a scan");
        agent.stop().await;
    }

    async fn mcp_22_more_than_the_call_takes_ends_it_at_once(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/long/cancel").await;
        let call = client.call("long", json!({"bytes": 4 * MUCH})).max_result_bytes(1 << 20);
        let error = soon(call.into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Chunks(ChunksError::TooLarge { limit: 1_048_576 })), "{error:?}");
        // The server is told so (MCP-17), and goes on with others.
        peer.next("a2a/v1/mcp/tools/long/cancel").await;
        assert_eq!(soon(client.call("small", json!({"number": 7})).into_future()).await.unwrap(), 7);
        agent.stop().await;
    }

    async fn mcp_22_to_a_file(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan");
        std::fs::write(&path, "the former one").unwrap();
        for bytes in [MUCH, 1000] {
            let saved = soon(client.call("scan", json!({"bytes": bytes})).save_to(&path).into_future()).await.unwrap();
            assert_eq!((saved.bytes, &*saved.media_type), (bytes as u64, "image/tiff"));
            assert!(std::fs::read(&path).unwrap() == pattern(bytes));
            let saved = soon(client.call("long", json!({"bytes": bytes})).save_to(&path).into_future()).await.unwrap();
            assert_eq!((saved.bytes, &*saved.media_type), (bytes as u64 + 2, "application/json"));
            assert!(std::fs::read(&path).unwrap() == json!(text(bytes)).to_string().into_bytes());
        }
        // One that fails leaves what was there, and nothing beside it.
        let call = client.call("scan", json!({"bytes": MUCH})).max_result_bytes(2 << 20).save_to(&path);
        let error = soon(call.into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Chunks(ChunksError::TooLarge { .. })), "{error:?}");
        assert_eq!(std::fs::read(&path).unwrap().len(), 1002);
        eventually("the other file is gone", || async { (files(folder.path()) == 1).then_some(()) }).await;
        let nowhere = folder.path().join("no/such/folder");
        let error = soon(client.call("scan", json!({"bytes": MUCH})).save_to(nowhere).into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Chunks(ChunksError::File(_))), "{error:?}");
        agent.stop().await;
    }

    async fn mcp_22_small_calls_are_answered_meanwhile(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let large = tokio::spawn(client.call("scan", json!({"bytes": 4 * MUCH})).max_result_bytes(ENOUGH).content().into_future());
        let mut meanwhile = 0;
        while !large.is_finished() {
            assert_eq!(soon(client.call("small", json!({"number": 7})).into_future()).await.unwrap(), 7);
            meanwhile += 1;
        }
        assert_eq!(large.await.unwrap().unwrap().blocks()[0].as_bytes().unwrap().len(), 4 * MUCH);
        assert!(meanwhile > 1, "{meanwhile}");
        agent.stop().await;
    }

    async fn mcp_22_mcp_17_a_caller_that_leaves_ends_the_chunks(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/scan/stream/+").await;
        let total = 16 * MUCH;
        let call = client.call("scan", json!({"bytes": total})).max_result_bytes(u64::MAX).content();
        let call = tokio::spawn(call.into_future());
        let first = peer.next("a2a/v1/mcp/tools/scan/stream/").await;
        call.abort();
        let mut seen = Chunk::read(&first.payload).unwrap().unwrap().data.len();
        while let Some(more) = peer.next_within("a2a/v1/mcp/tools/scan/stream/", Duration::from_secs(2)).await {
            seen += Chunk::read(&more.payload).unwrap().unwrap().data.len();
        }
        assert!(seen < total, "all of it was sent");
        agent.stop().await;
    }

    async fn mcp_22_a_result_survives_lost_connections_of_both_sides(broker) {
        let (ours, theirs) = (Proxy::start(broker.address()).await, Proxy::start(broker.address()).await);
        let agent = Agent::new("scanner").tools(tools()).start(&theirs.url()).await.unwrap();
        let client = Client::connect(&ours.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/scan/stream/+").await;
        let call = client.call("scan", json!({"bytes": 4 * MUCH})).max_result_bytes(ENOUGH).content();
        let call = tokio::spawn(call.timeout(Duration::from_secs(60)).into_future());
        for proxy in [&ours, &theirs] {
            peer.next("a2a/v1/mcp/tools/scan/stream/").await;
            proxy.cut();
        }
        let content = soon(call).await.unwrap().unwrap();
        assert!(content.blocks()[0].as_bytes().unwrap() == &pattern(4 * MUCH));
        agent.stop().await;
    }
}

on_each_broker! {
    async fn mcp_22_bytes_are_a_blocks_whatever_their_media_type(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        for media_type in [Some("application/json"), Some("text/csv"), None] {
            for bytes in [1000, MUCH] {
                let call = client.call("attached", json!({"bytes": bytes, "media_type": media_type}));
                let content = soon(call.max_result_bytes(ENOUGH).content().into_future()).await.unwrap();
                assert!(content.blocks()[0].as_bytes().unwrap() == &pattern(bytes), "{bytes} of {media_type:?}");
                assert_eq!(content.blocks()[0].media_type(), media_type);
                let call = client.call("attached", json!({"bytes": bytes, "media_type": media_type}));
                let saved = soon(call.save_to(&path).into_future()).await.unwrap();
                let expected = media_type.unwrap_or("application/octet-stream");
                assert_eq!((saved.bytes, &*saved.media_type), (bytes as u64, expected));
                assert!(std::fs::read(&path).unwrap() == pattern(bytes), "{bytes} of {media_type:?}");
            }
        }
        agent.stop().await;
    }

    async fn mcp_22_a_block_beside_a_value_is_not_what_is_saved(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let saved = soon(client.call("numbered", json!({"bytes": 10})).save_to(&path).into_future()).await.unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), &*saved.media_type), ("7", "application/json"));
        agent.stop().await;
    }
}

/// A server that does as a test says.
struct Hostile {
    peer: RawPeer,
    client: Client,
}

impl Hostile {
    async fn start(url: &str) -> Self {
        let mut peer = RawPeer::connect(url, "hostile").await;
        peer.subscribe("a2a/v1/mcp/tools/scan/call").await;
        let client = Client::connect(ConnectOptions::new(url).id("scout")).await.unwrap();
        Self { peer, client }
    }

    /// A call of it, and the call's id.
    async fn call(
        &mut self,
        limit: u64,
        timeout: Duration,
    ) -> (tokio::task::JoinHandle<Result<Content, CallError>>, String) {
        let call = self.client.call("scan", json!({})).max_result_bytes(limit).timeout(timeout).content();
        let call = tokio::spawn(call.into_future());
        let body = json(&self.peer.next("a2a/v1/mcp/tools/scan/call").await);
        assert_eq!(body["accepts"], json!(["chunks", "content"]));
        (call, body["call_id"].as_str().unwrap().to_owned())
    }

    async fn send(&mut self, call_id: &str, body: Value) {
        let topic = format!("a2a/v1/mcp/tools/scan/stream/{call_id}");
        self.peer.publish(&topic, body.to_string(), Default::default()).await;
    }

    async fn chunk(&mut self, call_id: &str, seq: u64, data: &[u8]) {
        let data = STANDARD.encode(data);
        self.send(call_id, json!({"call_id": call_id, "seq": seq, "type": "chunk", "data": data})).await;
    }

    async fn answer(&mut self, call_id: &str, chunks: Value) {
        let body = json!({"call_id": call_id, "status": "ok", "result": null, "chunks": chunks});
        self.peer.publish("a2a/v1/mcp/clients/scout/responses", body.to_string(), Default::default()).await;
    }
}

const LONG: Duration = Duration::from_secs(30);

fn said(count: u64, bytes: &[u8]) -> Value {
    json!({"count": count, "bytes": bytes.len(), "sha256": sha256(bytes), "media_type": "text/plain"})
}

async fn ended(call: tokio::task::JoinHandle<Result<Content, CallError>>) -> ChunksError {
    match soon(call).await.unwrap().unwrap_err() {
        CallError::Chunks(error) => error,
        other => panic!("{other:?}"),
    }
}

on_each_broker! {
    async fn mcp_22_chunks_that_come_twice_and_those_of_another_call_change_nothing(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        server.chunk(&id, 0, b"ab").await;
        server.send(&id, json!({"call_id": "foreign", "seq": 1, "type": "chunk", "data": "AAAA"})).await;
        server.send(&id, json!({"call_id": id, "seq": 7, "type": "partial", "data": {"a": 1}})).await;
        server.chunk(&id, 1, b"cd").await;
        server.answer(&id, said(2, b"abcd")).await;
        let content = soon(call).await.unwrap().unwrap();
        assert_eq!(content.blocks()[0].as_bytes().unwrap(), &b"abcd"[..]);
        assert_eq!(content.blocks()[0].media_type(), Some("text/plain"));
    }

    async fn mcp_22_a_chunk_that_the_response_overtakes_is_waited_for(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        server.answer(&id, said(2, b"abcd")).await;
        server.chunk(&id, 1, b"cd").await;
        assert_eq!(soon(call).await.unwrap().unwrap().blocks()[0].as_bytes().unwrap(), &b"abcd"[..]);
    }

    async fn mcp_22_a_wrong_seq_ends_the_call(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        server.chunk(&id, 2, b"ef").await;
        assert!(matches!(ended(call).await, ChunksError::Missing { seq: 1 }));
    }

    async fn mcp_22_a_chunk_that_never_comes_ends_the_call(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        server.answer(&id, said(2, b"abcd")).await;
        assert!(matches!(ended(call).await, ChunksError::Missing { seq: 1 }));
    }

    async fn mcp_22_endless_chunks_end_at_the_callers_limit(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        server.peer.subscribe("a2a/v1/mcp/tools/scan/cancel").await;
        let (call, id) = server.call(100, LONG).await;
        for seq in 0..20 {
            server.chunk(&id, seq, &[7; 10]).await;
        }
        assert!(matches!(ended(call).await, ChunksError::TooLarge { limit: 100 }));
        let cancel = json(&server.peer.next("a2a/v1/mcp/tools/scan/cancel").await);
        assert_eq!(cancel["call_id"], id.as_str());
    }

    async fn mcp_22_chunks_that_nobody_takes_any_more_leave_the_connection_alone(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let before = epoch(&server.client);
        let data = STANDARD.encode([7; 10]);
        for _ in 0..3 {
            let (call, id) = server.call(100, LONG).await;
            let chunks = (0..200).map(|seq| {
                let chunk = json!({"call_id": id, "seq": seq, "type": "chunk", "data": data});
                (format!("a2a/v1/mcp/tools/scan/stream/{id}"), chunk.to_string())
            });
            let chunks: Vec<_> = chunks.collect();
            server.peer.publish_all(chunks).await;
            assert!(matches!(ended(call).await, ChunksError::TooLarge { limit: 100 }));
        }
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        server.answer(&id, said(1, b"ab")).await;
        let _whole = soon(call).await.unwrap().unwrap();
        assert_eq!(epoch(&server.client), before, "the connection was made anew");
    }

    async fn mcp_22_other_counts_lengths_and_digests_than_said_are_errors(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        for (said, different) in [
            (said(2, b"abc"), true),
            (said(1, b"abcd"), true),
            (said(3, b"abcd"), true),
            (said(2, b"abce"), false),
        ] {
            let (call, id) = server.call(100, LONG).await;
            server.chunk(&id, 0, b"ab").await;
            server.chunk(&id, 1, b"cd").await;
            server.answer(&id, said.clone()).await;
            match ended(call).await {
                ChunksError::Different { .. } if different => {}
                ChunksError::Digest if !different => {}
                other => panic!("{said}: {other:?}"),
            }
        }
        // More than the call takes need not even come.
        let (call, id) = server.call(100, LONG).await;
        server.answer(&id, json!({"count": 1, "bytes": 101, "sha256": "", "media_type": "x/y"})).await;
        assert!(matches!(ended(call).await, ChunksError::TooLarge { limit: 100 }));
    }

    async fn mcp_22_what_is_no_chunk_is_an_error(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        for body in [
            json!({"seq": 0, "type": "chunk"}),
            json!({"seq": -1, "type": "chunk", "data": "AAAA"}),
            json!({"seq": 0, "type": "chunk", "data": "!"}),
            json!({"seq": 0, "type": "chunk", "data": [1, 2]}),
            json!({"seq": 0, "type": "chunk", "data": ""}),
        ] {
            let (call, id) = server.call(100, LONG).await;
            let mut body = body;
            body["call_id"] = json!(id);
            server.send(&id, body).await;
            assert!(matches!(ended(call).await, ChunksError::Malformed { .. }));
        }
        for chunks in [json!(7), json!({}), json!({"count": 1, "bytes": "1", "sha256": ""})] {
            let (call, id) = server.call(100, LONG).await;
            server.answer(&id, chunks).await;
            let error = soon(call).await.unwrap().unwrap_err();
            assert!(matches!(error, CallError::InvalidResponse { .. }), "{error:?}");
        }
        // Chunks that nobody asked for.
        let call = tokio::spawn(server.client.call("scan", json!({})).into_future());
        let body = json(&server.peer.next("a2a/v1/mcp/tools/scan/call").await);
        server.answer(body["call_id"].as_str().unwrap(), said(1, b"a")).await;
        let error = soon(call).await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::InvalidResponse { .. }), "{error:?}");
    }

    async fn mcp_22_a_server_that_stops_in_the_middle_is_not_waited_for_beyond_the_timeout(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan");
        let call = server.client.call("scan", json!({})).timeout(Duration::from_secs(2)).save_to(&path);
        let call = tokio::spawn(call.into_future());
        let body = json(&server.peer.next("a2a/v1/mcp/tools/scan/call").await);
        let id = body["call_id"].as_str().unwrap();
        // Enough to be written.
        for seq in 0..8 {
            server.chunk(id, seq, &[7; 200_000]).await;
        }
        let error = soon(call).await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
        eventually("the file is gone", || async { (files(folder.path()) == 0).then_some(()) }).await;
    }

    async fn mcp_22_an_error_in_the_middle_is_the_calls_error(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let (call, id) = server.call(100, LONG).await;
        server.chunk(&id, 0, b"ab").await;
        let body = json!({"call_id": id, "status": "error", "error": {"type": "tool_error", "message": "out of ink"}});
        server.peer.publish("a2a/v1/mcp/clients/scout/responses", body.to_string(), Default::default()).await;
        let error = soon(call).await.unwrap().unwrap_err();
        assert!(matches!(&error, CallError::Tool { message, .. } if message == "out of ink"), "{error:?}");
    }
}

on_each_broker! {
    async fn a_call_that_is_saved_is_retried_as_well(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scan");
        let retry = Retry::new().wait(Duration::from_millis(1));
        let call = server.client.call("scan", json!({})).timeout(LONG).retry(retry).save_to(&path);
        let call = tokio::spawn(call.into_future());
        let first = json(&server.peer.next("a2a/v1/mcp/tools/scan/call").await);
        let body = json!({"call_id": first["call_id"], "status": "error",
            "error": {"type": "unavailable", "code": "busy", "message": "later"}});
        server.peer.publish("a2a/v1/mcp/clients/scout/responses", body.to_string(), Default::default()).await;
        let second = json(&server.peer.next("a2a/v1/mcp/tools/scan/call").await);
        let id = second["call_id"].as_str().unwrap();
        server.chunk(id, 0, b"abc").await;
        server.answer(id, said(1, b"abc")).await;
        assert_eq!(soon(call).await.unwrap().unwrap().bytes, 3);
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
    }

    async fn mcp_22_a_file_that_cannot_be_written_is_found_before_the_tool_runs(broker) {
        let mut server = Hostile::start(&broker.url()).await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/folder");
        let error = soon(server.client.call("scan", json!({})).save_to(path).into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Chunks(ChunksError::File(_))), "{error:?}");
        // The next one that is seen is another one.
        let call = tokio::spawn(server.client.call("scan", json!({"next": true})).into_future());
        let body = json(&server.peer.next("a2a/v1/mcp/tools/scan/call").await);
        assert_eq!(body["arguments"], json!({"next": true}));
        call.abort();
    }

    async fn mcp_16_a_call_that_comes_again_is_answered_again_without_its_chunks(broker) {
        let agent = Agent::new("scanner").tools(tools()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        peer.subscribe("a2a/v1/mcp/tools/long/stream/one").await;
        let call = json!({"call_id": "one", "arguments": {"bytes": MUCH}, "client": "peer", "accepts": ["chunks"]});
        let mut answers = Vec::new();
        for _ in 0..2 {
            peer.publish("a2a/v1/mcp/tools/long/call", call.to_string(), reply_to(RESPONSES, b"c")).await;
            answers.push(json(&peer.next(RESPONSES).await));
        }
        assert_eq!(answers[0], answers[1]);
        let count = answers[0]["chunks"]["count"].as_u64().unwrap();
        let mut seen = 0;
        while peer.next_within("a2a/v1/mcp/tools/long/stream/", Duration::from_millis(500)).await.is_some() {
            seen += 1;
        }
        assert_eq!(seen, count);
        agent.stop().await;
    }
}
