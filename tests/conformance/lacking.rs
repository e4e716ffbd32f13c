//! A broker that lacks what agents need: they say so when they start, and name brokers that have it (`SUB-10a`).

use std::time::Duration;

use mqtt_agent::prelude::*;
use support::on_each_broker;

use crate::tools::*;

on_each_broker! {
    async fn sub_10a_an_agent_starts_or_says_what_the_broker_lacks_and_which_one_has_it(broker) {
        let url = broker.url();
        let start = Agent::new("calc").tools(tools![add]).start(&url);
        let started = tokio::time::timeout(Duration::from_secs(15), start).await.expect("at once");
        let can = broker.can();
        let lacks = match (can.mqtt5, can.retain, can.shared_subscriptions) {
            (false, ..) => "MQTT 5",
            (_, false, _) => "retained messages",
            (.., false) => "shared subscriptions",
            _ => return started.expect("it has all that is needed").stop().await,
        };
        let error = started.map(|_| ()).expect_err(lacks).to_string();
        for expected in [lacks, "Mosquitto", "EMQX", "HiveMQ"] {
            assert!(error.contains(expected), "`{expected}` is missing: {error}");
        }
    }
}
