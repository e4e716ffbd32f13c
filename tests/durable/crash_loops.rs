//! Messages that end the process which handles them: they end it a bounded number of times.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use support::{RawPeer, on_each_broker, reply_to, soon};
use tokio::process::{Child, Command};

use crate::process::{self, runs, serving};

/// The worker, which says a lot when it dies.
fn worker(url: &str, folder: &Path) -> Command {
    let mut worker = process::worker(url, folder);
    worker.stderr(Stdio::null());
    worker
}

/// Starts the worker again each time that it dies, until it serves for two seconds.
async fn supervise(url: &str, folder: &Path) -> Child {
    for _ in 0..10 {
        let mut child = worker(url, folder).spawn().unwrap();
        if tokio::time::timeout(Duration::from_secs(2), child.wait()).await.is_err() {
            return child;
        }
    }
    panic!("it died ten times: {:?}", runs(folder))
}

on_each_broker! {
    async fn a_call_a_request_and_a_message_that_end_the_process_end_it_twice_at_the_most(broker) {
        let url = broker.url();
        let mut peer = RawPeer::connect(&url, "peer").await;
        for what in ["call", "request", "message"] {
            let folder = tempfile::tempdir().unwrap();
            let mut first = serving(worker(&url, folder.path())).await;
            match what {
                "call" => {
                    let call = json!({"call_id": "dies", "arguments": {}}).to_string();
                    let back = reply_to("a2a/v1/mcp/clients/peer/responses", b"dies");
                    peer.publish("a2a/v1/mcp/tools/dying_call/call", call, back).await;
                }
                "request" => {
                    peer.publish("dying/request", "", reply_to("dying/answers", b"dies")).await;
                }
                _ => {
                    peer.publish("dying/message", "", Default::default()).await;
                }
            }
            soon(first.wait()).await.unwrap();
            let mut child = supervise(&url, folder.path()).await;
            let runs = runs(folder.path());
            assert!((1..=2).contains(&runs.len()), "{runs:?}");
            child.kill().await.unwrap();
        }
    }

    async fn a_task_that_ends_the_process_is_begun_as_often_as_its_skill_says(broker) {
        let (url, folder) = (broker.url(), tempfile::tempdir().unwrap());
        let client = Client::connect(&url).await.unwrap();
        let mut first = serving(worker(&url, folder.path())).await;
        let mut task = client.delegate("worker", NewTask::skill("dying_task")).await.unwrap();
        soon(first.wait()).await.unwrap();
        let mut child = supervise(&url, folder.path()).await;
        let failed = soon(task.result()).await.unwrap_err();
        assert!(matches!(&failed, DelegateError::Failed(error) if error.code.as_deref() == Some("crashed")), "{failed:?}");
        assert_eq!(runs(folder.path()), ["task"; 3]);
        child.kill().await.unwrap();
        client.close().await;
    }
}
