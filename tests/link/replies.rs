//! Response Topics that a request may not be answered to.

use mqtt_agent::prelude::*;
use support::{FakeBroker, Knobs, RawPeer, json as body, reply_to};
use tracing::Level;

use crate::common::assert_says;
use crate::log;

/// Answers with what it is given.
#[request("asked/quick")]
async fn quick(number: u32) -> Result<u32, String> {
    Ok(number)
}

#[tokio::test]
async fn a_response_topic_that_is_not_allowed_is_told_once_with_what_to_write() {
    let (log, _guard) = log::begin(Level::WARN);
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = Agent::new("asked").handlers(handlers![quick]).start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    let responses = "a2a/v1/mcp/clients/peer/responses";
    peer.subscribe(responses).await;
    for number in 0..20 {
        let door = format!("door/\u{202e}{}/{number}", "x".repeat(500));
        peer.publish("asked/quick", "1", reply_to(&door, b"evil")).await;
    }
    peer.publish("asked/quick", "2", reply_to(responses, b"good")).await;
    assert_eq!(body(&peer.next(responses).await), json!(2));
    let lines = log.lines("Response Topic");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_says(&lines[0], &["quick", "reply = \"answers/+\"", "Agent::reply_topics", "\\u{202e}"]);
    assert!(lines[0].len() < 1000 && !lines[0].contains('\u{202e}'), "{}", lines[0]);
    agent.stop().await;
}
