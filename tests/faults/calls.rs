//! Calls, streams and cancels over networks that fail, and with agents that die.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, PublishError, Retry};
use support::{Direction, Proxy, on_each_broker, soon};

use crate::common::*;

/// Sends one partial result, and stays.
#[tool(timeout = "60s")]
async fn stay(partials: Partials<u64>) -> Result<(), String> {
    partials.send(&1).await.map_err(|error| error.to_string())?;
    std::future::pending().await
}

/// Waits until it is let go, and may do so twice.
#[tool(idempotent, timeout = "60s")]
async fn hold_again(State(gate): State<Gate>) -> usize {
    gate.pass().await
}

on_each_broker! {
    async fn a_call_that_is_never_acknowledged_is_made_again_where_the_tool_may_run_twice(broker) {
        let far = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        let agent = Agent::new("worker").tools(tools![double, hold, hold_again]).state(gate.clone());
        let agent = agent.start(broker.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        client.call("double", json!({"number": 1})).await.unwrap();
        // The calls arrive, and the broker's acknowledgements don't.
        far.half_open(Direction::ToClient);
        let retry = Retry::new().attempts(10).attempt_timeout(Duration::from_secs(2));
        let again = tokio::spawn(client.call("hold_again", ()).retry(retry).into_future());
        let once = tokio::spawn(client.call("hold", ()).retry(retry).into_future());
        gate.until_began(2).await;
        far.close();
        disconnected(&client).await;
        // Both attempts are over by then, while there is no connection.
        tokio::time::sleep(Duration::from_secs(3)).await;
        far.open();
        let error = soon(once).await.unwrap().unwrap_err();
        // The call and its message are over at the same time, and either may be told.
        let is_over =
            matches!(error, CallError::Publish(PublishError::Interrupted) | CallError::Timeout { .. });
        assert!(is_over, "{error:?}");
        gate.until_began(3).await;
        gate.open(3);
        assert_eq!(soon(again).await.unwrap().unwrap(), 3);
        assert_eq!(gate.began(), 3, "the one that may not run twice ran once");
        agent.stop().await;
    }

    async fn a_call_that_is_retried_without_a_connection_ends_at_its_deadline(broker) {
        let far = Proxy::start(broker.address()).await;
        let client = Client::connect(far.url()).await.unwrap();
        far.close();
        disconnected(&client).await;
        let retry = Retry::new().attempt_timeout(Duration::from_millis(300));
        let began = Instant::now();
        let call = client.call("double", json!({"number": 1})).timeout(Duration::from_secs(2)).retry(retry);
        let error = soon(call.into_future()).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    async fn calls_are_answered_though_their_connections_are_cut_again_and_again(broker) {
        let (near, far) = proxies(broker).await;
        let agent = worker(&Gate::new()).start(near.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        for number in 0..10_u64 {
            let call = client.call("double", json!({"number": number})).returning::<u64>();
            let call = tokio::spawn(call.into_future());
            [&near, &far][number as usize % 2].cut();
            assert_eq!(soon(call).await.unwrap().unwrap(), number * 2);
        }
        agent.stop().await;
    }

    async fn a_call_over_a_half_open_connection_is_answered_by_the_next_one(broker) {
        for dead in DIRECTIONS {
            let far = Proxy::start(broker.address()).await;
            let agent = worker(&Gate::new()).start(broker.url()).await.unwrap();
            let client = Client::connect(attentive(far.url())).await.unwrap();
            far.half_open(dead);
            let call = client.call("double", json!({"number": 4})).returning::<u64>();
            assert_eq!(soon(call.into_future()).await.unwrap(), 8, "{dead:?}");
            agent.stop().await;
        }
    }

    async fn calls_are_answered_over_a_network_that_delivers_byte_by_byte(broker) {
        let (near, far) = proxies(broker).await;
        let agent = worker(&Gate::new()).start(near.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        near.split(true);
        far.split(true);
        for number in 0..10_u64 {
            let call = client.call("double", json!({"number": number})).returning::<u64>();
            assert_eq!(soon(call.into_future()).await.unwrap(), number * 2);
        }
        agent.stop().await;
    }

    async fn a_client_that_is_sent_garbage_connects_again_and_is_answered(broker) {
        let far = Proxy::start(broker.address()).await;
        let agent = worker(&Gate::new()).start(broker.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        // No packet of MQTT begins with a zero.
        far.garbage(&[0; 64]).await;
        connected_again(&client, 1).await;
        let call = client.call("double", json!({"number": 4})).returning::<u64>();
        assert_eq!(soon(call.into_future()).await.unwrap(), 8);
        agent.stop().await;
    }

    async fn an_agent_that_is_sent_garbage_connects_again_and_answers(broker) {
        let near = Proxy::start(broker.address()).await;
        let agent = worker(&Gate::new()).start(near.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        near.garbage(&[0; 64]).await;
        connected_again(&agent.client(), 1).await;
        let call = client.call("double", json!({"number": 4})).returning::<u64>();
        assert_eq!(soon(call.into_future()).await.unwrap(), 8);
        agent.stop().await;
    }

    async fn a_stream_whose_agent_dies_ends_by_its_deadline_and_keeps_what_came(broker) {
        let agent = Agent::new("talker").tools(tools![stay]).start(broker.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let limit = Duration::from_secs(2);
        let began = Instant::now();
        let mut stream = client.call("stay", ()).timeout(limit).stream().await.unwrap();
        assert_eq!(soon(stream.next()).await, Some(json!(1)));
        drop(agent);
        assert_eq!(soon(stream.next()).await, None);
        let error = soon(stream.finish()).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
        assert!(began.elapsed() < limit + Duration::from_secs(2), "{:?}", began.elapsed());
    }

    async fn mcp_17_a_call_that_is_dropped_while_the_broker_is_down_ends_its_handler_by_its_deadline(broker) {
        let gate = Gate::new();
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).timeout(Duration::from_secs(4)).into_future());
        gate.until_began(1).await;
        broker.kill().await;
        disconnected(&client).await;
        call.abort();
        broker.start().await;
        gate.until_ended(1).await;
        agent.stop().await;
    }

    async fn mcp_17_a_cancel_behind_a_stalled_network_reaches_its_handler_when_it_flows_again(broker) {
        let far = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        // Nothing else ends the handler in the time of the test.
        let agent = worker(&gate).start(broker.url()).await.unwrap();
        let client = Client::connect(far.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).timeout(Duration::from_secs(60)).into_future());
        gate.until_began(1).await;
        far.freeze();
        call.abort();
        tokio::time::sleep(NOTHING).await;
        assert_eq!(gate.ended(), 0, "nothing tells it");
        far.thaw();
        gate.until_ended(1).await;
        agent.stop().await;
    }
}
