//! `mqtt-agent mcp --http`: who comes in and as whom, and clients that are hostile, slow or gone.

use std::time::Duration;

use serde_json::json;
use support::{TestBroker, eventually, soon};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::command::run_alone;
use crate::host::{Asks, ERAS, Era, timed};
use crate::served::station;
use crate::tokens::{File, PROBE, SCOUT, both};
use crate::web::{Client, Reply, Web, request};

/// What a request has that a host sends.
fn headers(host: &str) -> [(&str, &str); 3] {
    [("Host", host), ("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_each_era_lists_and_calls() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let web = Web::start(&broker.url(), &[]).await;
    for era in ERAS {
        let mut client = web.client(era, None).await;
        assert!(client.names().await.contains(&"weather".to_owned()));
        let echoed = client.call("echo", json!({"url": "hello"})).await;
        assert_eq!(echoed["content"][0]["text"], "hello", "{echoed}");
        let broken = client.call("broken", json!({})).await;
        assert_eq!(
            (&broken["isError"], &broken["_meta"]["mqtt-agent/error"]["code"]),
            (&json!(true), &json!("station"))
        );
        let unknown = client.ask("tools/call", json!({"name": "nothing"})).await;
        assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_in_a_browser_does_not_come_in() {
    let broker = TestBroker::embedded().await;
    let web = Web::start(&broker.url(), &["--host", "mcp.example", "--origin", "https://app.example"]).await;
    let local = web.address.to_string();
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "page", "version": "1"},
    }});
    for (host, origin, status) in [
        (local.as_str(), None, 200),
        ("localhost", None, 200),
        ("mcp.example", None, 200),
        ("mcp.example", Some("https://app.example"), 200),
        // A name that was led here (DNS rebinding).
        ("evil.example", None, 403),
        ("127.0.0.1.evil.example", None, 403),
        (local.as_str(), Some("https://evil.example"), 403),
        (local.as_str(), Some("http://app.example"), 403),
        (local.as_str(), Some("https://app.example:8443"), 403),
        (local.as_str(), Some("null"), 403),
        (local.as_str(), Some("http://localhost:3000"), 403),
    ] {
        let mut headers = headers(host).to_vec();
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let reply = request(web.address, "POST", "/mcp", &headers, &message.to_string()).await;
        assert_eq!(reply.status, status, "{host} {origin:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_served_is_told_at_once() {
    let file = File::new("scout short");
    let file = file.path();
    let file = file.to_str().unwrap();
    for (arguments, why) in [
        (&["--http", "0.0.0.0:0"][..], "can be reached from other machines"),
        (&["--http", "127.0.0.1:0", "--tokens", file], "line 1: a token of fewer than 16 characters"),
        (&["--http", "127.0.0.1:0", "--tokens", "/nowhere/tokens"], "`/nowhere/tokens`"),
        (&["--http", "127.0.0.1:0", "--origin", "app.example"], "`app.example` is no origin"),
        (&["--tokens", file], "--http"),
    ] {
        let ended =
            run_alone(&[&["mcp", "--no-cache", "--url", "mqtt://127.0.0.1:1"], arguments].concat()).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_a_gigabyte_is_refused_before_it_is_sent() {
    let broker = TestBroker::embedded().await;
    let web = Web::start(&broker.url(), &[]).await;
    let host = web.address.to_string();
    let headers = headers(&host);
    let says = [&headers[..], &[("Content-Length", "1000000000")]].concat();
    assert_eq!(request(web.address, "POST", "/mcp", &says, "{").await.status, 413);

    // One that does not say how large it is: it is hung up on when it is too large.
    let mut stream = TcpStream::connect(web.address).await.unwrap();
    let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST /mcp HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    let mut sent = 0;
    // Past the limit, what is sent is read no more.
    while sent < 1000 && soon(stream.write_all(chunk.as_bytes())).await.is_ok() {
        sent += 1;
    }
    assert!((4..100).contains(&sent), "{sent} MiB were taken");
    // Others are served.
    web.client(Era::Modern, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_mcp_is_refused_and_harms_nobody() {
    let broker = TestBroker::embedded().await;
    let web = Web::start(&broker.url(), &[]).await;
    let host = web.address.to_string();
    let headers = headers(&host);
    let deep = "[".repeat(100_000);
    for body in ["", "7", "[]", "{}", "no JSON", &deep, r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#] {
        let reply = request(web.address, "POST", "/mcp", &headers, body).await;
        assert!((400..500).contains(&reply.status), "{} {body:.20}", reply.status);
    }
    for (method, path, status) in [("GET", "/", 404), ("GET", "/mcp/../x", 404), ("PUT", "/mcp", 405)] {
        assert_eq!(request(web.address, method, path, &headers, "").await.status, status, "{method} {path}");
    }
    web.client(Era::Legacy, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_has_a_token_comes_in() {
    let broker = TestBroker::embedded().await;
    let file = both();
    let web = file.web(&broker.url(), &[]).await;
    for (token, challenge) in [
        (None, "Bearer realm=\"mqtt-agent\""),
        (Some("scout"), "Bearer realm=\"mqtt-agent\", error=\"invalid_token\""),
        (Some("scout-0123456789abcdeF"), "Bearer realm=\"mqtt-agent\", error=\"invalid_token\""),
    ] {
        for era in ERAS {
            let mut client = Client::new(web.address, era, token);
            let reply = client.send("tools/list", json!({})).await;
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some(challenge)));
        }
    }
    web.client(Era::Modern, Some(SCOUT)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_18_an_identity_sees_and_calls_what_is_open_to_it() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let file = both();
    let web = file.web(&broker.url(), &[]).await;
    for era in ERAS {
        let mut scout = web.client(era, Some(SCOUT)).await;
        let mut probe = web.client(era, Some(PROBE)).await;
        scout.until_listed("secret").await;
        // The tool's server lets only `scout` in, by the topic that its answer goes to.
        let told = scout.call("secret", json!({})).await;
        assert_eq!(told["content"][0]["text"], "for scout", "{told}");
        let names = probe.names().await;
        assert!(names.contains(&"weather".to_owned()) && !names.contains(&"secret".to_owned()), "{names:?}");
        let refused = probe.ask("tools/call", json!({"name": "secret"})).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        let echoed = probe.call("echo", json!({"url": "hello"})).await;
        assert_eq!(echoed["content"][0]["text"], "hello", "{echoed}");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_of_use_to_its_identity_alone() {
    let broker = TestBroker::embedded().await;
    let file = both();
    let web = file.web(&broker.url(), &[]).await;
    let scout = web.client(Era::Legacy, Some(SCOUT)).await;
    let mut thief = Client::new(web.address, Era::Legacy, Some(PROBE));
    thief.session.clone_from(&scout.session);
    assert_eq!(thief.send("tools/list", json!({})).await.status, 404);
    assert_eq!(thief.listen().await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_taken_away_ends_what_runs() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    for era in ERAS {
        let file = both();
        let web = file.web(&broker.url(), &[]).await;
        let mut scout = web.client(era, Some(SCOUT)).await;
        let mut probe = web.client(era, Some(PROBE)).await;
        let mut stream = match era {
            Era::Legacy => scout.listen().await,
            Era::Modern => {
                let asked = json!({"notifications": {"toolsListChanged": true}});
                let mut stream = scout.send("subscriptions/listen", asked).await;
                stream.event().await.expect("an acknowledgement");
                stream
            }
        };
        assert_eq!(stream.status, 200);
        scout.until_listed("hold").await;
        let mut waiting = Client::new(web.address, era, Some(SCOUT));
        waiting.session.clone_from(&scout.session);
        let calling = tokio::spawn(async move {
            let mut reply = waiting.send("tools/call", json!({"name": "hold", "arguments": {}})).await;
            (reply.status, if reply.status == 200 { reply.event().await } else { None })
        });
        assert_eq!(soon(heard.recv()).await, Some("began"));

        file.write(&format!("probe {PROBE}\n"));
        assert_eq!(soon(heard.recv()).await, Some("dropped"), "{era:?}");
        let (status, answer) = soon(calling).await.unwrap();
        let is_no_result = answer.as_ref().is_none_or(|answer| answer.get("result").is_none());
        assert!(matches!(status, 200 | 401) && is_no_result, "{status} {answer:?}");
        while stream.event().await.is_some() {}
        assert_eq!(scout.send("tools/list", json!({})).await.status, 401);
        // The other one goes on.
        assert!(probe.names().await.contains(&"echo".to_owned()));
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_to_other_changes_outlasts_those_of_tools() {
    let broker = TestBroker::embedded().await;
    let web = Web::start(&broker.url(), &[]).await;
    let mut client = web.client(Era::Modern, None).await;
    let mut streams = Vec::new();
    for wanted in ["toolsListChanged", "promptsListChanged"] {
        let mut stream = client.send("subscriptions/listen", json!({"notifications": {wanted: true}})).await;
        let first = stream.event().await.expect("an acknowledgement");
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
        streams.push(stream);
    }
    let (agent, _heard) = station(&broker.url()).await;
    let told = streams[0].event().await.expect("a change");
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    let other = tokio::time::timeout(Duration::from_millis(300), streams[1].event()).await;
    assert!(other.is_err(), "{other:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_tokens_with_a_mistake_changes_nothing() {
    let broker = TestBroker::embedded().await;
    let file = both();
    let web = file.web(&broker.url(), &[]).await;
    let mut scout = web.client(Era::Legacy, Some(SCOUT)).await;
    file.write("scout");
    tokio::time::sleep(Duration::from_secs(3)).await;
    scout.names().await;
    // A token that comes later is good within 2 s.
    file.write(&format!("scout {SCOUT}\nlate late-0123456789abcdef\n"));
    eventually("the new token", || async {
        let mut late = Client::new(web.address, Era::Modern, Some("late-0123456789abcdef"));
        (late.send("tools/list", json!({})).await.status == 200).then_some(())
    })
    .await;
    scout.names().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_never_ended_are_bounded_and_those_in_use_stay() {
    let broker = TestBroker::embedded().await;
    let web = Web::start(&broker.url(), &[]).await;
    let mut used = web.client(Era::Legacy, None).await;
    let stream = used.listen().await;
    let mut first = web.client(Era::Legacy, None).await;
    for _ in 0..1000 {
        web.client(Era::Legacy, None).await;
    }
    assert_eq!(first.send("tools/list", json!({})).await.status, 404);
    used.names().await;
    drop(stream);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_survives_a_restart_of_the_broker() {
    let mut broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let web = Web::start(&broker.url(), &[]).await;
    let mut client = web.client(Era::Legacy, None).await;
    client.until_listed("echo").await;
    broker.kill().await;
    assert!(client.names().await.contains(&"echo".to_owned()));
    broker.start().await;
    // When the tool is back it is called in the session of before.
    let other = mqtt_agent::Client::connect(broker.url()).await.unwrap();
    let call = || other.call("echo", json!({"url": "there"})).timeout(Duration::from_millis(500));
    eventually("the tool", || async { call().await.ok() }).await;
    let echoed = client.call("echo", json!({"url": "again"})).await;
    assert_eq!(echoed["content"][0]["text"], "again", "{echoed}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_and_send_nothing_hold_up_nobody() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let web = Web::start(&broker.url(), &[]).await;
    let mut client = web.client(Era::Legacy, None).await;
    client.until_listed("count").await;
    // Some say nothing, some stop in their head or their body, some ask for much and read none of it.
    let mut kept = Vec::new();
    for start in ["", "POST /mcp HTTP/1.1\r\nHost: localhost\r\n"] {
        for _ in 0..50 {
            let mut stream = TcpStream::connect(web.address).await.unwrap();
            stream.write_all(start.as_bytes()).await.unwrap();
            kept.push(stream);
        }
    }
    let session = client.session.clone().unwrap();
    for id in 1000..1020 {
        let params = json!({"name": "count", "arguments": {"n": 1000}, "_meta": {"progressToken": id}});
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: \
             application/json\r\nMcp-Session-Id: {session}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(web.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        kept.push(stream);
    }
    for era in ERAS {
        let mut other = web.client(era, None).await;
        let (echoed, took) = timed(other.call("echo", json!({"url": "hello"}))).await;
        assert_eq!(echoed["content"][0]["text"], "hello", "{echoed}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    drop(kept);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modern_client_cancels_by_closing_its_stream() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    let web = Web::start(&broker.url(), &[]).await;
    let mut client = web.client(Era::Modern, None).await;
    client.until_listed("hold").await;
    let calling =
        tokio::spawn(
            async move { client.send("tools/call", json!({"name": "hold", "arguments": {}})).await },
        );
    assert_eq!(soon(heard.recv()).await, Some("began"));
    calling.abort();
    assert_eq!(soon(heard.recv()).await, Some("dropped"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_it_with_its_streams_and_calls() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    let mut web = Web::start(&broker.url(), &[]).await;
    let mut client = web.client(Era::Legacy, None).await;
    let mut stream = client.listen().await;
    client.until_listed("hold").await;
    let calling =
        tokio::spawn(
            async move { client.send("tools/call", json!({"name": "hold", "arguments": {}})).await },
        );
    assert_eq!(soon(heard.recv()).await, Some("began"));
    let id = web.child.id().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert_eq!(soon(heard.recv()).await, Some("dropped"));
    while stream.event().await.is_some() {}
    assert_eq!(soon(web.child.wait()).await.unwrap().code(), Some(0));
    drop(calling);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_service_in_an_http_server_of_ones_own() {
    use mqtt_agent::bridge::{Bridge, Http, Tokens};
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let bridge = Bridge::new(broker.url()).start().await.unwrap();
    let http = Http::new().tokens(Tokens::from_text(format!("scout {SCOUT}")).unwrap());
    let router = axum::Router::new().nest_service("/mcp", bridge.http_service(http).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    for era in ERAS {
        let mut client = Client::new(address, era, Some(SCOUT));
        client.hello().await;
        client.until_listed("secret").await;
    }
    let mut late = Client::new(address, Era::Modern, Some(SCOUT));
    bridge.stop().await;
    let reply: Reply = late.send("tools/list", json!({})).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), None::<&str>);
    serving.abort();
    agent.stop().await;
}
