//! Attempts to connect that succeed or fail.

use std::time::{Duration, Instant};

use super::broker::{Broker, Setup, Transport, mosquitto};
use super::pki::Pki;
use super::proxy::NOWHERE;
use super::{DEADLINE, connect, open, options, soon, subscribe, text};
use crate::link::{
    ConnectError, ConnectionState, CredentialSource, Credentials, Link, Message, PasswordFile, Tls,
};

async fn echo(link: &Link) {
    let (_subscription, mut inbox) = subscribe(link, "echo").await;
    let large = "x".repeat(70_000);
    link.publish(Message::new("echo", large.clone())).await.unwrap();
    assert_eq!(text(&soon(inbox.recv()).await.unwrap()), large);
    link.close(DEADLINE).await;
}

#[tokio::test]
async fn a_wrong_password_is_known_at_once() {
    let broker = Broker::with(Setup { password: true, ..Setup::default() }).await;
    let mut wrong = options(broker.url());
    wrong.credentials = Some(CredentialSource::Fixed(Credentials::new("me", "wrong")));
    let link = Link::open(wrong).unwrap();
    let started = Instant::now();
    let error = link.connected(DEADLINE).await.unwrap_err();
    assert!(started.elapsed() < DEADLINE / 4);
    let text = error.to_string();
    match error {
        ConnectError::NotAuthorized { user, .. } if mosquitto() => assert_eq!(user.as_deref(), Some("me")),
        ConnectError::Credentials { user, .. } if !mosquitto() => assert_eq!(user.as_deref(), Some("me")),
        other => panic!("{other:?}"),
    }
    let told = format!("the broker `{}` ", broker.address);
    assert!(text.starts_with(&told) && text.contains("check the user name `me` and its password"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
    link.close(DEADLINE).await;
    assert_eq!(link.connected(DEADLINE).await, Err(ConnectError::Closed));
}

#[tokio::test]
async fn where_a_refused_login_stood_is_told() {
    let broker = Broker::with(Setup { password: true, ..Setup::default() }).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "wrong").unwrap();
    let in_file = PasswordFile::new("me".to_owned(), file.path().to_owned(), "`a/file`".to_owned());
    let in_url = format!("mqtt://me:wrong@{}", broker.address);
    for (url, credentials, asks_env, told) in [
        (in_url.clone(), None, false, "its password in the URL"),
        (in_url.clone(), None, true, "its password in the URL"),
        (
            in_url,
            Some(CredentialSource::Fixed(Credentials::new("me", "wrong"))),
            true,
            "its password (`MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD`)",
        ),
        (
            broker.url(),
            Some(CredentialSource::File(std::sync::Arc::new(in_file))),
            true,
            "its password in `a/file`",
        ),
    ] {
        let mut refused = options(url);
        (refused.credentials, refused.asks_env) = (credentials, asks_env);
        let link = Link::open(refused).unwrap();
        let error = link.connected(DEADLINE).await.unwrap_err().to_string();
        assert!(error.contains(&format!("check the user name `me` and {told}")), "{error}");
        link.close(DEADLINE).await;
    }
}

#[tokio::test]
async fn without_a_user_name_it_is_said_where_to_give_one() {
    let broker = Broker::with(Setup { password: true, ..Setup::default() }).await;
    for (asks_env, told) in [
        (false, "no user name was given: give one with `ConnectOptions::credentials`"),
        (true, "no user name was given: give one in `MQTT_AGENT_USERNAME` and `MQTT_AGENT_PASSWORD`"),
    ] {
        let mut nobody = options(broker.url());
        nobody.asks_env = asks_env;
        let link = Link::open(nobody).unwrap();
        let error = link.connected(DEADLINE).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        link.close(DEADLINE).await;
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_before_its_first_word_may_want_the_other_transport() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        while let Ok((mut socket, _)) = listener.accept().await {
            // What was read is answered with the end of the connection, and what was not with a reset.
            let _ = socket.read(&mut [0; 8]).await;
        }
    });
    let mut cases = vec![("mqtt", "; if the port is for TLS, write `mqtts://`")];
    if cfg!(feature = "tls") {
        cases.push(("mqtts", "; if the port is not for TLS, write `mqtt://`"));
    }
    for (scheme, told) in cases {
        let link = Link::open(options(format!("{scheme}://{address}"))).unwrap();
        let mut state = link.state();
        let failed = |state: &ConnectionState| matches!(state, ConnectionState::Connecting { attempt, .. } if *attempt > 1);
        soon(state.wait_for(failed)).await.unwrap();
        let error = link.connected(Duration::ZERO).await.unwrap_err().to_string();
        assert!(error.contains("before it answered") && error.ends_with(told), "{error}");
        soon(link.close(DEADLINE)).await;
    }
}

#[tokio::test]
async fn credentials_come_from_the_options_or_the_url() {
    let broker = Broker::with(Setup { password: true, ..Setup::default() }).await;
    echo(&connect(format!("mqtt://me:right@{}", broker.address)).await).await;
    let mut right = options(format!("mqtt://you:wrong@{}", broker.address));
    right.credentials = Some(CredentialSource::Fixed(Credentials::new("me", "right")));
    echo(&open(right).await).await;
}

/// On one thread, which has the connection and the timers as well.
#[tokio::test]
async fn a_callback_that_blocks_stops_nothing_and_runs_once_at_a_time() {
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let mut options = options(format!("mqtt://{}:{}", NOWHERE.0, NOWHERE.1));
    options.connect_timeout = Duration::from_millis(20);
    options.max_backoff = Duration::from_millis(1);
    options.credentials = Some(CredentialSource::asking(move || {
        began.send(()).unwrap();
        let _ = released.lock().unwrap().recv();
        async { Ok::<_, std::io::Error>(Credentials::new("me", "right")) }
    }));
    let link = Link::open(options).unwrap();
    soon(begins.recv()).await.unwrap();
    let mut state = link.state();
    let later = |state: &ConnectionState| matches!(state, ConnectionState::Connecting { attempt, .. } if *attempt > 4);
    let error = match &*soon(state.wait_for(later)).await.unwrap() {
        ConnectionState::Connecting { error, .. } => error.clone().unwrap(),
        state => panic!("{state:?}"),
    };
    assert!(error.contains("the callback for the credentials did not answer in time"), "{error}");
    assert!(begins.try_recv().is_err(), "a second one beside the first");
    release.send(()).unwrap();
    soon(begins.recv()).await.unwrap();
    drop(release);
    soon(link.close(DEADLINE)).await;
}

/// A pipe that nobody writes to, as a file on a disk that hangs.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_password_file_that_cannot_be_read_fails_each_attempt_in_time_and_is_read_once_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut options = options(format!("mqtt://{}:{}", NOWHERE.0, NOWHERE.1));
    options.connect_timeout = Duration::from_millis(20);
    options.max_backoff = Duration::from_millis(1);
    let file = PasswordFile::new("me".to_owned(), pipe.clone(), "`pipe`".to_owned());
    options.credentials = Some(CredentialSource::File(std::sync::Arc::new(file)));
    let link = Link::open(options).unwrap();
    let mut state = link.state();
    let later = |state: &ConnectionState| matches!(state, ConnectionState::Connecting { attempt, .. } if *attempt > 4);
    let error = match &*soon(state.wait_for(later)).await.unwrap() {
        ConnectionState::Connecting { error, .. } => error.clone().unwrap(),
        state => panic!("{state:?}"),
    };
    assert!(error.contains("`pipe` could not be read in time"), "{error}");
    let names = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path().join("comm"));
    let names = names.filter_map(|path| std::fs::read_to_string(path).ok());
    assert_eq!(names.filter(|name| name.starts_with("mqtt-agent-pass")).count(), 1);
    // Now it can be read: what fails is the connection.
    let wants = |state: &ConnectionState| matches!(state, ConnectionState::Connecting { error: Some(error), .. } if error.contains("refused"));
    let written = tokio::spawn(async move {
        loop {
            let pipe = pipe.clone();
            tokio::task::spawn_blocking(|| std::fs::write(pipe, "right")).await.unwrap().unwrap();
        }
    });
    soon(state.wait_for(wants)).await.unwrap();
    written.abort();
    soon(link.close(DEADLINE)).await;
    // So that no thread waits for a reader.
    drop(std::fs::OpenOptions::new().read(true).write(true).open(directory.path().join("pipe")));
}

#[tokio::test]
async fn an_unreachable_broker_is_retried_until_the_time_is_up() {
    let link = Link::open(options(format!("mqtt://{}:{}", NOWHERE.0, NOWHERE.1))).unwrap();
    let within = Duration::from_millis(300);
    match link.connected(within).await {
        Err(ConnectError::Timeout { last: Some(last), .. }) => assert!(last.contains("refused"), "{last}"),
        other => panic!("{other:?}"),
    }
    soon(link.close(DEADLINE)).await;
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_no_broker() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut socket, _)) = listener.accept().await {
            // TLS's word for "I did not understand you".
            socket.write_all(&[0x15, 3, 3, 0, 2, 2, 10]).await.unwrap();
        }
    });
    let link = Link::open(options(format!("mqtt://{address}"))).unwrap();
    let error = soon(link.connected(DEADLINE)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
    link.close(DEADLINE).await;
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    assert_eq!(Link::open(options("mqtt://localhost")).map(drop), Err(ConnectError::NoRuntime));
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_trusts_its_authority_and_no_other() {
    let broker = Broker::with(Setup { transport: Transport::Tls, ..Setup::default() }).await;
    let url = format!("mqtts://localhost:{}", broker.address.port());
    let mut trusting = options(url.clone());
    trusting.tls = Some(Tls::new().ca_pem(Pki::get().ca.clone()));
    echo(&open(trusting).await).await;
    let link = Link::open(options(url)).unwrap();
    let error = soon(link.connected(DEADLINE)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    link.close(DEADLINE).await;
    // By address, and by a name that the certificate doesn't have.
    let mut address = options(format!("mqtts://{}", broker.address));
    address.tls = Some(Tls::new().ca_pem(Pki::get().ca.clone()));
    echo(&open(address).await).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_client_certificate_opens_what_is_closed_without_one() {
    let setup = Setup { transport: Transport::Tls, client_certificate: true, ..Setup::default() };
    let broker = Broker::with(setup).await;
    let mut options = options(format!("mqtts://localhost:{}", broker.address.port()));
    let tls = Tls::new().ca_pem(Pki::get().ca.clone());
    options.tls = Some(tls.clone());
    let link = Link::open(options.clone()).unwrap();
    let error = soon(link.connected(DEADLINE)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    link.close(DEADLINE).await;
    let (certificate, key) = Pki::get().client.clone();
    options.tls = Some(tls.client_certificate(certificate, key));
    echo(&open(options).await).await;
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn websocket_works() {
    let broker = Broker::with(Setup { transport: Transport::Ws, ..Setup::default() }).await;
    echo(&connect(format!("ws://{}/mqtt", broker.address)).await).await;
}

#[cfg(all(feature = "tls", feature = "websocket"))]
#[tokio::test]
async fn websocket_over_tls_works() {
    let broker = Broker::with(Setup { transport: Transport::Wss, ..Setup::default() }).await;
    let url = format!("wss://localhost:{}/mqtt", broker.address.port());
    let mut trusting = options(url.clone());
    trusting.tls = Some(Tls::new().ca_pem(Pki::get().ca.clone()));
    echo(&open(trusting).await).await;
    let link = Link::open(options(url)).unwrap();
    let error = soon(link.connected(DEADLINE)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    link.close(DEADLINE).await;
}

/// Two clients with one id: both notice, and say so.
#[tokio::test]
async fn a_fight_for_a_client_id_is_named() {
    let errors = super::logs::errors();
    let broker = Broker::start().await;
    let mut contested = options(broker.url());
    contested.max_backoff = Duration::from_millis(200);
    let (one, other) = (Link::open(contested.clone()).unwrap(), Link::open(contested).unwrap());
    let named = || {
        // Mosquitto 2.0.11 closes without a word.
        let silent = mosquitto() && errors.contain("soon after it was made");
        silent || errors.contain("another client with the same id")
    };
    let mut states = (one.state(), other.state());
    while !named() {
        soon(async {
            tokio::select! {
                changed = states.0.changed() => changed.unwrap(),
                changed = states.1.changed() => changed.unwrap(),
            }
        })
        .await;
    }
    one.abort().await;
    other.abort().await;
}
