//! `why`: each cause, staged.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{Limits, Running};
use serde_json::Value;
use support::{Direction, Proxy, RawPeer, TestBroker, on_each_broker};

use crate::command::{Ended, run};
use crate::served::station;

async fn why(broker: &TestBroker, tool: &str) -> Ended {
    run(broker, &["why", tool, "--timeout", "400ms", "--json"]).await
}

/// The causes that were found.
#[track_caller]
fn causes(ended: &Ended) -> Vec<String> {
    let values = ended.values();
    let findings = values[0]["findings"].as_array().unwrap_or_else(|| panic!("{ended:?}"));
    findings.iter().map(|finding| finding["cause"].as_str().unwrap().to_owned()).collect()
}

async fn card(peer: &mut RawPeer, topic: &str, card: Value) {
    peer.retain(&format!("a2a/v1/mcp/{topic}/card"), card.to_string()).await;
}

on_each_broker! {
    async fn nothing_is_wrong_where_it_answers_and_the_tool_does_not_run(broker) {
        let (agent, mut heard) = station(&broker.url()).await;
        let ended = why(broker, "hold").await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said = &ended.values()[0];
        assert_eq!((&said["answers"], &said["findings"]), (&json!(true), &json!([])));
        let server = &said["servers"][0];
        assert_eq!((&server["server"], &server["online"], &server["lists"]), (&json!("station"), &json!(true), &json!(true)));
        assert!(server["ping_ms"].is_number(), "{said}");
        assert!(heard.try_recv().is_err(), "it did not run");
        let text = run(broker, &["why", "hold"]).await;
        assert!(text.done().contains("it answers") && text.done().contains("server station: online"), "{text:?}");
        agent.stop().await;
    }

    async fn mcp_11_no_card_with_a_name_that_is_near(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let ended = why(broker, "wether").await;
        assert!(causes(&ended).contains(&"no_card".to_owned()), "{ended:?}");
        let error = ended.error(3);
        assert!(ended.stdout.contains("did you mean `weather`?"), "{error}");
        agent.stop().await;
    }

    async fn mcp_13_its_server_stopped(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        agent.stop().await;
        let ended = why(broker, "weather").await;
        assert!(causes(&ended).contains(&"no_server".to_owned()), "{ended:?}");
        assert!(ended.stdout.contains("`station` serves it, and is offline; start it"), "{ended:?}");
        ended.error(3);
    }

    async fn mcp_13_a_card_that_no_server_stands_for(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        card(&mut peer, "tools/lonely", json!({"version": "1", "tool": "lonely", "server": "gone", "status": "online", "description": "x"})).await;
        let ended = why(broker, "lonely").await;
        assert!(causes(&ended).contains(&"no_server".to_owned()), "{ended:?}");
        ended.error(3);
    }

    async fn mcp_18_this_client_may_not_call_it(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let ended = why(broker, "secret").await;
        assert_eq!(causes(&ended), ["not_allowed"]);
        assert!(ended.error(4)["message"].as_str().unwrap().contains("only `scout` may"));
        agent.stop().await;
    }

    async fn a_server_that_is_cut_off_answers_nothing(broker) {
        let proxy = Proxy::start(broker.address()).await;
        let (agent, _heard) = station(&proxy.url()).await;
        proxy.half_open(Direction::ToClient);
        let ended = why(broker, "weather").await;
        assert_eq!(causes(&ended), ["no_answer"], "{ended:?}");
        ended.error(5);
        drop(agent);
    }

    async fn sub_8a_the_session_of_a_replica_that_is_gone_takes_its_share(broker) {
        let (left, _heard) = replica(&broker.url(), "one").await;
        let (stays, _heard) = replica(&broker.url(), "two").await;
        // As a crash: its session stays at the broker.
        drop(left);
        let mut seen = Vec::new();
        // Which member of the share is asked, the broker decides.
        for _ in 0..4 {
            seen = causes(&why(broker, "weather").await);
            if seen == ["lost_session"] {
                break;
            }
        }
        match broker.can().shares_with_clients_that_are_away {
            Some(true) => assert_eq!(seen, ["lost_session"]),
            _ => {
                assert!(seen.is_empty() || seen == ["lost_session"], "{seen:?}");
                broker.leaves_out("it is not known to give calls to the session of a client that is gone");
            }
        }
        stays.stop().await;
    }

    async fn calls_that_were_refused_because_there_were_too_many(broker) {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let limits = Limits::default().with_concurrency(1).with_queue(0);
        let tools = mqtt_agent::tools![crate::served::hold];
        let agent = Agent::new("narrow").tools(tools).state(told).limits(limits).start(broker.url()).await.unwrap();
        let client = Client::connect(broker.url()).await.unwrap();
        let first = tokio::spawn(client.call("hold", ()).into_future());
        assert_eq!(support::soon(heard.recv()).await, Some("began"));
        let refused = client.call("hold", ()).timeout(Duration::from_secs(5)).await;
        assert!(refused.is_err(), "{refused:?}");
        let ended = why(broker, "hold").await;
        assert!(causes(&ended).contains(&"busy".to_owned()), "{ended:?}");
        first.abort();
        agent.stop().await;
    }
}

async fn replica(url: &str, instance: &str) -> (Running, tokio::sync::mpsc::UnboundedReceiver<&'static str>) {
    let (told, heard) = tokio::sync::mpsc::unbounded_channel();
    let tools = mqtt_agent::tools![crate::served::weather];
    let agent = Agent::new("station").instance(instance).tools(tools).state(told).start(url).await.unwrap();
    (agent, heard)
}

/// The rights of a broker, staged by its access rules.
#[cfg(feature = "peers")]
pub(crate) mod rights {
    use super::*;

    const CARDS: [&str; 2] = ["a2a/v1/mcp/tools/+/card", "a2a/v1/mcp/servers/+/card"];

    /// An unknown user may subscribe these alone, and publish all but calls, or those as well.
    pub(crate) async fn ruled(subscribes: &[&str], calls: bool) -> TestBroker {
        let lines = "allow_anonymous true\nplugin {plugins}/mosquitto_dynamic_security.so\n\
             plugin_opt_config_file {dir}/dynsec.json";
        let rule = |kind: &str, topic: &str, allow: bool| json!({"acltype": kind, "topic": topic, "priority": 1, "allow": allow});
        let mut rules: Vec<_> =
            subscribes.iter().map(|topic| rule("subscribePattern", topic, true)).collect();
        rules.extend(subscribes.iter().map(|topic| rule("subscribeLiteral", topic, true)));
        rules.push(rule("publishClientSend", "a2a/v1/mcp/tools/+/call", calls));
        let dynsec = json!({
            "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
            "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "caller"}]}],
            "roles": [{"rolename": "caller", "acls": rules}],
            "anonymousGroup": "anonymous",
        });
        TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await
    }

    const CALLS: &str = "$share/mcp-tool-weather/a2a/v1/mcp/tools/weather/call";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_14_calls_are_denied() {
        let broker = ruled(&[CARDS[0], CARDS[1], CALLS, "a2a/v1/mcp/#"], false).await;
        let (agent, _heard) = replica(&broker.url(), "one").await;
        let ended = why(&broker, "weather").await;
        assert_eq!(causes(&ended), ["call_denied"], "{ended:?}");
        ended.error(4);
        agent.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn answers_are_denied() {
        let broker = ruled(&[CARDS[0], CARDS[1], CALLS, "a2a/v1/mcp/servers/#"], true).await;
        let (agent, _heard) = replica(&broker.url(), "one").await;
        let ended = why(&broker, "weather").await;
        assert_eq!(causes(&ended), ["answers_denied"], "{ended:?}");
        ended.error(4);
        agent.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn cards_are_denied_and_calls_are_not() {
        let broker = ruled(&[CALLS, "a2a/v1/mcp/clients/#"], true).await;
        let (agent, _heard) = replica(&broker.url(), "one").await;
        let ended = why(&broker, "weather").await;
        assert_eq!(causes(&ended), ["cards_denied", "cards_denied"], "{ended:?}");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        agent.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_14_a_server_that_does_not_subscribe_its_calls_has_no_subscriber() {
        let broker = TestBroker::chosen().await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let server = json!({"version": "1", "server": "peer", "tools": ["deaf"], "status": "online"});
        card(&mut peer, "servers/peer", server).await;
        let tool =
            json!({"version": "1", "tool": "deaf", "server": "peer", "status": "online", "description": "x"});
        card(&mut peer, "tools/deaf", tool).await;
        let ended = why(&broker, "deaf").await;
        assert_eq!(causes(&ended), ["no_subscriber"], "{ended:?}");
        ended.error(3);
    }
}
