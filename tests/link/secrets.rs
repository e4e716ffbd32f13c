//! A password never shows: not in what is printed of options, clients, agents and errors, nor in any log.

use std::error::Error;
use std::fmt::Debug;

use mqtt_agent::Credentials;
use mqtt_agent::prelude::*;
use support::fake_broker::Properties;
use support::{FakeBroker, Knobs, WebSocketRelay};
use tracing::Level;

use crate::common::*;
use crate::log;

const PASSWORD: &str = "marked-password";

/// Everything that may be printed of an error.
fn printed(error: &(dyn Error + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// The broker's address with a user and the password in it.
fn with_password(url: &str) -> String {
    url.replace("mqtt://", &format!("mqtt://user:{PASSWORD}@"))
}

#[tokio::test]
async fn a_password_never_shows_where_the_broker_accepts() {
    let (log, _guard) = log::begin(Level::TRACE);
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut shown = Vec::new();
    let plain = ConnectOptions::new(broker.url());
    for options in [
        plain.clone().credentials("user", PASSWORD),
        plain.credentials_from(|| async { Ok::<_, std::io::Error>(Credentials::new("user", PASSWORD)) }),
        ConnectOptions::new(with_password(&broker.url())),
    ] {
        shown.push(debug(&options));
        let client = Client::connect(&options).await.unwrap();
        let agent = calculator().build().unwrap().start(&options).await.unwrap();
        can_be_called(&client).await;
        shown.extend([debug(&client), debug(&agent), debug(&*client.connection().borrow())]);
        agent.stop().await;
        client.close().await;
    }
    // It was sent: what shows nothing here did not show nothing by having none.
    assert!(broker.seen().connects() >= 6);
    shown.push(log.text());
    for text in &shown {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[tokio::test]
async fn a_password_and_a_token_never_show_over_websocket() {
    log::with_libraries();
    let (log, _guard) = log::begin(Level::TRACE);
    let broker = FakeBroker::start(Knobs::default()).await;
    let relay = WebSocketRelay::start(broker.address(), &[]).await;
    let mut shown = Vec::new();
    let url = format!("ws://{}/mqtt?token={PASSWORD}", relay.address());
    let plain = ConnectOptions::new(&url);
    for options in [
        plain.clone().credentials("user", PASSWORD),
        plain.credentials_from(|| async { Ok::<_, std::io::Error>(Credentials::new("user", PASSWORD)) }),
        ConnectOptions::new(url.replace("ws://", &format!("ws://user:{PASSWORD}@"))),
    ] {
        shown.push(debug(&options));
        let client = Client::connect(&options).await.unwrap();
        let agent = calculator().build().unwrap().start(&options).await.unwrap();
        can_be_called(&client).await;
        shown.extend([debug(&client), debug(&agent), debug(&*client.connection().borrow())]);
        agent.stop().await;
        client.close().await;
    }
    // They were sent: what shows nothing here did not show nothing by having none.
    let password = broker.seen().connect(1).await.password;
    assert_eq!(password.as_deref(), Some(PASSWORD.as_bytes()));
    assert_eq!(relay.requests()[0], format!("GET /mqtt?token={PASSWORD} HTTP/1.1"));
    shown.push(log.text());
    for text in &shown {
        let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(PASSWORD) && !text.contains(&hex), "{text}");
    }
}

#[tokio::test]
async fn a_token_never_shows_where_there_is_no_broker() {
    log::with_libraries();
    let (log, _guard) = log::begin(Level::TRACE);
    let broker = FakeBroker::start(Knobs::default()).await;
    let gone = "HTTP/1.1 404 Not Found\r\n\r\n";
    // Closed without a word from then on, however often it is tried.
    let mut refusals = vec![gone];
    refusals.resize(200, "");
    let relay = WebSocketRelay::start(broker.address(), &refusals).await;
    let options = ConnectOptions::new(format!("ws://{}/mqtt?token={PASSWORD}", relay.address()))
        .connect_timeout(std::time::Duration::from_millis(50));
    for _ in 0..2 {
        let error = Client::connect(&options).await.unwrap_err();
        assert!(!printed(&error).contains(PASSWORD), "{error}");
    }
    assert!(!log.text().contains(PASSWORD), "{}", log.text());
}

#[tokio::test]
async fn a_password_never_shows_where_the_broker_refuses() {
    let (log, _guard) = log::begin(Level::TRACE);
    let mut shown = Vec::new();
    for code in [0x86, 0x87, 0x88, 0x84] {
        let refuse = Some((code, Properties::default()));
        let broker = FakeBroker::start(Knobs { refuse, ..Knobs::default() }).await;
        let wait = std::time::Duration::from_millis(500);
        let url = with_password(&broker.url());
        let error = Client::connect(ConnectOptions::new(&url).connect_timeout(wait)).await.unwrap_err();
        shown.push(printed(&error));
        let options = ConnectOptions::new(broker.url()).credentials("user", PASSWORD).connect_timeout(wait);
        shown.push(printed(&Client::connect(options).await.unwrap_err()));
        let options = ConnectOptions::new(&url).connect_timeout(wait);
        shown.push(printed(&calculator().start(options).await.unwrap_err()));
    }
    shown.push(log.text());
    for text in &shown {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[tokio::test]
async fn a_password_never_shows_where_the_address_is_wrong() {
    let (log, _guard) = log::begin(Level::TRACE);
    for url in [
        "mqtt://user:P@localhost:99999",
        "mqtt://user:P@",
        "mqt://user:P@localhost",
        "mqtt://user:P@localhost/path",
        "P:1883",
        "P://localhost",
        "user:P@localhost",
    ] {
        let url = url.replace('P', PASSWORD);
        assert!(!debug(&ConnectOptions::new(&url)).contains(PASSWORD));
        let error = Client::connect(&url).await.unwrap_err();
        assert!(!printed(&error).contains(PASSWORD), "{error}");
        let error = calculator().start(&url).await.unwrap_err();
        assert!(!printed(&error).contains(PASSWORD), "{error}");
    }
    assert!(!log.text().contains(PASSWORD), "{}", log.text());
}
