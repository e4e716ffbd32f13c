//! The Will: a crash shows, a short drop does not.

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use support::{RawPeer, json, on_each_broker};

use crate::tools::*;

on_each_broker! {
    async fn sub_9_mcp_19_a_crashed_server_goes_offline_after_the_will_delay_and_not_before(broker) {
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/mcp/servers/crashing/card").await;
        let agent = Agent::new("crashing").tools(tools![add]);
        let options = ConnectOptions::new(broker.url()).will_delay(Duration::from_secs(2));
        let running = agent.clone().start(&options).await.unwrap();
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers/crashing/card").await)["status"], "online");
        let crashed = Instant::now();
        drop(running);
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers/crashing/card").await)["status"], "offline");
        assert!(crashed.elapsed() > Duration::from_millis(900), "brokers count whole seconds: {:?}", crashed.elapsed());

        // A reconnect within the delay shows nothing but the card once more.
        let running = agent.clone().start(&options).await.unwrap();
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers/crashing/card").await)["status"], "online");
        drop(running);
        let running = agent.start(&options).await.unwrap();
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers/crashing/card").await)["status"], "online");
        assert!(watcher.next_within("a2a/v1/mcp/servers/crashing/card", Duration::from_secs(4)).await.is_none());
        running.stop().await;
    }
}
