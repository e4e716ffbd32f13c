//! What the broker does not let through: a typed outcome for the requester, and nothing for anybody else.

use std::time::Duration;

use mqtt_agent::Cause;
use mqtt_agent::prelude::*;
use serde_json::json;
use support::fake_broker::{Action, Hook, Packet};
use support::{FakeBroker, Knobs, on_each_broker, soon};

use crate::tools::*;

on_each_broker! {
    async fn a_result_too_large_for_the_caller_or_the_broker_is_an_error_and_the_connection_lives(broker) {
        let options = ConnectOptions::new(broker.url()).max_packet_size(8 << 20);
        let agent = Agent::new("calc").tools(tools![repeat, add]).start(&options).await.unwrap();
        // The broker would withhold what is larger than we take: the server says so instead.
        let small = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(4096)).await.unwrap();
        let error = small.call("repeat", json!({"bytes": 100_000})).await.unwrap_err();
        assert_eq!(error.code(), Some("too_large"), "{error:?}");
        assert_eq!(small.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        let large = Client::connect(&options).await.unwrap();
        let bytes = broker.can().max_packet.map_or(3_000_000, |most| most / 2);
        let text: String = large.call("repeat", json!({"bytes": bytes})).returning().await.unwrap();
        assert_eq!(text.len(), bytes);
        agent.stop().await;
    }
}

#[cfg(feature = "peers")]
pub(crate) mod configured {
    use std::time::Duration;

    use mqtt_agent::{CallError, ConnectError, Error, PublishError};
    use support::TestBroker;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_packet_larger_than_the_broker_takes_is_refused_before_it_is_sent() {
        let broker = TestBroker::configured("max_packet_size 20000").await;
        let agent = Agent::new("calc").tools(tools![measure, repeat]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let epoch = format!("{:?}", *client.connection().borrow());
        let error = client.call("measure", json!({"text": "x".repeat(50_000)})).await.unwrap_err();
        assert!(
            matches!(&error, CallError::Publish(PublishError::TooLarge { limit: 20_000, .. })),
            "{error:?}"
        );
        let error = client.call("repeat", json!({"bytes": 50_000})).await.unwrap_err();
        assert_eq!(error.code(), Some("too_large"), "{error:?}");
        assert_eq!(client.call("measure", json!({"text": "x".repeat(15_000)})).await.unwrap(), json!(15_000));
        assert_eq!(format!("{:?}", *client.connection().borrow()), epoch, "one connection all the time");
        agent.stop().await;
    }

    const ACL: &str = "user server\ntopic readwrite #\nuser scout\ntopic write a2a/v1/mcp/tools/add/call\n\
        topic write a2a/v1/mcp/tools/+/cancel\ntopic read a2a/v1/mcp/#\n";

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_14_a_denied_call_is_unauthorized_at_once_and_disturbs_nobody() {
        let lines = "allow_anonymous false\nacl_file {dir}/acl\npassword_file {dir}/passwords";
        let broker =
            TestBroker::configured_with(lines, &[("acl", ACL), ("passwords", &passwords_file())]).await;
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![add, hold, fail]).state(watch.clone());
        let options = ConnectOptions::new(broker.url());
        let agent = agent.start(options.clone().credentials("server", "s3cret")).await.unwrap();
        let scout = options.id("scout").credentials("scout", "s3cret");
        let scout = Client::connect(scout).await.unwrap();
        let allowed = tokio::spawn(async move {
            for round in 0..50 {
                assert_eq!(scout.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0, "{round}");
                let error = scout.call("fail", ()).await.unwrap_err();
                assert!(
                    matches!(&error, CallError::Unauthorized { message } if message.contains("a2a/v1/mcp/tools/fail/call")),
                    "{error:?}"
                );
            }
            format!("{:?}", *scout.connection().borrow())
        });
        assert!(allowed.await.unwrap().contains("epoch: 1"));

        let refused = Client::connect(ConnectOptions::new(broker.url()).credentials("scout", "wrong"))
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                Error::Connect(ConnectError::NotAuthorized { .. } | ConnectError::Credentials { .. })
            ),
            "{refused:?}"
        );
        agent.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_denied_subscription_is_an_error_of_that_subscription_alone() {
        let lines = "allow_anonymous true\nplugin {plugins}/mosquitto_dynamic_security.so\n\
             plugin_opt_config_file {dir}/dynsec.json";
        // Anonymous clients: calls and answers, but no card may be subscribed.
        let acl =
            |kind: &str, topic: &str| json!({"acltype": kind, "topic": topic, "priority": 1, "allow": true});
        let dynsec = json!({
            "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
            "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "caller"}]}],
            "roles": [{"rolename": "caller", "acls": [
                acl("subscribePattern", "a2a/v1/mcp/clients/#"),
                acl("subscribePattern", "a2a/v1/mcp/tools/+/cancel"),
                acl("subscribeLiteral", "$share/mcp-tool-add/a2a/v1/mcp/tools/add/call"),
            ]}],
            "anonymousGroup": "anonymous",
        });
        let broker = TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await;
        let agent = Agent::new("calc").tools(tools![add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.tools().await.unwrap_err().to_string();
        assert!(
            error.contains("subscribing to `a2a/v1/mcp/tools/+/card` was denied by the broker"),
            "{error}"
        );
        let error = client.call("add", json!({"a": 1, "b": 1})).stream().await.unwrap_err();
        assert!(
            matches!(&error, CallError::Unauthorized { message } if message.contains("/stream/")),
            "{error:?}"
        );
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        let denied = Agent::new("other").tools(tools![fail]).start(&broker.url()).await.unwrap_err();
        assert!(matches!(denied, Error::Subscribe(_)), "{denied:?}");
        agent.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_13_a2a_3_where_servers_and_statuses_are_denied_the_other_cards_count_alone() {
        let lines = "allow_anonymous true\nplugin {plugins}/mosquitto_dynamic_security.so\n\
             plugin_opt_config_file {dir}/dynsec.json";
        let acl = |topic: &str| json!({"acltype": "subscribeLiteral", "topic": topic, "priority": 1, "allow": true});
        let dynsec = json!({
            "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
            "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "caller"}]}],
            "roles": [{"rolename": "caller", "acls": [acl("a2a/v1/mcp/tools/+/card"), acl("a2a/v1/agents/+/card")]}],
            "anonymousGroup": "anonymous",
        });
        let broker = TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await;
        let mut peer = support::RawPeer::connect(&broker.url(), "peer").await;
        let card = |name: &str| {
            json!({"version": "1", name: "add", "server": "calc", "status": "online"}).to_string()
        };
        let server = json!({"version": "1", "server": "calc", "tools": [], "status": "offline"}).to_string();
        peer.retain("a2a/v1/mcp/tools/add/card", card("tool")).await;
        peer.retain("a2a/v1/mcp/servers/calc/card", server).await;
        peer.retain("a2a/v1/agents/add/card", card("agent_id")).await;
        peer.retain("a2a/v1/agents/add/status", r#"{"status":"offline"}"#).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.tools().await.unwrap().len(), 1);
        assert_eq!(client.agents().await.unwrap().len(), 1);
        let mut changes = client.agents().watch().await.unwrap();
        let change = support::soon(changes.next()).await;
        assert!(matches!(change, Some(mqtt_agent::a2a::AgentChange::Joined(_))), "{change:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn mcp_12_a_server_that_cannot_read_the_others_cards_leaves_its_tools_card_alone() {
        let acl = "user server\ntopic read $share/mcp-tool-add/a2a/v1/mcp/tools/add/call\n\
            topic read a2a/v1/mcp/tools/add/call\ntopic write a2a/v1/mcp/tools/add/card\n\
            topic write a2a/v1/mcp/servers/calc/card\nuser scout\ntopic readwrite #\n";
        let lines = "allow_anonymous false\nacl_file {dir}/acl\npassword_file {dir}/passwords";
        let broker =
            TestBroker::configured_with(lines, &[("acl", acl), ("passwords", &passwords_file())]).await;
        let agent = Agent::new("calc").tools(tools![add]);
        let options = ConnectOptions::new(broker.url());
        agent.start(options.clone().credentials("server", "s3cret")).await.unwrap().stop().await;
        let scout = Client::connect(options.credentials("scout", "s3cret")).await.unwrap();
        let status = mqtt_agent::wire::Status::Offline;
        assert_eq!(scout.server("calc").await.unwrap().unwrap().status, status);
        assert_ne!(scout.tool("add").await.unwrap().unwrap().status, status, "others may serve it");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_start_that_fails_half_way_leaves_no_online_card() {
        let acl = "topic readwrite a2a/v1/mcp/tools/add/#\ntopic readwrite a2a/v1/mcp/servers/#\n\
            topic read a2a/v1/mcp/tools/#\ntopic readwrite a2a/v1/mcp/clients/#\n";
        let broker = TestBroker::configured_with("acl_file {dir}/acl", &[("acl", acl)]).await;
        let error = Agent::new("half").tools(tools![add, fail]).start(&broker.url()).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("publishing a card failed") && text.contains("mcp/tools/fail/card"), "{text}");
        let client = Client::connect(&broker.url()).await.unwrap();
        assert!(client.tools().await.unwrap().is_empty());
        assert!(client.servers().await.unwrap().is_empty());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_frozen_broker_is_noticed_and_outlived() {
        let broker = TestBroker::configured("").await;
        let options = ConnectOptions::new(broker.url()).keep_alive(Duration::from_secs(5));
        let agent = Agent::new("calc").tools(tools![add]).start(&options).await.unwrap();
        let client = Client::connect(&options).await.unwrap();
        client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        assert!(broker.freeze().await);
        let error =
            client.call("add", json!({"a": 1, "b": 1})).timeout(Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
        let mut connection = client.connection();
        let noticed = connection.wait_for(|state| !state.is_connected());
        tokio::time::timeout(Duration::from_secs(15), noticed)
            .await
            .expect("within 1.5 keep-alive and a little")
            .unwrap();
        broker.thaw().await;
        support::eventually("both are back", || async {
            client.call("add", json!({"a": 1, "b": 1})).timeout(Duration::from_secs(2)).await.ok()
        })
        .await;
        agent.stop().await;
    }

    /// Users `server` and `scout`, both with the password `s3cret`.
    pub(crate) fn passwords_file() -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passwords");
        for (index, user) in ["server", "scout"].into_iter().enumerate() {
            let create: &[&str] = if index == 0 { &["-c", "-b"] } else { &["-b"] };
            let mut command = std::process::Command::new("mosquitto_passwd");
            let done = command.args(create).arg(&file).args([user, "s3cret"]).status();
            assert!(done.expect("mosquitto_passwd comes with mosquitto").success());
        }
        std::fs::read_to_string(file).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a2a_7_an_agent_is_found_and_asked_without_any_right_to_wildcards() {
        let lines = "allow_anonymous true\nplugin {plugins}/mosquitto_dynamic_security.so\n\
             plugin_opt_config_file {dir}/dynsec.json";
        let acl =
            |kind: &str, topic: &str| json!({"acltype": kind, "topic": topic, "priority": 1, "allow": true});
        let dynsec = json!({
            "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
            "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "peer"}]}],
            "roles": [{"rolename": "peer", "acls": [
                acl("subscribePattern", "a2a/v1/tasks/#"),
                acl("subscribeLiteral", "a2a/v1/agents/desk/card"),
                acl("subscribeLiteral", "a2a/v1/agents/desk/status"),
            ]}],
            "anonymousGroup": "anonymous",
        });
        let broker = TestBroker::configured_with(lines, &[("dynsec.json", &dynsec.to_string())]).await;
        let desk = crate::skills::desk(&crate::skills::Desk::default()).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.agents().await.unwrap_err().to_string();
        assert!(error.contains("was denied by the broker"), "{error}");
        assert_eq!(client.agent("desk").await.unwrap().unwrap().agent_id, "desk");
        let shout = mqtt_agent::a2a::NewTask::skill("shout").text("hi");
        assert_eq!(client.request("desk", shout).await.unwrap(), "HI");
        // A denied inbox keeps the agent from starting, and it says so.
        let denied = Agent::new("lost").namespace("elsewhere").skills(skills![crate::skills::shout]);
        let denied = denied.state(crate::skills::Desk::default()).start(&broker.url()).await.unwrap_err();
        assert!(matches!(denied, Error::Subscribe(_)), "{denied:?}");
        desk.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_ends_where_the_broker_does_not_say_whether_answers_may_be_received() {
    let hook = Hook::new(|event| match &event.packet {
        Packet::Subscribe(subscribe) if subscribe.filters[0].0.ends_with("/responses") => {
            Some(Action::Ignore)
        }
        _ => None,
    });
    let broker = FakeBroker::start(Knobs { hook, ..Knobs::default() }).await;
    let client = Client::connect(&broker.url()).await.unwrap();
    let found = soon(client.why("add").within(Duration::from_millis(300)).into_future()).await.unwrap();
    let findings = &found.findings;
    assert!(findings.iter().any(|finding| finding.cause == Cause::AnswersDenied), "{findings:?}");
}
