//! `dev`: the broker for development.

use serde_json::json;
use support::RawPeer;

use crate::command::{Running, run_alone};

async fn dev(arguments: &[&str]) -> (Running, String) {
    let arguments = [&["dev", "--port", "0", "--json"], arguments].concat();
    let mut dev = Running::start(None, &arguments);
    let url = dev.next().await["url"].as_str().unwrap().to_owned();
    (dev, url)
}

#[tokio::test]
async fn the_broker_for_development_runs_until_ctrl_c() {
    let (dev, url) = dev(&[]).await;
    let listed = run_alone(&["tools", "--url", &url, "--json"]).await;
    assert_eq!(listed.values(), [json!({"tools": [], "complete": true})]);
    assert_eq!(dev.interrupt().await, Some(0));
}

/// Killed or asked to end, what is retained is there again.
#[tokio::test]
async fn the_broker_for_development_keeps_what_is_retained_in_its_folder() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("broker");
    let arguments = ["--folder", folder.to_str().unwrap()];
    for (number, signal) in ["-INT", "-KILL", "-TERM"].into_iter().enumerate() {
        let (dev, url) = dev(&arguments).await;
        let mut peer = RawPeer::connect(&url, "peer").await;
        peer.subscribe("kept/#").await;
        let mut kept = Vec::new();
        for _ in 0..number {
            kept.push(peer.next("kept").await.topic);
        }
        kept.sort();
        let before: Vec<_> = (0..number).map(|number| format!("kept/{number}")).collect();
        assert_eq!(kept, before);
        peer.retain(&format!("kept/{number}"), "1".to_owned()).await;
        dev.signal(signal).await;
        dev.ended().await;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "what is in it may be secret");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_though_there_is_a_folder() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = run_alone(&["dev", "--port", &port, "--json"]).await;
    let message = ended.error(1)["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message,
        format!(
            "the broker cannot listen on `127.0.0.1:{port}`: another program has the port; use the broker that runs there, or \
             take another port: `--port 0` takes a free one"
        )
    );
}

#[tokio::test]
async fn a_folder_that_another_broker_has_is_said() {
    let parent = tempfile::tempdir().unwrap();
    let arguments = ["--folder", parent.path().to_str().unwrap()];
    let (first, _) = dev(&arguments).await;
    let second = run_alone(&[&["dev", "--port", "0", "--json"][..], &arguments].concat()).await;
    let message = second.error(1)["message"].as_str().unwrap().to_owned();
    assert!(message.contains("already in use"), "{message}");
    assert!(message.ends_with("take another folder by `--folder`, or write `--memory`"), "{message}");
    assert_eq!(first.interrupt().await, Some(0));
}
