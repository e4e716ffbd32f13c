//! Topic handlers, requests and events on the user's own topics.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::topic::{EventError, Payload};
use mqtt_agent::{CallError, Limits, RemoteError};
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use support::{RawPeer, epoch, json as body, on_each_broker, reply_to, soon};
use tokio::sync::mpsc;

use crate::tools::*;

type Heard = mpsc::Sender<String>;
type Gate = std::sync::Arc<tokio::sync::Semaphore>;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Reading {
    celsius: f64,
}

fn nothing() -> PublishProperties {
    PublishProperties::default()
}

#[on("house/{room}/reading")]
async fn reading(room: &str, value: Reading, State(heard): State<Heard>) {
    drop(heard.send(format!("{room} {}", value.celsius)).await);
}

#[on("house/{floor}/level")]
fn level(floor: i32, State(heard): State<Heard>) {
    drop(heard.try_send(format!("floor {floor}")));
}

#[on("logs/{path...}", qos = 0)]
fn log(path: String, Payload(bytes): Payload, cx: &Context, State(heard): State<Heard>) {
    let topic = cx.topic().unwrap_or_default();
    drop(heard.try_send(format!("{path} {} {topic} {}", bytes.len(), cx.is_retained())));
}

#[on("house/{room}/cleared")]
fn cleared(room: &str, value: Option<Reading>, State(heard): State<Heard>) -> Result<(), String> {
    drop(heard.try_send(format!("{room} {}", value.is_some())));
    if room == "cellar" { Err("nobody clears the cellar".to_owned()) } else { Ok(()) }
}

#[request("house/{room}/get", reply = "answers/+")]
async fn get(room: String, scale: Option<f64>) -> Result<Reading, String> {
    match room.as_str() {
        "attic" => Err("no sensor in the attic".to_owned()),
        "cellar" => panic!("it is dark"),
        _ => Ok(Reading { celsius: 20.0 * scale.unwrap_or(1.0) }),
    }
}

#[request("sum/{of}/{rest...}", caller)]
async fn sum(
    of: u8,
    rest: &str,
    numbers: Vec<i64>,
    #[arg(given)] State(bias): State<i64>,
    cx: &Context,
) -> Result<i64, String> {
    assert_eq!(rest, "x/y");
    let topic = cx.topic().unwrap_or_default().to_owned();
    if numbers.is_empty() { Err(topic) } else { Ok(numbers.iter().sum::<i64>() + i64::from(of) + bias) }
}

#[on("work/{item}", shared = "workers")]
fn work(item: String, State(heard): State<Heard>) {
    drop(heard.try_send(item));
}

#[on("slow/{item}", timeout = "1500ms")]
async fn slow(item: &str, State(heard): State<Heard>) {
    drop(heard.send(item.to_owned()).await);
    if item == "endless" {
        std::future::pending().await
    }
}

/// Waits until it is let go, one at a time.
#[request("held/{item}", concurrency = 1, reply = "answers")]
async fn held(item: &str, Payload(_bytes): Payload, State(heard): State<Heard>, State(gate): State<Gate>) {
    drop(heard.send(item.to_owned()).await);
    gate.acquire().await.unwrap().forget();
}

#[event("house/{room}/alarm/{kind}", retain)]
fn alarm(room: &str, kind: u8, value: &Reading);

#[event("house/ping")]
fn ping();

async fn next(heard: &mut mpsc::Receiver<String>) -> String {
    tokio::time::timeout(support::SOON, heard.recv()).await.expect("in time").expect("a handler is there")
}

on_each_broker! {
    async fn a_placeholder_is_a_level_and_the_payload_a_value(broker) {
        let (sender, mut heard) = mpsc::channel(64);
        let list = handlers![reading, level, log, cleared];
        let agent = Agent::new("house").handlers(list).state(sender).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;

        peer.publish("house/kitchen/reading", r#"{"celsius": 21.5}"#, nothing()).await;
        assert_eq!(next(&mut heard).await, "kitchen 21.5");
        peer.publish("house/-3/level", "", nothing()).await;
        assert_eq!(next(&mut heard).await, "floor -3");
        peer.publish("logs/a/b/c", vec![0xff; 3], nothing()).await;
        assert_eq!(next(&mut heard).await, "a/b/c 3 logs/a/b/c false");
        peer.publish("house/hall/cleared", "", nothing()).await;
        assert_eq!(next(&mut heard).await, "hall false");
        peer.publish("house/cellar/cleared", r#"{"celsius": 1}"#, nothing()).await;
        assert_eq!(next(&mut heard).await, "cellar true");
        agent.stop().await;
    }

    async fn over_its_limits_in_number_or_in_bytes_a_request_is_answered_busy(broker) {
        for limits in [Limits::default().with_queue(1), Limits::default().with_queue_bytes(4096)] {
            let (sender, mut heard) = mpsc::channel(64);
            let gate = Gate::new(tokio::sync::Semaphore::new(0));
            let agent = Agent::new("house").handlers(handlers![held]).state(sender).state(gate.clone());
            let agent = agent.limits(limits).start(&broker.url()).await.unwrap();
            let mut peer = RawPeer::connect(&broker.url(), "peer").await;
            peer.subscribe("answers").await;
            peer.publish("held/first", vec![0; 10_000], reply_to("answers", b"first")).await;
            assert_eq!(next(&mut heard).await, "first");
            for id in ["second", "third"] {
                peer.publish(&format!("held/{id}"), vec![0; 3000], reply_to("answers", id.as_bytes())).await;
            }
            let busy = body(&peer.next("answers").await);
            assert_eq!(busy["error"]["code"], "busy", "{busy}");
            gate.add_permits(2);
            for _ in 0..2 {
                let answer = peer.next("answers").await;
                assert_eq!(answer.payload, "null");
            }
            agent.stop().await;
        }
    }

    async fn what_cannot_be_read_is_dropped_and_the_next_is_handled(broker) {
        let (sender, mut heard) = mpsc::channel(64);
        let list = handlers![reading, level];
        let agent = Agent::new("house").handlers(list).state(sender).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for payload in ["", "no JSON", "{}", "[]", r#"{"celsius": "warm"}"#] {
            peer.publish("house/kitchen/reading", payload, nothing()).await;
        }
        peer.publish("house/upstairs/level", "", nothing()).await;
        peer.publish("house/kitchen/reading", r#"{"celsius": 1}"#, nothing()).await;
        assert_eq!(next(&mut heard).await, "kitchen 1");
        peer.publish("house/2/level", "", nothing()).await;
        assert_eq!(next(&mut heard).await, "floor 2");
        agent.stop().await;
    }

    async fn a_message_that_expires_before_its_turn_is_not_handled(broker) {
        let (sender, mut heard) = mpsc::channel(64);
        let agent = Agent::new("house").handlers(handlers![slow]).state(sender).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.publish("slow/endless", "", nothing()).await;
        assert_eq!(next(&mut heard).await, "endless");
        // The handler's limit is longer than this.
        let brief = PublishProperties { message_expiry_interval: Some(1), ..nothing() };
        peer.publish("slow/expired", "", brief).await;
        peer.publish("slow/last", "", nothing()).await;
        assert_eq!(next(&mut heard).await, "last");
        agent.stop().await;
    }

    async fn messages_of_a_handler_come_in_their_order(broker) {
        let (sender, mut heard) = mpsc::channel(512);
        let agent = Agent::new("house").handlers(handlers![reading]).state(sender).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for number in 0..200 {
            peer.publish("house/k/reading", format!(r#"{{"celsius": {number}}}"#), nothing()).await;
        }
        for number in 0..200 {
            assert_eq!(next(&mut heard).await, format!("k {number}"));
        }
        agent.stop().await;
    }

    async fn a_request_is_answered_on_its_response_topic(broker) {
        let agent = Agent::new("house").handlers(handlers![get]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("answers/peer").await;

        peer.publish("house/hall/get", "2", reply_to("answers/peer", b"\x00one")).await;
        let answer = peer.next("answers/peer").await;
        assert_eq!(body(&answer), json!({"celsius": 40.0}));
        let properties = answer.properties.unwrap();
        assert_eq!(properties.correlation_data.as_deref(), Some(&b"\x00one"[..]));
        assert_eq!(properties.content_type.as_deref(), Some("application/json"));

        // Without a payload the optional value is none.
        peer.publish("house/hall/get", "", reply_to("answers/peer", b"two")).await;
        assert_eq!(body(&peer.next("answers/peer").await), json!({"celsius": 20.0}));
        agent.stop().await;
    }

    async fn a_request_that_fails_is_answered_with_an_error(broker) {
        let agent = Agent::new("house").handlers(handlers![get]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("answers/peer").await;
        for (topic, payload, kind, says) in [
            ("house/attic/get", "", "tool_error", "no sensor in the attic"),
            ("house/cellar/get", "", "tool_error", "the handler panicked"),
            ("house/hall/get", "no JSON", "invalid_arguments", "no JSON"),
            ("house/hall/get", "\"x\"", "invalid_arguments", "/scale"),
        ] {
            peer.publish(topic, payload, reply_to("answers/peer", b"id-1")).await;
            let answer = peer.next("answers/peer").await;
            let error = body(&answer);
            assert_eq!(error["status"], "error");
            assert_eq!(error["call_id"], "id-1");
            assert_eq!(error["error"]["type"], kind, "{error}");
            assert!(error["error"]["message"].as_str().unwrap().contains(says), "{error}");
            let properties = answer.properties.unwrap();
            assert_eq!(properties.correlation_data.as_deref(), Some(&b"id-1"[..]));
            assert!(properties.user_properties.contains(&("status".to_owned(), "error".to_owned())));
        }
        agent.stop().await;
    }

    async fn a_request_without_a_usable_response_topic_is_dropped_and_the_next_answered(broker) {
        let agent = Agent::new("house").handlers(handlers![get]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("answers/#").await;
        peer.publish("house/hall/get", "", nothing()).await;
        peer.publish("house/hall/get", "", reply_to("$SYS/broker", b"1")).await;
        peer.publish("house/hall/get", "", reply_to("answers/last", b"2")).await;
        assert_eq!(peer.next("answers/").await.topic, "answers/last");
        agent.stop().await;
    }

    async fn a_typed_caller_asks(broker) {
        let agent = Agent::new("house").handlers(handlers![sum]).state(1000_i64).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let ask = |numbers: Vec<i64>| sum_request(numbers).rest("x/y").of(7).send(&client);
        assert_eq!(ask(vec![1, 2]).await.unwrap(), 1010);
        let failed = ask(Vec::new()).await;
        assert!(matches!(&failed, Err(RemoteError::Tool(topic)) if topic == "sum/7/x/y"), "{failed:?}");
        agent.stop().await;
        let soon = std::time::Duration::from_millis(200);
        let nobody = sum_request(vec![1]).rest("x/y").of(7).timeout(soon).send(&client).await;
        assert!(
            matches!(&nobody, Err(RemoteError::Call(CallError::Timeout { .. } | CallError::Unavailable { .. }))),
            "{nobody:?}"
        );
        client.close().await;
    }

    async fn a_group_shares_its_messages(broker) {
        let (sender, mut heard) = mpsc::channel(64);
        let start = |instance: &'static str| {
            let agent = Agent::new("worker").instance(instance).handlers(handlers![work]).state(sender.clone());
            let url = broker.url();
            async move { agent.start(&url).await.unwrap() }
        };
        let (one, two) = (start("1").await, start("2").await);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        for number in 0..20 {
            peer.publish(&format!("work/{number}"), "", nothing()).await;
        }
        let mut items = Vec::new();
        for _ in 0..20 {
            items.push(next(&mut heard).await.parse::<u32>().unwrap());
        }
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
        // Each once: stopping hands over whatever is still queued.
        one.stop().await;
        two.stop().await;
        assert!(heard.try_recv().is_err());
    }

    async fn an_event_goes_to_its_topic_and_is_retained(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        alarm(&Reading { celsius: 40.0 }).kind(7).room("kitchen").publish(&client).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("house/#").await;
        let alarm = peer.next("house/kitchen/alarm/7").await;
        assert!(alarm.retain);
        assert_eq!(body(&alarm), json!({"celsius": 40.0}));
        ping().publish(&client).await.unwrap();
        let ping = peer.next("house/ping").await;
        assert!(!ping.retain && ping.payload.is_empty());
        client.close().await;
    }

    async fn a_value_that_is_no_level_is_refused_before_it_is_sent(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        for wrong in ["", "a/b", "+", "#", "a\0"] {
            let sent = alarm(&Reading { celsius: 1.0 }).kind(7).room(wrong).publish(&client).await;
            assert!(matches!(sent, Err(EventError::Placeholder { name: "room", .. })), "{wrong:?}: {sent:?}");
        }
        alarm(&Reading { celsius: 1.0 }).kind(7).room("fine").publish(&client).await.unwrap();
        client.close().await;
    }

    async fn handlers_are_there_again_after_a_restart_of_the_broker(broker) {
        let (sender, mut heard) = mpsc::channel(64);
        let agent = Agent::new("house").handlers(handlers![reading, get]).state(sender).start(&broker.url()).await.unwrap();
        broker.kill().await;
        broker.start().await;
        let mut connection = agent.connection();
        soon(connection.wait_for(mqtt_agent::ConnectionState::is_connected)).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("answers/peer").await;
        // Subscriptions are made again in the background: ask until it answers.
        let until_it_answers = async {
            loop {
                peer.publish("house/hall/get", "", reply_to("answers/peer", b"2")).await;
                if peer.next_within("answers/peer", std::time::Duration::from_millis(300)).await.is_some() {
                    break;
                }
            }
        };
        soon(until_it_answers).await;
        peer.publish("house/k/reading", r#"{"celsius": 5}"#, nothing()).await;
        assert_eq!(next(&mut heard).await, "k 5");
        agent.stop().await;
    }
}

#[test]
fn two_requests_on_one_topic_are_refused_with_both_places() {
    #[request("house/{any}/get")]
    fn again(any: &str) -> String {
        any.to_owned()
    }
    let error = Agent::new("house").handlers(handlers![get, again]).build().unwrap_err().to_string();
    assert!(error.contains("`house/{any}/get` are also answered by `get`"), "{error}");
    assert_eq!(error.matches("topics.rs:").count(), 2, "{error}");
}

#[test]
fn a_missing_state_is_refused_before_connecting() {
    let error = Agent::new("house").handlers(handlers![reading]).build().unwrap_err().to_string();
    assert!(
        error.contains("the handler `reading` of `house/{room}/reading`") && error.contains(".state(..)"),
        "{error}"
    );
}

on_each_broker! {
    async fn a_subscription_that_is_dropped_unread_leaves_the_connection_alone(broker) {
        let agent = Agent::new("one").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let before = epoch(&client);
        let mut unread = client.subscribe("flood/#").await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        // More than are acknowledged before they are read.
        peer.publish_all((0..1500).map(|number| (format!("flood/{number}"), "x"))).await;
        soon(unread.next()).await.unwrap();
        drop(unread);
        for _ in 0..3 {
            let sum = soon(client.call("add", json!({"a": 1, "b": 2})).into_future()).await.unwrap();
            assert_eq!(sum["sum"], 3.0);
        }
        assert_eq!(epoch(&client), before, "the connection was made anew");
        agent.stop().await;
    }

    async fn a_subscription_that_is_not_read_holds_up_nothing_else(broker) {
        let agent = Agent::new("one").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut unread = client.subscribe("flood/#").await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.publish_all((0..1500).map(|number| (format!("flood/{number}"), "x"))).await;
        let call = client.call("add", json!({"a": 1, "b": 2})).timeout(Duration::from_secs(60));
        assert_eq!(soon(call.into_future()).await.unwrap()["sum"], 3.0);
        // From now on it holds up nothing.
        peer.publish_all((0..1500).map(|number| (format!("flood/{number}"), "x"))).await;
        let call = client.call("add", json!({"a": 1, "b": 2}));
        assert_eq!(soon(call.into_future()).await.unwrap()["sum"], 3.0);
        let mut read = 0;
        while let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(200), unread.next()).await {
            read += 1;
        }
        assert_eq!(read + unread.missed(), 3000);
        agent.stop().await;
    }
}
