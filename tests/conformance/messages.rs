//! What errors and log lines say where they misled once: the fact, the field or the name, and what to do.

use std::error::Error as StdError;
use std::time::Duration;

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits, RemoteError};
use serde_json::json;
use support::{Log, RawPeer, eventually, json as body, on_each_broker, soon};
use tracing_subscriber::filter::EnvFilter;

use crate::skills::*;
use crate::tools::*;

/// Never answers.
#[tool(timeout = "300ms")]
async fn sleeper() {
    std::future::pending().await
}

/// Holds its place until it is dropped.
#[tool]
async fn holder(State(watch): State<Watch>, cx: &Context) {
    let _inside = watch.enter(cx);
    std::future::pending().await
}

/// Listens on this thread alone: the runtime of a test without worker threads has no other.
fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(EnvFilter::new("mqtt_agent=warn"))
        .with_writer(move || writer.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

on_each_broker! {
    async fn mcp_15_of_its_own_limit_a_tool_says_that_it_is_its_own(broker) {
        let agent = Agent::new("slow").tools(tools![sleeper]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("sleeper", ()).await.unwrap_err();
        let CallError::TimedOutByServer { message } = &error else { panic!("{error}") };
        assert_eq!(
            message,
            "`sleeper` took longer than its own limit of 300 ms; ask for less, or have its owner raise its `timeout`"
        );
        agent.stop().await;
    }

    async fn a2a_9_of_its_own_limit_a_skill_says_that_it_is_its_own(broker) {
        let agent = desk(&Desk::default()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.request("desk", NewTask::skill("dawdle")).await.unwrap_err();
        let expected =
            "`dawdle` took longer than its own limit of 200 ms; ask for less, or have its owner raise its `timeout`";
        assert!(matches!(&error, DelegateError::Failed(task) if task.message == expected), "{error}");
        agent.stop().await;
    }

    async fn mcp_15_a_call_whose_turn_does_not_come_is_told_that_the_agent_is_busy(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_concurrency(1);
        let agent = Agent::new("slow").tools(tools![holder]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let first = tokio::spawn(client.call("holder", ()).timeout(Duration::from_secs(30)).into_future());
        watch.until_began(1).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        let mut properties = support::reply_to("a2a/v1/mcp/clients/peer/responses", b"c");
        properties.message_expiry_interval = Some(1);
        let call = r#"{"call_id":"c","client":"peer","arguments":{}}"#;
        peer.publish("a2a/v1/mcp/tools/holder/call", call, properties).await;
        let answer = body(&peer.next("a2a/v1/mcp/clients/peer/responses").await);
        let expected = "`holder` did not begin before the deadline, for the agent is busy; call again later, or with a longer timeout";
        assert_eq!(answer["error"]["message"], expected, "{answer}");
        first.abort();
        agent.stop().await;
    }

    async fn a2a_6_a_task_without_a_type_is_told_which_skills_there_are(broker) {
        let agent = Agent::new("desk").skills(skills![shout, add_up]).state(Desk::default());
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/tasks/peer/results").await;
        let task = json!({"task_id": "t", "from": "peer", "to": "desk", "messages": [{"role": "user", "content": "x"}]});
        peer.fire("a2a/v1/tasks/desk/inbox", task.to_string()).await;
        let result = body(&peer.next("a2a/v1/tasks/peer/results").await);
        let expected = "the task names no skill in its `type`, and none is the default one; ask for one of `add_up`, `shout`";
        assert_eq!(result["error"]["message"], expected, "{result}");
        agent.stop().await;
    }

    async fn a_call_of_a_closed_client_says_once_that_it_was_not_sent(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let other = client.clone();
        client.close().await;
        let error = other.call("add", json!({"a": 1, "b": 2})).await.unwrap_err().to_string();
        assert!(!error.contains("not sent"), "{error}");
        assert!(error.contains("the connection is closed"), "{error}");
    }

    async fn a2a_7_a_request_that_nobody_answers_says_whether_its_agent_is_online_and_which_may_be_meant(broker) {
        // A `#` watcher takes every message, so that no broker says that nobody receives it.
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("#").await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let until_told = async |agent: &str, told: &str| {
            eventually(told, || {
                let task = client.request(agent, NewTask::skill("hold")).timeout(Duration::from_millis(300));
                async move { task.await.unwrap_err().to_string().ends_with(told).then_some(()) }
            })
            .await;
        };
        until_told("dsk", "; no agent `dsk` with skills was seen online; look at its id, or start it").await;
        let desks = desk(&Desk::default()).start(&broker.url()).await.unwrap();
        let calc = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        until_told("dsk", "; no agent `dsk` with skills was seen online; did you mean `desk`?").await;
        until_told("calc", "; no agent `calc` with skills was seen online; look at its id, or start it").await;
        until_told("desk", "; it is online and may still work on it; give it a longer `.timeout(..)`").await;
        desks.stop().await;
        calc.stop().await;
    }

    async fn a_running_agent_that_is_dropped_says_so_and_none_that_is_stopped_or_served(broker) {
        let (log, _guard) = listen();
        let agent = || Agent::new("calc").tools(tools![add]);
        agent().start(&broker.url()).await.unwrap().stop().await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let serves = async { eventually("it serves", || async { client.call("add", json!({"a": 1, "b": 2})).await.ok() }).await };
        tokio::select! {
            served = agent().serve_until(&broker.url(), std::future::pending()) => served.unwrap(),
            _ = serves => {}
        }
        assert_eq!(log.lines("dropped a running agent"), Vec::<String>::new());
        drop(agent().start(&broker.url()).await.unwrap());
        let told = log.lines("dropped a running agent");
        assert!(told.len() == 1 && told[0].contains("WARN") && told[0].contains("agent=\"calc\""), "{told:?}");
    }

    async fn mcp_20_a_ping_that_nobody_answers_names_its_own_option(broker) {
        // A `#` watcher takes every message, so that no broker says that nobody receives it.
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe("#").await;
        let client = Client::connect(&broker.url()).await.unwrap();
        for error in [
            client.server("nobody").within(Duration::from_millis(1200)).ping().await.unwrap_err(),
            client.server("nobody").within(Duration::from_millis(1200)).stats().await.map(drop).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains("within 1.2 s; ") && text.contains("(`.within(..)`)"), "{text}");
            assert!(!text.contains("timeout("), "{text}");
        }
        let error = client.call("nobody", ()).timeout(Duration::from_millis(1030)).await.unwrap_err().to_string();
        assert!(error.contains("no answer from `nobody` within 1 s; no server of it is online"), "{error}");
    }
}

#[tokio::test]
async fn sub_4_of_an_id_that_is_none_a_client_says_that_it_is_the_client_s() {
    let options = ConnectOptions::new("mqtt://nowhere.invalid").id("Клиент");
    let error = Client::connect(options).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot start: the client id: `Клиент` has the character 'К'"), "{error}");
    assert!(!error.contains("agent"), "{error}");
}

/// What `fn main() -> Result<(), Box<dyn Error>>` prints after `Error: `.
fn of_main(error: impl Into<Box<dyn StdError>>) -> String {
    format!("{:?}", error.into())
}

#[tokio::test]
async fn main_ends_with_a_sentence_that_has_each_cause_once() {
    let options = ConnectOptions::new("mqtt://me:s/ecret@host");
    let error = Client::connect(options).await.unwrap_err();
    let text = of_main(error);
    assert!(text.starts_with("invalid broker url `mqtt://…@host`: ") && text.matches("invalid").count() == 2, "{text}");

    let broker = support::TestBroker::embedded().await;
    let agent = Agent::new("calc").tools(tools![fail]).start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let error = client.call("fail", ()).await.unwrap_err();
    let CallError::Tool { message, .. } = &error else { panic!("{error}") };
    assert_eq!(format!("the tool failed: {message}"), of_main(error));
    let remote: RemoteError<String> = RemoteError::Tool("no".to_owned());
    assert_eq!(of_main(remote), "the tool failed: no");
    agent.stop().await;
    drop(broker);

    client.clone().close().await;
    let closed = client.call("fail", ()).await.unwrap_err();
    assert_eq!(of_main(closed), "publishing the call failed: the connection is closed; open a new one");
}

#[tokio::test]
async fn an_agent_that_serves_nothing_says_so_at_its_start() {
    let broker = support::TestBroker::embedded().await;
    let (log, _guard) = listen();
    let agent = Agent::new("idle").tools(tools![]).start(&broker.url()).await.unwrap();
    let lines = log.lines("failed to find anything to serve");
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert!(lines[0].contains("agent=idle") && lines[0].contains("`#[tool]`"), "{}", lines[0]);
    agent.stop().await;
    Agent::new("busy").tools(tools![add]).start(&broker.url()).await.unwrap().stop().await;
    assert_eq!(log.lines("failed to find anything to serve").len(), 1);
}

#[tokio::test]
async fn the_end_of_a_subscription_that_the_broker_does_not_know_warns_nobody() {
    let broker = support::TestBroker::embedded().await;
    let (log, _guard) = listen();
    let client = Client::connect(&broker.url()).await.unwrap();
    let messages = client.subscribe("home/#").await.unwrap();
    drop(messages);
    let again = client.subscribe("home/#").await.unwrap();
    drop(again);
    soon(client.close()).await;
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn two_clients_of_one_id_are_told_in_one_sentence_without_stray_spaces() {
    let broker = support::TestBroker::embedded().await;
    let (log, _guard) = listen();
    let options = ConnectOptions::new(broker.url()).id("same");
    let first = Client::connect(options.clone()).await.unwrap();
    let second = Client::connect(options).await.unwrap();
    let line = eventually("the line", async || log.lines("another client with the same id").pop()).await;
    assert!(line.contains("took the connection over; give each agent its own id"), "{line}");
    assert!(!line.trim_start().contains("   "), "{line}");
    tokio::join!(first.close(), second.close());
}

#[test]
fn a_crate_that_the_linker_left_out_is_told_by_its_name() {
    let error = Agent::new("x").expect_crate("weather-tools").build().unwrap_err().to_string();
    assert!(error.contains("nothing of the crate `weather-tools` is in this program"), "{error}");
    let own = Agent::new("x").expect_crate(env!("CARGO_PKG_NAME")).build();
    assert!(!own.err().is_some_and(|error| error.to_string().contains("nothing of the crate")));
    let error = Agent::new("x").tools(tools![]).expect_tools(1).build().unwrap_err().to_string();
    assert!(error.contains("1 tool is expected and 0 are there (none)"), "{error}");
}
