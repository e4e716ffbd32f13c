//! Tools that are made at run time: served like annotated ones, and added and removed while their agent runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::layer::{self, Refusal, Request};
use mqtt_agent::prelude::*;
use mqtt_agent::{AddToolError, CallError, ConnectionState, DynamicTool, DynamicToolError, Running};
use serde_json::{Value, json};
use support::fake_broker::{Action, Hook, Packet};
use support::{FakeBroker, Knobs, Proxy, RawPeer, eventually, json as body, on_each_broker, soon};

use crate::tools::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "text": {"type": "string", "maxLength": 8},
            "times": {"type": "integer", "minimum": 1, "default": 2},
            "note": {"type": "string"}
        },
        "required": ["text"],
        "additionalProperties": false
    })
}

fn repeating(name: &str) -> DynamicTool {
    DynamicTool::new(name, "Repeats a text.", schema(), |arguments, cx| async move {
        let text = arguments["text"].as_str().unwrap_or_default();
        if text == "fail" {
            return Err(Failing);
        }
        let times = usize::try_from(arguments["times"].as_u64().unwrap_or_default()).unwrap();
        Ok(json!({"text": text.repeat(times), "tool": cx.tool(), "note": arguments.contains_key("note")}))
    })
    .unwrap()
}

fn nothing(name: impl Into<String>) -> DynamicTool {
    DynamicTool::new(name, "Does nothing.", json!({"type": "object"}), |_, _| async { Ok::<_, String>(()) })
        .unwrap()
}

/// Never ends by itself.
fn held(watch: &Watch) -> DynamicTool {
    let watch = watch.clone();
    let tool = DynamicTool::new("held", "Waits.", json!({"type": "object"}), move |_, cx| {
        let watch = watch.clone();
        async move {
            let _inside = watch.enter(&cx);
            std::future::pending::<()>().await;
            Ok::<_, String>(())
        }
    });
    tool.unwrap()
}

async fn plugins(url: &str) -> Running {
    Agent::new("plugins").tools(tools![]).open_to_tools().start(url).await.unwrap()
}

/// What the card at the broker says.
async fn card(peer: &mut RawPeer, topic: &str) -> Value {
    peer.subscribe(topic).await;
    body(&peer.next(topic).await)
}

on_each_broker! {
    async fn mcp_1_mcp_8_a_tool_of_run_time_is_served_like_an_annotated_one(broker) {
        let tool = repeating("repeat-it").title("Repeat").read_only(true).tags(["text"]).version("3");
        let agent = Agent::new("one").tools(tools![add]).tool(tool).start(&broker.url()).await.unwrap();
        let client = agent.client();
        let call = |arguments: Value| client.call("repeat-it", arguments);
        assert_eq!(call(json!({"text": "ab", "note": null})).await.unwrap(), json!({"text": "abab", "tool": "repeat-it", "note": false}));
        assert_eq!(call(json!({"text": "ab", "times": 3.0})).await.unwrap()["text"], "ababab");
        let error = call(json!({"text": "much too long", "times": 0, "txt": 1})).await.unwrap_err().to_string();
        for name in ["/text", "/times", "txt"] {
            assert!(error.contains(name), "{error}");
        }
        assert_eq!(call(json!({"text": "fail"})).await.unwrap_err().code(), Some("always"));
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let card = card(&mut peer, "a2a/v1/mcp/tools/repeat-it/card").await;
        assert_eq!((&card["input_schema"], &card["title"], &card["annotations"]["readOnlyHint"]), (&schema(), &json!("Repeat"), &json!(true)));
        assert_eq!((&card["status"], &card["server"], &card["tags"]), (&json!("online"), &json!("one"), &json!(["text"])));
        agent.stop().await;
    }

    async fn limits_layers_and_allowed_callers_hold_for_tools_of_run_time(broker) {
        let watch = Watch::default();
        let held = |name: &str| DynamicTool::new(name, "Waits.", json!({"type": "object"}), {
            let watch = watch.clone();
            move |_, cx| {
                let watch = watch.clone();
                async move {
                    let _inside = watch.enter(&cx);
                    cx.cancelled().await;
                    Ok::<_, String>(())
                }
            }
        }).unwrap();
        let agent = plugins(&broker.url()).await;
        let refusing = layer::check(|_: &Request| Err(Refusal::unauthorized("not you")));
        let panicking = DynamicTool::new("panics", "Panics.", json!({"type": "object"}), |_, _| async {
            if true { panic!("on purpose") }
            Ok::<_, String>(())
        }).unwrap();
        agent.add_tools([
            held("slow").timeout(Duration::from_millis(100)),
            nothing("layered").layer(refusing),
            nothing("secret").allow(["scout"]),
            panicking,
        ]).await.unwrap();
        let client = agent.client();
        assert!(matches!(client.call("slow", ()).await, Err(CallError::TimedOutByServer { .. })));
        watch.until_ended(1).await;
        for name in ["layered", "secret"] {
            assert!(matches!(client.call(name, ()).await, Err(CallError::Unauthorized { .. })), "{name}");
        }
        assert_eq!(client.call("panics", ()).await.unwrap_err().code(), Some("panic"));
        agent.stop().await;
    }

    async fn a_tool_that_is_added_can_be_called_and_is_on_the_cards_and_one_that_is_removed_is_not(broker) {
        let agent = plugins(&broker.url()).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let (server, tool) = ("a2a/v1/mcp/servers/plugins/card", "a2a/v1/mcp/tools/later/card");
        assert_eq!(card(&mut peer, server).await["tools"], json!([]));
        peer.subscribe(tool).await;
        for _ in 0..2 {
            agent.add_tool(repeating("later")).await.unwrap();
            assert_eq!(body(&peer.next(tool).await)["status"], "online");
            assert_eq!(body(&peer.next(server).await)["tools"], json!(["later"]));
            assert_eq!(agent.client().call("later", json!({"text": "a"})).await.unwrap()["text"], "aa");
            assert!(agent.remove_tool("later").await);
            assert_eq!(body(&peer.next(server).await)["tools"], json!([]));
            assert_eq!(body(&peer.next(tool).await)["status"], "offline");
            let error = agent.client().call("later", json!({"text": "a"})).timeout(Duration::from_millis(500)).await.unwrap_err();
            assert!(matches!(error, CallError::Unavailable { .. } | CallError::Timeout { .. }), "{error:?}");
        }
        assert!(!agent.remove_tool("later").await);
        agent.stop().await;
    }

    async fn several_tools_go_at_once(broker) {
        let agent = plugins(&broker.url()).await;
        let server = "a2a/v1/mcp/servers/plugins/card";
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        agent.add_tools(["one", "two", "three"].map(repeating)).await.unwrap();
        peer.subscribe(server).await;
        assert_eq!(body(&peer.next(server).await)["tools"], json!(["one", "two", "three"]));
        assert_eq!(agent.remove_tools(["one", "two", "unknown"]).await, 2);
        assert_eq!(body(&peer.next(server).await)["tools"], json!(["three"]), "its card came once");
        for tool in ["one", "two"] {
            assert_eq!(card(&mut peer, &format!("a2a/v1/mcp/tools/{tool}/card")).await["status"], "offline");
        }
        agent.stop().await;
    }

    async fn a_call_that_runs_is_answered_though_its_tool_is_removed(broker) {
        let (watch, agent) = (Watch::default(), plugins(&broker.url()).await);
        let held = watch.clone();
        let tool = DynamicTool::new("held", "Waits.", json!({"type": "object"}), move |_, cx| {
            let watch = held.clone();
            async move {
                let _inside = watch.enter(&cx);
                watch.0.go_on.notified().await;
                Ok::<_, String>("let go")
            }
        });
        agent.add_tool(tool.unwrap()).await.unwrap();
        let call = tokio::spawn(agent.client().call("held", ()).into_future());
        watch.until_began(1).await;
        assert!(agent.remove_tool("held").await);
        watch.0.go_on.notify_one();
        assert_eq!(soon(call).await.unwrap().unwrap(), "let go");
        agent.stop().await;
    }

    async fn mcp_17_a_call_that_runs_can_be_cancelled_though_its_tool_is_removed(broker) {
        let (watch, agent) = (Watch::default(), plugins(&broker.url()).await);
        agent.add_tool(held(&watch)).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("held", ()).into_future());
        watch.until_began(1).await;
        assert!(agent.remove_tool("held").await);
        call.abort();
        watch.until_ended(1).await;
        agent.stop().await;
    }

    async fn mcp_12_a_tool_that_is_removed_while_the_broker_is_away_is_offline_when_it_is_back(broker) {
        let proxy = Proxy::start(broker.address()).await;
        let agent = plugins(&proxy.url()).await;
        agent.add_tools([nothing("stays"), nothing("goes")]).await.unwrap();
        proxy.close();
        agent.connection().wait_for(|state| !state.is_connected()).await.unwrap();
        assert!(soon(agent.remove_tool("goes")).await);
        proxy.open();
        agent.connection().wait_for(ConnectionState::is_connected).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/goes/card").await;
        loop {
            if body(&peer.next("a2a/v1/mcp/tools/goes/card").await)["status"] == "offline" {
                break;
            }
        }
        assert_eq!(card(&mut peer, "a2a/v1/mcp/tools/stays/card").await["status"], "online");
        agent.stop().await;
    }

    async fn mcp_12_the_card_of_a_removed_tool_is_left_alone_where_another_server_has_it(broker) {
        let agent = plugins(&broker.url()).await;
        let other = Agent::new("other").tools(tools![]).tool(nothing("both")).start(&broker.url()).await.unwrap();
        agent.add_tool(nothing("both")).await.unwrap();
        assert!(agent.remove_tool("both").await);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        assert_eq!(card(&mut peer, "a2a/v1/mcp/tools/both/card").await["status"], "online");
        agent.client().call("both", ()).await.unwrap();
        other.stop().await;
        agent.stop().await;
    }

    async fn sub_10_tools_that_were_added_are_there_after_a_restart_of_the_broker_and_removed_ones_are_not(broker) {
        let agent = plugins(&broker.url()).await;
        agent.add_tools([repeating("stays"), repeating("goes")]).await.unwrap();
        assert!(agent.remove_tool("goes").await);
        broker.kill().await;
        broker.start().await;
        agent.connection().wait_for(ConnectionState::is_connected).await.unwrap();
        eventually("it can be called", || async {
            agent.client().call("stays", json!({"text": "a"})).timeout(Duration::from_millis(500)).await.ok()
        }).await;
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        assert_eq!(card(&mut peer, "a2a/v1/mcp/servers/plugins/card").await["tools"], json!(["stays"]));
        assert_eq!(card(&mut peer, "a2a/v1/mcp/tools/stays/card").await["status"], "online");
        agent.stop().await;
    }

    async fn a_thousand_tools_come_and_go(broker) {
        let agent = plugins(&broker.url()).await;
        agent.add_tools((0..500).map(|number| nothing(format!("many-{number}")))).await.unwrap();
        for number in 500..1000 {
            agent.add_tool(nothing(format!("many-{number}"))).await.unwrap();
        }
        let stats = agent.client().server("plugins").stats().await.unwrap();
        assert_eq!(stats.tools.len(), 1000);
        for number in (0..1000).step_by(37) {
            agent.client().call(format!("many-{number}"), ()).await.unwrap();
        }
        for number in 0..900 {
            assert!(agent.remove_tool(&format!("many-{number}")).await);
        }
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        assert_eq!(card(&mut peer, "a2a/v1/mcp/servers/plugins/card").await["tools"].as_array().unwrap().len(), 100);
        agent.client().call("many-999", ()).await.unwrap();
        agent.stop().await;
    }

    async fn what_cannot_be_added_changes_nothing(broker) {
        let agent = plugins(&broker.url()).await;
        agent.add_tool(nothing("there")).await.unwrap();
        let refused = |added: Result<(), AddToolError>| {
            let Err(AddToolError::Invalid(problems)) = added else { panic!("{added:?}") };
            assert_eq!(problems.len(), 1);
            assert!(problems[0].location().unwrap_or_else(|| panic!("{problems:?}")).to_string().contains("dynamic_tools.rs:"));
            problems[0].message().to_owned()
        };
        let twice = refused(agent.add_tools([nothing("new"), nothing("new")]).await);
        assert!(twice.contains("`new` is there twice"), "{twice}");
        let known = refused(agent.add_tools([nothing("new"), nothing("there")]).await);
        assert!(known.contains("`there` is served already"), "{known}");
        let large = DynamicTool::new("large", "x".repeat(2 << 20), json!({"type": "object"}), |_, _| async { Ok::<_, String>(()) });
        let large = refused(agent.add_tool(large.unwrap()).await);
        assert!(large.contains("its card takes"), "{large}");
        assert_eq!(agent.client().server("plugins").stats().await.unwrap().tools.len(), 1);
        agent.client().call("there", ()).await.unwrap();
        agent.stop().await;
        let none = Agent::new("two").tools(tools![]).start(&broker.url()).await.unwrap();
        assert!(matches!(none.add_tool(nothing("new")).await, Err(AddToolError::NoTools)));
        assert!(!none.remove_tool("new").await);
        none.stop().await;
    }

    async fn layers_of_a_tool_are_stopped_with_it(broker) {
        struct Counted(Arc<AtomicUsize>);
        impl layer::Layer for Counted {
            async fn call(&self, request: Request, next: layer::Next) -> layer::Outcome {
                next.run(request).await
            }
            async fn stop(&self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let (own, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let agent = Agent::new("plugins").tools(tools![]).open_to_tools().layer(Counted(all.clone()));
        let agent = agent.start(&broker.url()).await.unwrap();
        agent.add_tool(nothing("layered").layer(Counted(own.clone()))).await.unwrap();
        agent.client().call("layered", ()).await.unwrap();
        assert!(agent.remove_tool("layered").await);
        assert_eq!((own.load(Ordering::SeqCst), all.load(Ordering::SeqCst)), (1, 0));
        agent.stop().await;
        assert_eq!((own.load(Ordering::SeqCst), all.load(Ordering::SeqCst)), (1, 1));
    }
}

#[test]
fn a_wrong_name_description_or_schema_is_a_typed_error_at_once() {
    let new = |name: &str, description: &str, schema: Value| {
        DynamicTool::new(name, description, schema, |_, _| async { Ok::<_, String>(()) })
            .map(|_| ())
            .unwrap_err()
    };
    let object = || json!({"type": "object"});
    assert!(matches!(new("a/b", "Is.", object()), DynamicToolError::Name(_)));
    assert!(matches!(new("", "Is.", object()), DynamicToolError::Name(_)));
    assert!(matches!(new("a", " ", object()), DynamicToolError::Description { name } if name == "a"));
    for schema in [
        json!({"type": "array"}),
        json!({}),
        json!(true),
        json!({"type": "object", "properties": {"x": {"type": "nothing"}}}),
        json!({"type": "object", "properties": {"x": {"pattern": "("}}}),
        json!({"type": "object", "properties": {"x": {"type": "string", "default": 1}}}),
        json!({"type": "object", "properties": {"x": {"$ref": "https://example.com/schema"}}}),
    ] {
        let error = new("a", "Is.", schema.clone());
        assert!(matches!(error, DynamicToolError::Schema { .. }), "{schema}: {error:?}");
    }
}

#[test]
fn a_tool_of_run_time_with_the_name_of_another_is_refused_with_both_places() {
    let error = Agent::new("one").tools(tools![add]).tool(nothing("add")).build().unwrap_err().to_string();
    assert!(
        error.contains("tool `add`: is also defined at") && error.contains("dynamic_tools.rs:"),
        "{error}"
    );
    let twice = Agent::new("one").tools(tools![]).tool(nothing("x")).tool(nothing("x")).build().unwrap_err();
    assert!(twice.to_string().contains("tool `x`: is also defined"), "{twice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_17_a_call_that_comes_while_its_tool_is_removed_can_be_cancelled() {
    const CALLS: &str = "held/call";
    // The broker goes on as if it had not heard of it.
    let hook = Hook::new(|event| match &event.packet {
        Packet::Unsubscribe { filters, .. } if filters[0].ends_with(CALLS) => Some(Action::Ignore),
        _ => None,
    });
    let broker = FakeBroker::start(Knobs { hook, ..Knobs::default() }).await;
    let (watch, agent) = (Watch::default(), plugins(&broker.url()).await);
    agent.add_tool(held(&watch)).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let cancelled = async {
        let unsubscribes = |packet: &Packet| matches!(packet, Packet::Unsubscribe { filters, .. } if filters[0].ends_with(CALLS));
        broker.seen().until("UNSUBSCRIBE", |event| unsubscribes(&event.packet).then_some(())).await;
        let call = tokio::spawn(client.call("held", ()).into_future());
        watch.until_began(1).await;
        call.abort();
        watch.until_ended(1).await;
    };
    let (removed, ()) = tokio::join!(soon(agent.remove_tool("held")), cancelled);
    assert!(removed);
    agent.stop().await;
}
