//! A password file that nobody can read: a pipe without a writer, as a file on a disk that hangs.
#![cfg(unix)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use support::{FakeBroker, Knobs};
use tokio::runtime::Runtime;

use crate::common::*;

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_password_file_that_hangs_holds_up_neither_connect_nor_the_others_nor_the_end_of_the_runtime() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    make_pipe(&pipe);
    // One thread has everything, and would stand still with it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let broker = FakeBroker::start(Knobs::default()).await;
        let options = ConnectOptions::new(broker.url()).connect_timeout(Duration::from_millis(500));
        let hangs = Client::connect(options.clone().credentials_from_file("me", &pipe));
        let (failed, client) = tokio::join!(hangs, Client::connect(options));
        client.unwrap().close().await;
        failed.unwrap_err();
        assert_eq!(broker.seen().connects(), 1);
    });
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    ends(runtime);
}

/// Ends a runtime, which waits for its threads.
fn ends(runtime: Runtime) {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        tell.send(()).unwrap();
    });
    told.recv_timeout(AT_ONCE).expect("the runtime ends");
}

#[tokio::test]
async fn a_password_that_comes_late_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    make_pipe(&pipe);
    let broker = FakeBroker::start(Knobs::default()).await;
    let options = ConnectOptions::new(broker.url()).credentials_from_file("me", &pipe);
    let mut connecting = Box::pin(Client::connect(options));
    assert!(futures_util::poll!(&mut connecting).is_pending());
    // Waits for a reader.
    let write = tokio::task::spawn_blocking(move || std::fs::write(pipe, "s3cret\n"));
    let client = support::soon(connecting).await.unwrap();
    support::soon(write).await.unwrap().unwrap();
    client.close().await;
    assert_eq!(broker.seen().connects(), 1);
}
