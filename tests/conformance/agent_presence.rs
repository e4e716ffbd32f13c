//! Agents that come and go: cards, statuses, the Will, and who is told of it.

use std::time::{Duration, Instant};

use mqtt_agent::a2a::{AgentChange, AgentChanges, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::Status;
use serde_json::json;
use support::{RawPeer, eventually, json, on_each_broker, soon};

use crate::skills::*;

const CARD: &str = "a2a/v1/agents/desk/card";
const STATUS: &str = "a2a/v1/agents/desk/status";

/// Does what is asked at a desk.
#[derive(AgentCard)]
#[card(
    id = "desk",
    version = "2.1.0",
    name = "The Desk",
    provider("Desks and More", "https://desks.example"),
    tags("office"),
    capabilities("paperwork")
)]
struct Card;

async fn next(changes: &mut AgentChanges) -> AgentChange {
    soon(changes.next()).await.expect("connected")
}

on_each_broker! {
    async fn a2a_1_a2a_2_a2a_4_a2a_5_card_then_status_are_retained_and_say_what_they_should(broker) {
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/#").await;
        let watch = Desk::default();
        let agent = desk(&watch).card::<Card>().start(&broker.url()).await.unwrap();
        let first = watcher.next("a2a/v1/agents/").await;
        assert_eq!(&first.topic[..], CARD.as_bytes(), "the card comes first");
        let card = json(&first);
        assert_eq!(card["version"], "1");
        assert_eq!(card["agent_id"], "desk");
        assert_eq!(card["name"], "The Desk");
        assert_eq!(card["namespace"], "a2a/v1");
        assert_eq!(card["description"], "Does what is asked at a desk.");
        assert_eq!(card["capabilities"], json!(["paperwork"]));
        assert_eq!(card["endpoints"], json!({"inbox": "a2a/v1/tasks/desk/inbox", "results": "a2a/v1/tasks/desk/results"}));
        assert_eq!(card["version_info"]["agent"], "2.1.0");
        assert_eq!(card["status"], "online");
        let skill = &card["skills"][0];
        assert_eq!((&skill["id"], &skill["name"], &skill["tags"]), (&json!("add_up"), &json!("Add numbers"), &json!(["math"])));
        let schemas = &card["extensions"][0]["params"];
        assert_eq!(schemas["add_up"]["input"]["required"], json!(["numbers"]));
        assert_eq!(schemas["add_up"]["output"]["properties"]["sum"]["type"], "integer");
        let status = watcher.next("a2a/v1/agents/").await;
        assert_eq!(&status.topic[..], STATUS.as_bytes());
        let status = json(&status);
        assert_eq!((&status["agent_id"], &status["status"]), (&json!("desk"), &json!("online")));
        assert!(status["last_seen"].as_str().unwrap().ends_with('Z'));
        let mut late = RawPeer::connect(&broker.url(), "late").await;
        late.subscribe("a2a/v1/agents/+/+").await;
        for _ in 0..2 {
            assert!(late.next("a2a/v1/agents/desk/").await.retain);
        }
        agent.stop().await;
        // A2A-2: nothing of anybody else's.
        while let Some(message) = watcher.next_within("a2a/v1/agents/", Duration::from_millis(300)).await {
            assert!(message.topic.starts_with(b"a2a/v1/agents/desk/"));
        }
    }

    async fn a2a_15_a_clean_stop_marks_card_and_status_offline_after_the_work_is_done(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("hold")).await.unwrap();
        watch.until(1).await;
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe(CARD).await;
        watcher.subscribe(STATUS).await;
        assert_eq!(json(&watcher.next(CARD).await)["status"], "online");
        assert_eq!(json(&watcher.next(STATUS).await)["status"], "online");
        let stopping = tokio::spawn(agent.stop());
        watch.open(1);
        assert_eq!(soon(task.result()).await.unwrap(), "attempt 1");
        stopping.await.unwrap();
        assert_eq!(json(&watcher.next(CARD).await)["status"], "offline");
        assert_eq!(json(&watcher.next(STATUS).await)["status"], "offline");
    }

    async fn a2a_3_sub_9_a_crash_shows_after_the_will_delay_and_a_quick_return_never(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        let watch = Desk::default();
        let agent = desk(&watch);
        let options = ConnectOptions::new(broker.url()).will_delay(Duration::from_secs(2));
        let running = agent.clone().start(&options).await.unwrap();
        let AgentChange::Joined(card) = next(&mut changes).await else { panic!("it joins") };
        assert_eq!(card.agent_id, "desk");
        // The quick return: nothing is told of it.
        drop(running);
        let running = agent.clone().start(&options).await.unwrap();
        let quiet = tokio::time::timeout(Duration::from_secs(4), changes.next()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        let crashed = Instant::now();
        drop(running);
        assert_eq!(next(&mut changes).await, AgentChange::Left("desk".to_owned()));
        assert!(crashed.elapsed() > Duration::from_millis(900), "brokers count whole seconds: {:?}", crashed.elapsed());
        // The card still says online; the status decides.
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe(CARD).await;
        assert_eq!(json(&watcher.next(CARD).await)["status"], "online");
        assert_eq!(client.agent("desk").await.unwrap().unwrap().status, Status::Offline);
        assert!(client.agents().await.unwrap().is_empty());
        client.close().await;
    }

    async fn sub_10_card_and_status_are_published_again_after_the_broker_forgot_them(broker) {
        let watch = Desk::default();
        let agent = desk(&watch).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        assert!(matches!(next(&mut changes).await, AgentChange::Joined(_)));
        broker.kill().await;
        broker.start().await;
        eventually("the agent is there again", || async {
            let card = client.agent("desk").await.ok()??;
            (card.status == Status::Online).then_some(())
        })
        .await;
        assert_eq!(client.request("desk", NewTask::skill("shout").text("again")).await.unwrap(), "AGAIN");
        agent.stop().await;
        assert_eq!(next(&mut changes).await, AgentChange::Left("desk".to_owned()));
    }

    async fn an_agent_that_the_broker_forgot_has_left_unless_it_comes_back(broker) {
        let watch = Desk::default();
        let desk = desk(&watch).start(&broker.url()).await.unwrap();
        let gone = Agent::new("gone").skills(skills![shout]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        for _ in 0..2 {
            assert!(matches!(next(&mut changes).await, AgentChange::Joined(_)));
        }
        broker.kill().await;
        // It ends while there is no broker that could tell.
        drop(gone);
        broker.start().await;
        assert_eq!(next(&mut changes).await, AgentChange::Left("gone".to_owned()));
        let joined = client.agents().await.unwrap();
        assert_eq!(joined.iter().map(|card| card.agent_id.as_str()).collect::<Vec<_>>(), ["desk"]);
        desk.stop().await;
        assert_eq!(next(&mut changes).await, AgentChange::Left("desk".to_owned()));
    }

    async fn agents_are_found_by_capability_tag_and_skill_and_without_wildcards(broker) {
        let watch = Desk::default();
        let office = desk(&watch).card::<Card>().start(&broker.url()).await.unwrap();
        let other = Agent::new("other").skills(skills![shout]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let window = Duration::from_millis(500);
        let found = async |list: mqtt_agent::a2a::ListAgents| {
            let agents = list.window(window).await.unwrap();
            agents.into_iter().map(|card| card.agent_id).collect::<Vec<_>>()
        };
        assert_eq!(found(client.agents()).await, ["desk", "other"]);
        assert_eq!(found(client.agents().capability("paperwork")).await, ["desk"]);
        assert_eq!(found(client.agents().tag("office")).await, ["desk"]);
        assert_eq!(found(client.agents().tag("text")).await, ["desk", "other"]);
        assert_eq!(found(client.agents().skill("paint")).await, ["desk"]);
        assert_eq!(found(client.agents().skill("fly")).await, [""; 0]);
        assert_eq!(client.agent("other").await.unwrap().unwrap().skills.len(), 1);
        assert!(client.agent("nobody").within(window).await.unwrap().is_none());
        assert!(client.agent("a/b").await.is_err());
        other.stop().await;
        office.stop().await;
    }

    async fn sub_11_a_changed_card_is_told_and_garbage_is_passed_over(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut changes = client.agents().watch().await.unwrap();
        for garbage in ["", "{", "7", r#"{"version":"2","agent_id":"odd"}"#, r#"{"version":"1","agent_id":"another","status":"online"}"#] {
            peer.retain("a2a/v1/agents/odd/card", garbage).await;
            peer.retain("a2a/v1/agents/odd/status", garbage).await;
        }
        let card = |status: &str, does: &str| json!({"version": "1", "agent_id": "odd", "status": status, "description": does}).to_string();
        peer.retain("a2a/v1/agents/odd/card", card("online", "little")).await;
        assert!(matches!(next(&mut changes).await, AgentChange::Joined(card) if card.description == "little"));
        peer.retain("a2a/v1/agents/odd/card", card("online", "little")).await;
        peer.retain("a2a/v1/agents/odd/card", card("online", "much")).await;
        assert!(matches!(next(&mut changes).await, AgentChange::Changed(card) if card.description == "much"));
        // A2A-4: only `status` is required; it wins over the card's.
        peer.retain("a2a/v1/agents/odd/status", r#"{"status":"offline"}"#).await;
        assert_eq!(next(&mut changes).await, AgentChange::Left("odd".to_owned()));
        peer.retain("a2a/v1/agents/odd/status", r#"{"status":"online"}"#).await;
        assert!(matches!(next(&mut changes).await, AgentChange::Joined(_)));
        peer.retain("a2a/v1/agents/odd/card", "").await;
        assert_eq!(next(&mut changes).await, AgentChange::Left("odd".to_owned()));
        client.close().await;
    }

    async fn mcp_19_the_server_card_of_an_agent_with_skills_names_the_agent(broker) {
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("a2a/v1/mcp/servers/both/card").await;
        let watch = Desk::default();
        let both = Agent::new("both").skills(skills![shout]).tools(tools![crate::tools::add]).state(watch.clone());
        let running = both.start(ConnectOptions::new(broker.url()).will_delay(Duration::from_secs(1))).await.unwrap();
        assert_eq!(json(&watcher.next("a2a/v1/mcp/servers/both/card").await)["agent_id"], "both");
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.servers().await.unwrap().len(), 1);
        drop(running);
        // Its server card still says online; the agent's status decides.
        eventually("the server is gone", || async { client.servers().await.ok()?.is_empty().then_some(()) }).await;
        assert_eq!(client.server("both").await.unwrap().unwrap().status, Status::Offline);
    }
}
