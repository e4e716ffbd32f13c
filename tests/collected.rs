//! What an agent serves that lists nothing: its own crate's functions, and those of a dependency unless it says otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mqtt_agent::prelude::*;
use support::{Log, TestBroker};

/// The crate's own.
#[tool]
fn own() -> u8 {
    1
}

/// The crate's own.
#[on("own/door")]
fn own_door(open: bool) {
    let _ = open;
}

// `twin`, a tool and a skill, is of the library of the same package.
neighbour::written!(by_macro);

fn tools(agent: Agent) -> Vec<String> {
    neighbour::refer();
    let agent = agent.build().unwrap();
    agent.tool_cards().iter().map(|card| card.tool.to_string()).collect()
}

#[test]
fn a_dependency_s_tools_are_served_unless_the_agent_keeps_to_its_own_crate() {
    assert_eq!(tools(Agent::new("all")), ["by_macro", "offered", "own", "twin"]);
    assert_eq!(tools(Agent::new("own").own_crate_only(env!("CARGO_PKG_NAME"))), ["by_macro", "own", "twin"]);
    assert_eq!(tools(Agent::new("none").own_crate_only("another")), [] as [&str; 0]);
    let listed =
        Agent::new("listed").own_crate_only(env!("CARGO_PKG_NAME")).tools(tools![neighbour::offered]);
    assert_eq!(tools(listed), ["offered"], "a list says what is served");
}

#[tokio::test]
async fn the_log_says_at_the_start_which_crate_brings_what() {
    neighbour::refer();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let broker = TestBroker::embedded().await;
    let lines = || log.lines("collected what a crate brings");
    Agent::new("all").start(&broker.url()).await.unwrap().stop().await;
    let [ours, theirs] = lines().try_into().unwrap();
    assert!(ours.contains(r#"package="mqtt-agent-tests""#), "{ours}");
    assert!(
        ours.contains(r#"tools=["by_macro", "own", "twin"] topics=["own/door"] skills=["twin"]"#),
        "{ours}"
    );
    assert!(theirs.contains(r#"package="mqtt-agent-tests-neighbour""#), "{theirs}");
    assert!(theirs.contains(r#"tools=["offered"] topics=["neighbour/door"] skills=["watered"]"#), "{theirs}");
    let own = Agent::new("own").own_crate_only(env!("CARGO_PKG_NAME"));
    own.start(&broker.url()).await.unwrap().stop().await;
    assert_eq!(lines().len(), 3);
    assert!(lines()[2].contains(r#"package="mqtt-agent-tests""#));
    Agent::new("listed").tools(tools![own]).start(&broker.url()).await.unwrap().stop().await;
    assert_eq!(lines().len(), 3, "what is listed is known");
}
