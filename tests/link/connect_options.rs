//! How a client and an agent connect: who they are, whose credentials they have, and how long they wait for a broker.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{Credentials, Error};
use support::fake_broker::Properties;
use support::{FakeBroker, Knobs, SOON, WebSocketRelay};

use crate::common::*;

/// An address at which no broker is, yet.
async fn nowhere() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The user and the password of a connection.
async fn known_as(broker: &FakeBroker, connection: usize) -> (String, String) {
    let connect = broker.seen().connect(connection).await;
    (connect.user.unwrap(), String::from_utf8(connect.password.unwrap()).unwrap())
}

/// Options whose password counts how often it was asked for.
fn counting(broker: &FakeBroker) -> ConnectOptions {
    let asked = AtomicUsize::new(1);
    ConnectOptions::new(broker.url().replace("mqtt://", "mqtt://me:from-the-url@")).credentials_from(
        move || {
            let count = asked.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, io::Error>(Credentials::new("me", count.to_string())) }
        },
    )
}

#[tokio::test]
async fn credentials_are_asked_for_before_each_connect() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let client = Client::connect(counting(&broker)).await.unwrap();
    assert_eq!(known_as(&broker, 1).await, ("me".into(), "1".into()));
    broker.close();
    connected_again(&client, 1).await;
    assert_eq!(known_as(&broker, 2).await, ("me".into(), "2".into()));
    client.close().await;
}

#[tokio::test]
async fn an_agent_asks_for_its_credentials_before_each_connect() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = calculator().start(counting(&broker)).await.unwrap();
    assert_eq!(known_as(&broker, 1).await, ("me".into(), "1".into()));
    broker.close();
    assert_eq!(known_as(&broker, 2).await, ("me".into(), "2".into()));
    agent.stop().await;
}

/// A client whose credentials cannot be had the first time, and then can.
async fn connects_the_second_time(
    fail: impl Fn() -> Result<Credentials, io::Error> + Send + Sync + Copy + 'static,
) {
    let broker = FakeBroker::start(Knobs::default()).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let options = ConnectOptions::new(broker.url()).credentials_from(move || {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        async move { if first { fail() } else { Ok(Credentials::new("me", "right")) } }
    });
    let client = Client::connect(options).await.unwrap();
    assert_eq!(known_as(&broker, 1).await, ("me".into(), "right".into()));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    client.close().await;
}

#[tokio::test]
async fn credentials_that_cannot_be_had_are_asked_for_again() {
    connects_the_second_time(|| Err(io::Error::other("the vault is sealed"))).await;
}

#[tokio::test]
async fn a_panic_of_whoever_gives_the_credentials_is_outlived() {
    connects_the_second_time(|| panic!("no vault")).await;
}

#[tokio::test]
async fn credentials_that_are_never_given_end_the_start_by_its_timeout() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let options = ConnectOptions::new(broker.url())
        .connect_timeout(Duration::from_millis(300))
        .credentials_from(std::future::pending::<Result<Credentials, io::Error>>);
    let error = tokio::time::timeout(SOON, Client::connect(options)).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    assert_eq!(broker.seen().connects(), 0, "nothing is asked of the broker without them");
}

#[tokio::test]
async fn why_there_are_no_credentials_is_told() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let options = ConnectOptions::new(broker.url())
        .connect_timeout(Duration::from_secs(1))
        .credentials_from(|| async { Err(io::Error::other("the vault is sealed")) });
    let error = Client::connect(options).await.unwrap_err().to_string();
    assert_says(&error, &["failed to get the credentials: the vault is sealed"]);
}

#[tokio::test]
async fn a_client_waits_for_a_broker_that_starts_later() {
    let address = nowhere().await;
    let options = ConnectOptions::new(format!("mqtt://{address}"))
        .connect_timeout(Duration::from_millis(100))
        .retry_first_connection();
    let client = tokio::spawn(Client::connect(options));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!client.is_finished());
    let _broker = FakeBroker::start_at(address, Knobs::default());
    let client = tokio::time::timeout(SOON, client).await.unwrap().unwrap().unwrap();
    client.close().await;
}

#[tokio::test]
async fn an_agent_waits_for_a_broker_that_starts_later() {
    let address = nowhere().await;
    let options = ConnectOptions::new(format!("mqtt://{address}")).retry_first_connection();
    let agent = tokio::spawn(calculator().start(options));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let broker = FakeBroker::start_at(address, Knobs::default());
    let agent = tokio::time::timeout(SOON, agent).await.unwrap().unwrap().unwrap();
    let client = Client::connect(broker.url()).await.unwrap();
    can_be_called(&client).await;
    agent.stop().await;
}

#[tokio::test]
async fn a_client_waits_for_a_websocket_listener_that_is_not_ready() {
    let broker = FakeBroker::start(Knobs::default()).await;
    // As a proxy answers whose broker is away, and one that is restarted in the middle of it.
    let passing = [
        "",
        "HTTP/1.1 101 Switching Prot",
        "HTTP/1.1 408 Request Timeout\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\n\r\n",
    ];
    let relay = WebSocketRelay::start(broker.address(), &passing).await;
    let options = ConnectOptions::new(format!("ws://{}/mqtt", relay.address())).retry_first_connection();
    let client = tokio::time::timeout(2 * SOON, Client::connect(options)).await.unwrap().unwrap();
    assert_eq!(relay.requests().len(), passing.len() + 1);
    client.close().await;
}

#[tokio::test]
async fn who_waits_over_websocket_is_told_at_once_what_another_attempt_would_not_heal() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let relay = WebSocketRelay::start(broker.address(), &["HTTP/1.1 404 Not Found\r\n\r\n"]).await;
    let options = ConnectOptions::new(format!("ws://{}/mqtt", relay.address())).retry_first_connection();
    let error = tokio::time::timeout(SOON, Client::connect(options)).await.unwrap().unwrap_err();
    assert_says(
        &error.to_string(),
        &["HTTP status 404", "check the port and whether it is for TLS", "the path"],
    );
}

#[tokio::test]
async fn who_waits_for_a_broker_is_told_at_once_what_another_attempt_would_not_heal() {
    let refuse = Some((0x86, Properties::new()));
    let broker = FakeBroker::start(Knobs { refuse, ..Knobs::default() }).await;
    let options = ConnectOptions::new(broker.url()).credentials("me", "wrong").retry_first_connection();
    let error = tokio::time::timeout(SOON, Client::connect(options)).await.unwrap().unwrap_err();
    assert_says(&error.to_string(), &["user name or the password"]);
}

#[tokio::test]
async fn sub_4_sub_8_ids_of_the_options_win_over_those_in_the_code() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let options = ConnectOptions::new(broker.url()).id("adder").instance("2").namespace("plant");
    let agents = [
        Agent::new("calc").tools(tools![add]).namespace("other").start(&options).await.unwrap(),
        Agent::new("calc").tools(tools![add]).instance("1").build().unwrap().start(&options).await.unwrap(),
    ];
    for (connection, agent) in (1..).zip(agents) {
        assert_eq!(agent.client().id(), "adder-2");
        let connect = broker.seen().connect(connection).await;
        assert!(connect.client_id.contains("plant") && connect.client_id.ends_with("adder-2"), "{connect:?}");
        assert_eq!(connect.will.unwrap().topic, "plant/mcp/servers/adder-2/card");
        agent.stop().await;
    }
    let client = Client::connect(&options).await.unwrap();
    assert_eq!(client.id(), "adder-2");
    client.close().await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_client_is_told_before_connecting() {
    let options = ConnectOptions::new("mqtt://nowhere.invalid").id("a b").namespace("x/+");
    let Err(Error::Invalid(problems)) = Client::connect(options).await else { panic!("it connected") };
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[tokio::test]
async fn an_agent_that_was_built_is_checked_again_with_the_ids_of_the_options() {
    let built = Agent::new("calc").tools(tools![add]).build().unwrap();
    let error = built.start(ConnectOptions::new("mqtt://nowhere.invalid").id("a b")).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
}
