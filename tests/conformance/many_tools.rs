//! Agents with more tools than a Will, or a packet, has room for.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::registry::{Handler, Location, Refused, ToolDef};
use schemars::SchemaGenerator;
use support::{RawPeer, json, on_each_broker};

/// Tools named `tool_00000` and so on; definitions live as long as the program, as those of `#[tool]` do.
fn many(count: usize, description: &'static str) -> Vec<&'static ToolDef> {
    let tool = |number: usize| {
        let name = format!("tool_{number:05}").leak();
        let handler = Handler::Inline(|_| Err(Refused));
        let location = Location::new(file!(), line!());
        &*Box::leak(Box::new(ToolDef::new(
            name,
            description,
            &[],
            SchemaGenerator::subschema_for::<()>,
            handler,
            location,
        )))
    };
    (0..count).map(tool).collect()
}

on_each_broker! {
    async fn mcp_19_a_server_with_ten_thousand_tools_starts_and_its_will_speaks(broker) {
        let agent = Agent::new("many").tools(many(10_000, "A tool."));
        let options = ConnectOptions::new(broker.url()).will_delay(Duration::from_secs(1));
        let running = agent.start(options).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let card = client.server("many").within(Duration::from_secs(10)).await.unwrap().unwrap();
        assert_eq!(card.tools.len(), 10_000);
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/mcp/servers/many/card").await;
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers").await)["status"], "online");
        drop(running);
        let mut will = json(&watcher.next("a2a/v1/mcp/servers").await);
        assert!(will["last_seen"].take().is_string());
        assert_eq!(
            will,
            json!({
                "version": "1", "server": "many", "namespace": "a2a/v1", "tools": [], "status": "offline",
                "last_seen": null,
            })
        );
    }
}

#[tokio::test]
async fn mcp_19_what_no_packet_or_will_can_hold_is_refused_before_connecting() {
    let refused = async |agent: Agent, largest: u32| {
        let options = ConnectOptions::new("mqtt://nowhere.invalid").max_packet_size(largest);
        agent.start(options).await.unwrap_err().to_string()
    };
    let long = "x".repeat(3000).leak();
    let error = refused(Agent::new("x").tools(many(1, long)), 2048).await;
    assert!(error.contains("tool `tool_00000`: its card takes 3"), "{error}");
    assert!(error.contains("raise `max_packet_size`"), "{error}");
    let error = refused(Agent::new("x").tools(many(1000, "A tool.")), 8192).await;
    assert!(error.contains("the server's card names all tools and takes 1"), "{error}");
    let skills = skills![crate::skills::shout];
    let desk = Agent::new("x").skills(skills).state(crate::skills::Desk::default());
    let error = refused(desk, 256).await;
    assert!(error.contains("the agent's card describes 1 skill and takes"), "{error}");
    // The largest Will that passes the other checks.
    let namespace = "n".repeat(1024);
    Agent::new("x".repeat(128)).tools(many(1, "A tool.")).namespace(namespace).build().unwrap();
}
