//! What goes over the wire when an agent or a client connects, and what is refused before it does.

use std::time::Duration;

use bytes::BytesMut;
use mqtt_agent::Error;
use mqtt_agent::a2a::SqliteStore;
use mqtt_agent::prelude::*;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Connect, LastWill, Packet};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::skills::Desk;
use crate::tools::*;

/// The CONNECT of the next client, and its first bytes as they are.
async fn connect_packet(listener: TcpListener) -> (Connect, Option<LastWill>, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut buffer = BytesMut::new();
    loop {
        stream.read_buf(&mut buffer).await.unwrap();
        let raw = buffer.to_vec();
        if let Ok(Packet::Connect(connect, will, _)) = Packet::read(&mut buffer, Some(1 << 20)) {
            return (connect, will, raw);
        }
    }
}

async fn capture(connect: impl AsyncFnOnce(String)) -> (Connect, Option<LastWill>, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    tokio::select! {
        packet = connect_packet(listener) => packet,
        () = connect(url) => panic!("there is no broker to connect to"),
    }
}

#[tokio::test]
async fn sub_1_sub_8_sub_9_mcp_19_an_agent_connects_with_a_session_and_a_delayed_will() {
    let agent = Agent::new("weather").instance("a").tools(tools![add]);
    let (connect, will, raw) = capture(async |url| drop(agent.start(&url).await)).await;
    assert!(raw.windows(7).any(|bytes| bytes == b"\0\x04MQTT\x05"), "SUB-1: protocol level 5");
    assert_eq!(connect.client_id, "weather-a");
    assert!(!connect.clean_start);
    let properties = connect.properties.unwrap();
    assert_eq!(properties.session_expiry_interval, Some(15), "SUB-8");
    assert_eq!(properties.max_packet_size, Some(1 << 20));
    let will = will.unwrap();
    assert_eq!(will.topic, "a2a/v1/mcp/servers/weather-a/card", "MCP-19");
    assert!(will.retain);
    assert_eq!(will.properties.unwrap().delay_interval, Some(5), "SUB-9");
    let card: serde_json::Value = serde_json::from_slice(&will.message).unwrap();
    assert_eq!((card["status"].as_str(), card["server"].as_str()), (Some("offline"), Some("weather-a")));
}

#[tokio::test]
async fn a2a_1_an_agent_with_skills_connects_with_a_lasting_session_and_its_will_on_the_status_topic() {
    let agent = Agent::new("desk").skills(skills![crate::skills::shout]).state(Desk::default());
    let (connect, will, _) = capture(async |url| drop(agent.start(&url).await)).await;
    assert_eq!((connect.client_id.as_str(), connect.clean_start), ("desk", false));
    assert_eq!(connect.properties.unwrap().session_expiry_interval, Some(3600));
    let will = will.unwrap();
    assert_eq!(will.topic, "a2a/v1/agents/desk/status");
    assert_eq!((will.qos, will.retain), (QoS::AtLeastOnce, true));
    assert_eq!(will.properties.unwrap().delay_interval, Some(5), "SUB-9");
    let status: serde_json::Value = serde_json::from_slice(&will.message).unwrap();
    assert_eq!((status["status"].as_str(), status["agent_id"].as_str()), (Some("offline"), Some("desk")));
}

#[tokio::test]
async fn sub_8_an_agent_with_tools_and_skills_has_a_short_session_unless_its_tasks_are_stored() {
    let agent =
        || Agent::new("desk").skills(skills![crate::skills::shout]).tools(tools![add]).state(Desk::default());
    let expiry = async |agent: Agent, options: fn(ConnectOptions) -> ConnectOptions| {
        let start = async |url| drop(agent.start(options(ConnectOptions::new(url))).await);
        capture(start).await.0.properties.unwrap().session_expiry_interval
    };
    assert_eq!(expiry(agent(), |options| options).await, Some(15));
    let long = |options: ConnectOptions| options.session_expiry(Duration::from_secs(60));
    assert_eq!(expiry(agent(), long).await, Some(60));
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tasks.db")).await.unwrap();
    assert_eq!(expiry(agent().store(store), |options| options).await, Some(3600));
}

#[tokio::test]
async fn sub_8_the_client_id_begins_with_a_namespace_that_is_not_the_default() {
    let agent = Agent::new("calc").namespace("plant/line-1").tools(tools![add]);
    let (connect, _, _) = capture(async |url| drop(agent.start(&url).await)).await;
    assert_eq!(connect.client_id, "plant.line-1:calc");
}

#[tokio::test]
async fn sub_8_a_client_that_keeps_its_tasks_has_a_session_of_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("tasks.db")).await.unwrap();
    let client = Client::builder().store(store);
    let options = |url: String| ConnectOptions::new(url).id("boss");
    let (connect, _, _) = capture(async |url| drop(client.connect(options(url)).await)).await;
    assert_eq!(connect.properties.unwrap().session_expiry_interval, Some(3600));
}

#[tokio::test]
async fn sub_8_a_client_without_an_id_takes_a_random_one_and_a_minute() {
    let ids: Vec<_> = [(), ()]
        .into_iter()
        .map(|()| async {
            let (connect, will, _) = capture(async |url| drop(Client::connect(&url).await)).await;
            assert_eq!(connect.properties.unwrap().session_expiry_interval, Some(60));
            assert!(will.is_none());
            connect.client_id
        })
        .collect();
    let mut seen = Vec::new();
    for id in ids {
        seen.push(id.await);
    }
    assert_ne!(seen[0], seen[1]);
    assert_eq!(seen[0].len(), 36);
}

fn problems(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(problems) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn sub_3_sub_4_a_wrong_namespace_or_id_is_refused_before_connecting() {
    for namespace in ["a//b", "a/+", "#", "a\0b", "$SYS/a"] {
        let problems = problems(Agent::new("x").namespace(namespace).tools(tools![]).build().unwrap_err());
        assert!(problems[0].contains("the namespace"), "{namespace}: {problems:?}");
    }
    for id in ["", "a/b", "a b", "ä", &"x".repeat(129)] {
        let problems = problems(Agent::new(id).tools(tools![]).build().unwrap_err());
        let place = format!("{}:{}: the agent's id", file!(), line!() - 1);
        assert!(problems[0].starts_with(&place), "{id}: {problems:?}");
    }
    let built = Agent::new("x").tools(tools![]).id("a b").build().unwrap_err();
    assert!(problems(built)[0].starts_with(&format!("{}:{}: ", file!(), line!() - 1)));
    for namespace in ["/", "", "/acme/plant7/"] {
        Agent::new("x").namespace(namespace).tools(tools![]).build().unwrap();
    }
}

mod twins {
    use super::*;

    /// One that another crate has too: within one, two of a name do not compile.
    #[tool]
    async fn twin(State(number): State<u128>) -> String {
        number.to_string()
    }

    /// A root that is an enum.
    #[derive(Deserialize, JsonSchema)]
    #[serde(tag = "kind")]
    #[allow(dead_code)]
    enum Choice {
        A { a: u32 },
        B { b: u32 },
    }

    /// Takes an enum.
    #[tool]
    async fn chooses(Args(_choice): Args<Choice>) {}

    /// Is narrowed in ways that don't fit.
    #[tool]
    async fn misfit(
        #[arg(range = 1..=2)] text: String,
        #[arg(pattern = "(")] pattern: String,
        #[arg(range = 1..=3, default = 9)] n: u8,
    ) {
        let _ = (text, pattern, n);
    }

    #[test]
    fn all_problems_are_told_at_once_with_their_places() {
        let tools = tools![support::twin].into_iter().chain(tools![twin, chooses, misfit]);
        let error = Agent::new("x").tools(tools).expect_tools(4).build().unwrap_err();
        let text = format!("{error:?}");
        let here = file!();
        for expected in [
            "tool `twin` is also defined at tests/support/twins.rs:".to_owned(),
            "takes `State<u128>`, which the agent lacks; give it with `.state(..)`".to_owned(),
            "`Args`: the arguments are one JSON object".to_owned(),
            "argument `text`: `range` is for numbers".to_owned(),
        ] {
            assert!(text.contains(&expected), "{expected}\n{text}");
        }
        assert_eq!(problems(error).iter().filter(|problem| problem.starts_with(here)).count(), 4);
    }

    #[test]
    fn a_second_default_skill_is_told() {
        /// Takes anything.
        #[skill(default)]
        async fn anything_at_all() {}
        /// Takes everything.
        #[skill(default)]
        async fn everything_else() {}
        let skills = skills![anything_at_all, everything_else];
        let error = Agent::new("x").skills(skills).build().unwrap_err().to_string();
        assert!(error.contains("skill `everything_else`: `anything_at_all` at "), "{error}");
        assert!(
            error.contains("is the agent's `default` already; remove the option from one of them"),
            "{error}"
        );
    }

    #[test]
    fn a_default_that_does_not_fit_and_a_broken_pattern_are_told() {
        /// Broken pattern.
        #[tool]
        async fn broken(#[arg(pattern = "(")] code: String) {
            let _ = code;
        }
        /// Misfit default.
        #[tool]
        async fn wrong_default(#[arg(range = 1..=3, default = 9)] n: u8) {
            let _ = n;
        }
        let error = Agent::new("x").tools(tools![broken]).build().unwrap_err().to_string();
        assert!(error.contains("argument `code`"), "{error}");
        let error = Agent::new("x").tools(tools![wrong_default]).build().unwrap_err().to_string();
        assert!(error.contains("its `default` does not fit: expected at most 3, got 9"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_number_of_tools_and_a_will_after_the_session_are_told() {
    let error = Agent::new("x").tools(tools![add]).expect_tools(2).build().unwrap_err().to_string();
    assert!(error.contains("2 tools are expected and 1 are there (add)"), "{error}");
    let late = ConnectOptions::new("mqtt://nowhere.invalid").will_delay(Duration::from_secs(20));
    let error = Agent::new("x").tools(tools![add]).start(late).await.unwrap_err().to_string();
    assert!(error.contains("will delay"), "{error}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_told_in_time() {
    let closed = support::free_address();
    let options = ConnectOptions::new(format!("mqtt://{closed}")).connect_timeout(Duration::from_millis(300));
    let error = format!("{:?}", Client::connect(options).await.unwrap_err());
    assert!(error.contains("check that the broker runs") && error.contains("refused"), "{error}");
    for url in ["http://x", "localhost:1883", "mqtt://"] {
        let error = Client::connect(url).await.unwrap_err().to_string();
        assert!(error.contains("write it as `mqtt://localhost:1883`"), "{error}");
    }
}
