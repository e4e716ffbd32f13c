//! Limits, timeouts, cancellation and redelivery.

use std::time::{Duration, Instant};

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits};
use serde_json::json;
use support::{RawPeer, json, on_each_broker, reply_to};

use crate::tools::*;

on_each_broker! {
    async fn mcp_15_past_its_own_limit_a_handler_is_dropped(broker) {
        let watch = Watch::default();
        let agent = Agent::new("slow").tools(tools![too_slow]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("too_slow", ()).await.unwrap_err();
        assert!(matches!(error, CallError::TimedOutByServer { .. }), "{error:?}");
        watch.until_ended(1).await;
        agent.stop().await;
    }

    async fn mcp_15_a_call_that_expired_before_it_was_delivered_does_not_run(broker) {
        let watch = Watch::default();
        // The session is kept while the server is away, and the Will tells that it is.
        let agent = || Agent::new("calc").tools(tools![counted_add]).state(watch.clone());
        let options = ConnectOptions::new(broker.url()).will_delay(Duration::ZERO);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        let running = agent().start(&options).await.unwrap();
        peer.subscribe("a2a/v1/mcp/servers/calc/card").await;
        assert_eq!(json(&peer.next("a2a/v1/mcp/servers").await)["status"], "online");
        drop(running);
        assert_eq!(json(&peer.next("a2a/v1/mcp/servers").await)["status"], "offline");
        let call = |id: &str| format!(r#"{{"call_id":"{id}","client":"peer","arguments":{{"a":1,"b":2}}}}"#);
        let mut stale = reply_to("a2a/v1/mcp/clients/peer/responses", b"stale");
        stale.message_expiry_interval = Some(1);
        peer.publish("a2a/v1/mcp/tools/counted_add/call", call("stale"), stale).await;
        // The broker's clock has whole seconds.
        tokio::time::sleep(Duration::from_millis(2100)).await;
        let running = agent().start(&options).await.unwrap();
        let fresh = reply_to("a2a/v1/mcp/clients/peer/responses", b"fresh");
        peer.publish("a2a/v1/mcp/tools/counted_add/call", call("fresh"), fresh).await;
        assert_eq!(json(&peer.next("a2a/v1/mcp/clients/peer/responses").await)["call_id"], "fresh");
        assert_eq!(watch.0.ids.lock().unwrap().as_slice(), ["fresh"]);
        running.stop().await;
    }

    async fn over_its_limits_a_server_queues_and_then_says_busy(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_concurrency(8).with_queue(1);
        let agent = Agent::new("one").tools(tools![hold_one, add]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let first = tokio::spawn(client.call("hold_one", ()).into_future());
        watch.until_began(1).await;
        // Of two more, one waits and one is refused at once, whichever comes first.
        let mut more = tokio::task::JoinSet::new();
        for _ in 0..2 {
            more.spawn(client.call("hold_one", ()).into_future());
        }
        let error = more.join_next().await.unwrap().unwrap().unwrap_err();
        assert!(matches!(&error, CallError::Unavailable { .. }), "{error:?}");
        assert_eq!(error.code(), Some("busy"));
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0, "other tools are served");
        watch.0.go_on.notify_one();
        first.await.unwrap().unwrap();
        watch.until_began(2).await;
        watch.0.go_on.notify_one();
        more.join_next().await.unwrap().unwrap().unwrap();
        agent.stop().await;
    }

    async fn arguments_count_as_they_lie_in_memory(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_queue_bytes(100_000);
        let agent = Agent::new("one").tools(tools![hold_one]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        let call = async |peer: &mut RawPeer, id: &str, arguments: serde_json::Value| {
            let call = json!({"call_id": id, "client": "peer", "arguments": arguments});
            peer.publish("a2a/v1/mcp/tools/hold_one/call", call.to_string(), reply_to(responses, id.as_bytes())).await;
        };
        call(&mut peer, "runs", json!({})).await;
        watch.until_began(1).await;
        call(&mut peer, "waits", json!({})).await;
        // A text of 30 kB, and in memory more than 300 kB.
        call(&mut peer, "grows", json!({"x": vec![json!([]); 10_000]})).await;
        let answer = json(&peer.next(responses).await);
        assert_eq!((&answer["call_id"], &answer["error"]["code"]), (&json!("grows"), &json!("busy")));
        for _ in 0..2 {
            watch.0.go_on.notify_one();
            assert_eq!(json(&peer.next(responses).await)["status"], "ok");
        }
        agent.stop().await;
    }

    async fn over_its_limit_in_bytes_a_server_says_busy(broker) {
        let watch = Watch::default();
        let limits = Limits::default().with_queue_bytes(4096);
        let agent = Agent::new("one").tools(tools![hold_one]).state(watch.clone()).limits(limits);
        let agent = agent.start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        let call = async |peer: &mut RawPeer, id: &str, bytes: usize| {
            let call = json!({"call_id": id, "client": "peer", "more": "x".repeat(bytes)});
            peer.publish("a2a/v1/mcp/tools/hold_one/call", call.to_string(), reply_to(responses, id.as_bytes())).await;
        };
        call(&mut peer, "larger than all room, and first", 10_000).await;
        watch.until_began(1).await;
        call(&mut peer, "waits", 3000).await;
        call(&mut peer, "one too many", 3000).await;
        let answer = json(&peer.next(responses).await);
        assert_eq!((&answer["call_id"], &answer["error"]["code"]), (&json!("one too many"), &json!("busy")));
        watch.0.go_on.notify_one();
        assert_eq!(json(&peer.next(responses).await)["status"], "ok");
        watch.until_began(2).await;
        call(&mut peer, "has room again", 3000).await;
        for _ in 0..2 {
            watch.0.go_on.notify_one();
            assert_eq!(json(&peer.next(responses).await)["status"], "ok");
        }
        agent.stop().await;
    }

    async fn mcp_17_dropping_a_call_or_its_stream_cancels_it(broker) {
        let watch = Watch::default();
        let agent = Agent::new("held").tools(tools![hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).into_future());
        watch.until_began(1).await;
        call.abort();
        watch.until_ended(1).await;
        let stream = client.call("hold", ()).stream().await.unwrap();
        watch.until_began(2).await;
        drop(stream);
        watch.until_ended(2).await;
        let error = client.call("hold", ()).timeout(Duration::from_millis(300)).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. } | CallError::TimedOutByServer { .. }), "{error:?}");
        watch.until_ended(3).await;
        agent.stop().await;
    }

    async fn mcp_17_a_call_that_is_dropped_right_before_its_client_is_closed_is_cancelled(broker) {
        let watch = Watch::default();
        let agent = Agent::new("held").tools(tools![hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        // What sends the cancels and what closes are two tasks: each round they meet at another point.
        for round in 1..=50 {
            let client = Client::connect(&broker.url()).await.unwrap();
            let mut call = Box::pin(client.call("hold", ()).into_future());
            tokio::select! {
                ended = &mut call => panic!("round {round}: {ended:?}"),
                () = watch.until_began(round) => {}
            }
            drop(call);
            let dropped = Instant::now();
            while dropped.elapsed() < Duration::from_micros(4) * round as u32 {
                std::hint::spin_loop();
            }
            client.close().await;
            watch.until_ended(round).await;
        }
        agent.stop().await;
    }

    async fn mcp_17_a_cancel_on_the_wire_is_answered(broker) {
        let watch = Watch::default();
        let agent = Agent::new("held").tools(tools![hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        let properties = reply_to("a2a/v1/mcp/clients/peer/responses", b"h");
        peer.publish("a2a/v1/mcp/tools/hold/call", r#"{"call_id":"h","client":"peer"}"#, properties).await;
        watch.until_began(1).await;
        // Not another client's to cancel.
        peer.publish("a2a/v1/mcp/tools/hold/cancel", r#"{"call_id":"h","client":"mallory"}"#, Default::default()).await;
        peer.publish("a2a/v1/mcp/tools/hold/cancel", "garbage", Default::default()).await;
        assert_eq!(watch.ended(), 0);
        peer.publish("a2a/v1/mcp/tools/hold/cancel", r#"{"call_id":"h","client":"peer"}"#, Default::default()).await;
        let answer = json(&peer.next("a2a/v1/mcp/clients/peer/responses").await);
        assert_eq!((answer["error"]["type"].as_str(), answer["error"]["code"].as_str()), (Some("tool_error"), Some("canceled")));
        assert_eq!(watch.ended(), 1);
        agent.stop().await;
    }

    async fn mcp_16_a_redelivered_call_runs_once_and_is_answered_again(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![counted_add]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/peer/responses").await;
        let mut answers = Vec::new();
        for _ in 0..3 {
            let properties = reply_to("a2a/v1/mcp/clients/peer/responses", b"again");
            let call = r#"{"call_id":"again","client":"peer","arguments":{"a":1,"b":2}}"#;
            peer.publish("a2a/v1/mcp/tools/counted_add/call", call, properties).await;
            answers.push(peer.next("a2a/v1/mcp/clients/peer/responses").await.payload);
        }
        assert_eq!(watch.began(), 1);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "the stored answer, as it was");
        agent.stop().await;
    }

    async fn mcp_17_a_cancel_right_behind_its_call_is_not_lost(broker) {
        let watch = Watch::default();
        let agent = Agent::new("held").tools(tools![hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        for _ in 0..50 {
            // Dropped as soon as the call is acknowledged, so that both arrive together.
            drop(client.call("hold", ()).stream().await.unwrap());
        }
        support::eventually("no handler is left", || async { (watch.began() == watch.ended()).then_some(()) }).await;
        agent.stop().await;
        assert_eq!(watch.began(), watch.ended());
    }

    async fn no_limit_is_a_limit_too(broker) {
        let limits = Limits::default().with_timeout(Duration::MAX);
        let agent = Agent::new("calc").tools(tools![add]).limits(limits).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = client.call("add", json!({"a": 1, "b": 1})).timeout(Duration::MAX);
        assert_eq!(call.await.unwrap()["sum"], 2.0);
        assert!(client.tool("add").within(Duration::MAX).await.unwrap().is_some());
        agent.stop().await;
    }

    async fn a_handler_that_panics_when_it_is_dropped_is_answered(broker) {
        let agent = Agent::new("calc").tools(tools![drops_badly, add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("drops_badly", ()).timeout(Duration::from_secs(10)).await.unwrap_err();
        assert_eq!(error.code(), Some("panic"), "{error:?}");
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        agent.stop().await;
    }

    async fn closing_a_client_ends_its_calls(broker) {
        let watch = Watch::default();
        let agent = Agent::new("held").tools(tools![hold]).state(watch.clone()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("hold", ()).timeout(Duration::from_secs(600)).into_future());
        watch.until_began(1).await;
        client.close().await;
        let error = tokio::time::timeout(support::SOON, call).await.expect("in time").unwrap().unwrap_err();
        assert!(matches!(error, CallError::Publish(mqtt_agent::PublishError::Closed)), "{error:?}");
        agent.stop().await;
    }

    async fn mcp_16_callers_without_a_name_do_not_get_each_other_s_answers(broker) {
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/clients/+/responses").await;
        for (name, a) in [("p", 1), ("q", 2)] {
            let topic = format!("a2a/v1/mcp/clients/{name}/responses");
            let call = json!({"call_id": "1", "arguments": {"a": a, "b": 0}});
            peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to(&topic, b"1")).await;
            assert_eq!(json(&peer.next(&topic).await)["result"]["sum"], f64::from(a));
        }
        let call = json!({"call_id": "1", "client": "x".repeat(100_000), "arguments": {"a": 1, "b": 0}});
        peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to("a2a/v1/mcp/clients/r/responses", b"1")).await;
        let answer = json(&peer.next("a2a/v1/mcp/clients/r/responses").await);
        assert_eq!(answer["error"]["type"], "invalid_arguments", "SUB-4: {answer}");
        agent.stop().await;
    }
}
