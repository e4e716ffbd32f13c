//! `mqtt-agent mcp --http --oauth`: access tokens of an OAuth server, which this test is.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use support::{TestBroker, eventually};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::host::{Asks, ERAS, Era};
use crate::served::station;
use crate::web::{Client, Web, request};

const ISSUER: &str = "https://as.example";
const RESOURCE: &str = "https://mcp.example/mcp";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A key of the OAuth server.
struct Key(Ed25519KeyPair, &'static str);

impl Key {
    fn new(id: &'static str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap(), id)
    }

    fn set(&self) -> String {
        let x = encoded(self.0.public_key());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": self.1, "x": x}]}).to_string()
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.1, "typ": "at+jwt"});
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        format!("{message}.{}", encoded(self.0.sign(message.as_bytes())))
    }

    fn of(&self, who: &str) -> String {
        self.token(&claims(who))
    }
}

fn claims(who: &str) -> Value {
    json!({"iss": ISSUER, "aud": RESOURCE, "sub": who, "exp": now() + 600, "scope": "call"})
}

async fn web(url: &str, keys: &str) -> Web {
    let oauth = ["--oauth", ISSUER, "--resource", RESOURCE, "--jwks", keys, "--scope", "call"];
    Web::start(url, &oauth).await
}

/// A bridge with the keys in a file, which is there as long as its folder.
async fn served(broker: &TestBroker) -> (TempDir, Key, Web) {
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("keys.json"), Key::new("k1"));
    std::fs::write(&file, key.set()).unwrap();
    let web = web(&broker.url(), file.to_str().unwrap()).await;
    (folder, key, web)
}

async fn status(web: &Web, token: &str) -> u16 {
    Client::new(web.address, Era::Modern, Some(token)).send("server/discover", json!({})).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_a_token_is_told_where_to_get_one() {
    let broker = TestBroker::embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, Key::new("k1").set()).unwrap();
    let web = web(&broker.url(), file.to_str().unwrap()).await;
    let mut client = Client::new(web.address, Era::Legacy, None);
    let reply = client.send("tools/list", json!({})).await;
    let place = "/.well-known/oauth-protected-resource/mcp";
    assert_eq!(reply.status, 401);
    assert_eq!(
        reply.header("www-authenticate").unwrap(),
        format!(
            "Bearer realm=\"mqtt-agent\", resource_metadata=\"https://mcp.example{place}\", scope=\"call\""
        )
    );
    let host = web.address.to_string();
    let metadata = request(web.address, "GET", place, &[("Host", &host)], "").await;
    assert_eq!((metadata.status, metadata.header("content-type")), (200, Some("application/json")));
    let metadata: Value = serde_json::from_str(&metadata.text().await).unwrap();
    assert_eq!(
        (&metadata["resource"], &metadata["authorization_servers"]),
        (&json!(RESOURCE), &json!([ISSUER]))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_18_who_has_a_token_is_whom_it_says() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let (_folder, key, web) = served(&broker).await;
    for era in ERAS {
        let mut scout = web.client(era, Some(&key.of("scout"))).await;
        scout.until_listed("secret").await;
        let told = scout.call("secret", json!({})).await;
        assert_eq!(told["content"][0]["text"], "for scout", "{told}");
        let mut probe = web.client(era, Some(&key.of("probe"))).await;
        assert!(!probe.names().await.contains(&"secret".to_owned()));
    }
    // A session goes on with the next token of its identity, and is of no use to another one.
    let mut scout = web.client(Era::Legacy, Some(&key.of("scout"))).await;
    let mut next = Client::new(
        web.address,
        Era::Legacy,
        Some(&key.token(&json!({
            "iss": ISSUER, "aud": [RESOURCE], "sub": "scout", "exp": now() + 1200, "scope": "call other",
        }))),
    );
    next.session.clone_from(&scout.session);
    assert_eq!(next.names().await, scout.names().await);
    let mut thief = Client::new(web.address, Era::Legacy, Some(&key.of("probe")));
    thief.session.clone_from(&scout.session);
    assert_eq!(thief.send("tools/list", json!({})).await.status, 404);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_token_comes_in() {
    let broker = TestBroker::embedded().await;
    let (_folder, key, web) = served(&broker).await;
    assert_eq!(status(&web, &key.of("scout")).await, 200);
    let with = |name: &str, value: Value| {
        let mut claims = claims("scout");
        claims[name] = value;
        key.token(&claims)
    };
    for (token, expected) in [
        (Key::new("k1").of("scout"), 401),
        (Key::new("k2").of("scout"), 401),
        (with("aud", json!("https://other.example/mcp")), 401),
        (with("iss", json!("https://other.example")), 401),
        (with("exp", json!(now() - 60)), 401),
        (with("scope", json!("other")), 403),
        (with("sub", json!("a/b")), 403),
        (with("sub", json!("+")), 403),
        (with("sub", Value::Null), 403),
        ("opaque-token-0123456789".to_owned(), 401),
    ] {
        assert_eq!(status(&web, &token).await, expected, "{token}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_listens_ends_with_its_token() {
    let broker = TestBroker::embedded().await;
    let (_folder, key, web) = served(&broker).await;
    let mut short = claims("scout");
    short["exp"] = json!(now() + 3);
    let client = web.client(Era::Legacy, Some(&key.token(&short))).await;
    let mut stream = client.listen().await;
    assert_eq!(stream.status, 200);
    while stream.event().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_from_a_server_that_may_be_away_and_change_them() {
    let broker = TestBroker::embedded().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let (served, asked) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(0)));
    let (body, count) = (Arc::clone(&served), Arc::clone(&asked));
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.read(&mut [0; 4096]).await);
            *count.lock().unwrap() += 1;
            let body = body.lock().unwrap().clone();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    let key = Key::new("k1");
    let web = web(&broker.url(), &url).await;
    // Nothing that is a key: nobody comes in, and the server is not asked again and again.
    for _ in 0..20 {
        assert_eq!(status(&web, &key.of("scout")).await, 503);
    }
    assert_eq!(*asked.lock().unwrap(), 1);
    *served.lock().unwrap() = key.set();
    let oauth = ["--oauth", ISSUER, "--resource", RESOURCE, "--jwks", &url];
    let web = Web::start(&broker.url(), &oauth).await;
    eventually("the keys", || async { (status(&web, &key.of("scout")).await == 200).then_some(()) }).await;
    serving.abort();
    assert_eq!(status(&web, &key.of("scout")).await, 200);
}
