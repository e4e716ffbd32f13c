//! A process that serves ends when it is told to, whatever it waits for.

use std::process::{ExitStatus, Stdio};

use support::{FakeBroker, Knobs, soon};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

fn serving(url: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_served-process"));
    command.arg(url).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap()
}

async fn ended_by(signal: &str, mut child: Child) -> ExitStatus {
    let id = child.id().unwrap().to_string();
    let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status().await.unwrap();
    assert!(sent.success());
    soon(child.wait()).await.unwrap()
}

#[tokio::test]
async fn a_signal_ends_a_process_that_waits_for_its_broker_to_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for signal in ["TERM", "INT"] {
        let child = serving(&format!("mqtt://{}", silent.local_addr().unwrap()));
        let (_connection, _) = soon(silent.accept()).await.unwrap();
        let status = ended_by(signal, child).await;
        assert!(status.success(), "{signal}: {status}");
    }
}

#[tokio::test]
async fn a_signal_ends_a_process_between_two_attempts_to_connect() {
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let child = serving(&format!("mqtt://{}", refusing.local_addr().unwrap()));
    drop(soon(refusing.accept()).await.unwrap());
    let status = ended_by("TERM", child).await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_signal_ends_a_process_that_serves() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let child = serving(&broker.url());
    broker.seen().publish(1, "a2a/v1/mcp/servers/served/card").await;
    let status = ended_by("TERM", child).await;
    assert!(status.success(), "{status}");
}
