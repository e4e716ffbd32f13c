//! What a program needs around its agent: its own end, probes, and topics that it knows only at run time.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::topic::{EventError, Payload};
use mqtt_agent::{ConnectionState, SubscribeError};
use serde_json::json;
use support::{on_each_broker, soon};

use crate::tools::*;

on_each_broker! {
    async fn an_agent_serves_until_a_future_ends_and_then_stops_cleanly(broker) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let agent = Agent::new("calc").tools(tools![add]);
        let serving = tokio::spawn(agent.serve_until(broker.url(), async { drop(stopped.await) }));
        let client = Client::connect(&broker.url()).await.unwrap();
        let online = || async { client.server("calc").await.unwrap().filter(|card| card.status == mqtt_agent::wire::Status::Online) };
        support::eventually("it serves", online).await;
        stop.send(()).unwrap();
        soon(serving).await.unwrap().unwrap();
        let card = client.server("calc").await.unwrap().unwrap();
        assert_eq!(card.status, mqtt_agent::wire::Status::Offline);
    }

    async fn health_tells_whether_an_agent_can_be_called(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![wait]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let health = agent.health();
        assert!(health.is_live() && health.is_ready());
        assert!(health.connection().is_connected());
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("wait", ()).into_future());
        watch.until_began(1).await;
        assert_eq!(health.calls_in_hand(), 1);
        watch.0.go_on.notify_one();
        call.await.unwrap().unwrap();
        agent.stop().await;
        assert!(!health.is_live() && !health.is_ready());
        assert_eq!(health.connection(), ConnectionState::Stopped);
    }

    async fn topics_of_the_run_time_are_published_and_subscribed(broker) {
        let (sender, receiver) = (Client::connect(&broker.url()).await.unwrap(), Client::connect(&broker.url()).await.unwrap());
        sender.publish("plant/kept", &json!({"n": 0})).retained().await.unwrap();
        let mut messages = receiver.subscribe("plant/+").await.unwrap();
        let kept = soon(messages.next()).await.unwrap();
        assert!(kept.is_retained());
        assert_eq!((kept.topic(), kept.json::<serde_json::Value>().unwrap()), ("plant/kept", json!({"n": 0})));

        for n in 1..=1500 {
            sender.publish("plant/count", &n).user_property("unit", "pieces").await.unwrap();
        }
        for n in 1..=1500 {
            let message = soon(messages.next()).await.unwrap();
            assert_eq!((message.json::<u32>().unwrap(), message.user_property("unit")), (n, Some("pieces")));
        }
        sender.publish("plant/bytes", &Payload::from(vec![0, 159])).at_most_once().await.unwrap();
        let last = soon(messages.next()).await.unwrap();
        assert_eq!(&last.payload()[..], [0, 159]);
        assert!(last.json::<u32>().is_err());

        drop(messages);
        let mut fresh = receiver.subscribe("plant/+").without_retained().await.unwrap();
        sender.publish("plant/count", &1).await.unwrap();
        assert!(!soon(fresh.next()).await.unwrap().is_retained());
        receiver.close().await;
        assert!(soon(fresh.next()).await.is_none(), "it ends with the connection");
        sender.publish("plant/kept", &Payload::default()).retained().await.unwrap();
    }

    async fn what_is_no_topic_and_what_json_lacks_is_not_published(broker) {
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.publish("plant/+", &1).timeout(Duration::from_secs(5)).await.unwrap_err();
        assert!(matches!(error, EventError::Publish(_)), "{error:?}");
        let error = client.publish("plant/x", &[f64::NAN]).await.unwrap_err();
        assert!(error.to_string().contains("`/0` is NaN"), "{error}");
        let error = client.subscribe("plant/#/x").await.unwrap_err();
        assert!(matches!(error, SubscribeError::Invalid { .. }), "{error:?}");
    }
}

/// Waits until it is let go on.
#[tool]
async fn wait(cx: &Context, State(watch): State<Watch>) {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
}
