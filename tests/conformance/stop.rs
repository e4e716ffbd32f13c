//! Clean stops.

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits};
use serde_json::json;
use std::time::Duration;
use support::{RawPeer, json, on_each_broker};

use crate::tools::*;

on_each_broker! {
    async fn a_stop_drains_marks_the_cards_offline_and_leaves_no_will(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![hold]).state(watch.clone());
        let options = ConnectOptions::new(broker.url()).will_delay(Duration::from_secs(1));
        let agent = agent.start(options).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).into_future());
        watch.until_began(1).await;
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/mcp/servers/calc/card").await;
        watcher.subscribe("a2a/v1/mcp/tools/hold/card").await;
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers").await)["status"], "online");
        assert_eq!(json(&watcher.next("a2a/v1/mcp/tools").await)["status"], "online");
        let stopping = tokio::spawn(agent.stop());
        watch.0.go_on.notify_one();
        assert_eq!(call.await.unwrap().unwrap(), json!("let go"), "running work is finished");
        stopping.await.unwrap();
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers").await)["status"], "offline");
        assert_eq!(json(&watcher.next("a2a/v1/mcp/tools").await)["status"], "offline");
        let more = watcher.next_within("a2a/v1/mcp", Duration::from_secs(3)).await;
        assert!(more.is_none(), "DISCONNECT deletes the Will: {more:?}");
    }

    async fn a_stop_cancels_what_outlasts_its_grace(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_grace(Duration::from_millis(100));
        let agent = Agent::new("calc").tools(tools![hold]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).into_future());
        watch.until_began(1).await;
        agent.stop().await;
        assert_eq!(watch.ended(), 1);
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, CallError::Tool { .. }), "{error:?}");
        assert_eq!(error.code(), Some("canceled"));
    }

    async fn a_closed_client_says_so(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let other = client.clone();
        client.close().await;
        assert!(matches!(other.call("add", ()).await, Err(CallError::Publish(_) | CallError::Subscribe(_))));
        assert!(other.tools().await.is_err());
        assert_eq!(*other.connection().borrow(), mqtt_agent::ConnectionState::Stopped);
    }
}
