//! What a persistent session is good for.

use mqtt_agent::prelude::*;
use serde_json::json;
use support::on_each_broker;

use crate::tools::*;

on_each_broker! {
    async fn sub_8_two_clients_with_one_id_do_not_take_the_broker_down_with_them(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let one = Client::connect(ConnectOptions::new(broker.url()).id("twin")).await.unwrap();
        one.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        let two = Client::connect(ConnectOptions::new(broker.url()).id("twin")).await.unwrap();
        // They take the connection from each other; whoever else is there is served.
        let client = Client::connect(&broker.url()).await.unwrap();
        for _ in 0..20 {
            client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        }
        drop((one, two));
        agent.stop().await;
    }
}
