//! `publish`: an MCP server of others as tools on the broker, and what becomes of its processes.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::wire::Status;
use mqtt_agent::{CallError, Content};
use serde_json::Value;
use support::{TestBroker, eventually, on_each_broker, soon};

use crate::command::{Running, run_alone};
use crate::host::{Asks, ERAS, Host};
use crate::http_server::HttpServer;
use crate::published::{Pids, Publish, SERVER, is_there, kill};

async fn client(broker: &TestBroker) -> Client {
    Client::connect(broker.url()).await.unwrap()
}

/// Waits until a tool's card says so.
async fn card(client: &Client, tool: &str, status: Status) {
    let what = format!("{tool} {status:?}");
    eventually(&what, || async {
        let card = client.tool(tool).await.unwrap();
        card.is_some_and(|card| card.status == status).then_some(())
    })
    .await;
}

/// Calls until the server is there again.
async fn answered(client: &Client, text: &str) {
    eventually("an answer", || async {
        let called = client.call("echo", json!({"text": text})).timeout(Duration::from_secs(2)).await;
        (called.ok()? == text).then_some(())
    })
    .await;
}

fn last(pids: &[Pids]) -> Pids {
    *pids.last().expect("a server")
}

on_each_broker! {
    async fn mcp_1_tools_are_there_as_their_server_says(broker) {
        let (publish, online) = Publish::start(broker, &[]).await;
        assert_eq!((&online["agent"], &online["server"]), (&json!("test-server"), &json!("test/server")));
        let client = client(broker).await;
        let echo = client.tool("echo").await.unwrap().unwrap();
        assert_eq!((echo.description.as_str(), echo.title.as_deref()), ("The tool echo.", Some("Echo")));
        assert_eq!(echo.input_schema["required"], json!(["text"]));
        let hints = echo.annotations.unwrap();
        assert_eq!((hints.title.as_deref(), hints.read_only_hint, hints.open_world_hint), (Some("Says it again"), Some(true), Some(false)));
        let each = client.tool("each").await.unwrap().unwrap();
        assert_eq!(each.output_schema.unwrap()["type"], "object");
        assert!(each.content.contains(&"image".to_owned()), "{:?}", each.content);
        let plain = client.tool("plain").await.unwrap().unwrap();
        assert_eq!(plain.description, "The tool `plain` of `test/server`.");
        assert_eq!(publish.running.interrupt().await, Some(0));
        card(&client, "echo", Status::Offline).await;
    }

    async fn what_mqtt_cannot_have_is_left_out_and_told_and_the_rest_works(broker) {
        let mut publish = Publish::begin(broker, &[], "");
        let mut dropped = Vec::new();
        let online = loop {
            let event = publish.running.next().await;
            if event["event"] == "online" {
                break event;
            }
            assert_eq!(event["event"], "dropped", "{event}");
            dropped.push(event["tool"].as_str().unwrap().to_owned());
        };
        dropped.sort();
        assert_eq!(dropped, ["bad-schema", "bad/name"]);
        assert!(online["tools"].as_array().unwrap().contains(&json!("echo")), "{online}");
        let client = client(broker).await;
        assert_eq!(client.call("echo", json!({"text": "x"})).await.unwrap(), "x");
        publish.running.interrupt().await;
    }

    async fn mcp_21_content_of_every_kind_comes_as_the_server_gave_it(broker) {
        let (publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        let each = client.call("each", ()).returning::<Content<Value>>().await.unwrap();
        assert_eq!(each.value(), &json!({"a": 1}));
        let blocks = serde_json::to_value(each.blocks()).unwrap();
        assert_eq!(blocks[0], json!({"type": "text", "text": "x", "annotations": {"audience": ["user"], "priority": 0.5}, "_meta": {"a": 1}}));
        let kinds: Vec<_> = each.blocks().iter().map(|block| block.kind().to_owned()).collect();
        assert_eq!(kinds, ["text", "image", "audio", "resource_link", "resource", "resource"]);
        assert_eq!(each.blocks()[5].as_bytes().unwrap(), &[0, 1, 2][..]);
        publish.running.interrupt().await;
    }

    async fn mcp_7_errors_come_with_what_the_server_said(broker) {
        let (publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        let failed = client.call("fail", ()).await.unwrap_err();
        let CallError::Tool { message, code, data, .. } = &failed else { panic!("{failed:?}") };
        assert_eq!((message.as_str(), code.as_deref()), ("x\nb", Some("is_error")));
        let data: Value = serde_json::from_str(data.as_ref().unwrap().get()).unwrap();
        assert_eq!((data["content"].as_array().unwrap().len(), &data["structuredContent"]), (6, &json!({"a": 1})));
        let wrong = client.call("wrong", ()).await.unwrap_err();
        assert!(wrong.to_string().contains("it is broken"), "{wrong}");
        assert_eq!(wrong.code(), Some("mcp_error"));
        // Refused before the server sees it.
        let refused = client.call("echo", json!({"text": 7})).await.unwrap_err();
        assert!(matches!(refused, CallError::InvalidArguments { .. }), "{refused:?}");
        publish.running.interrupt().await;
    }

    async fn mcp_10_progress_is_partial_results_in_order(broker) {
        let (publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        let mut stream = client.call("steps", ()).stream().await.unwrap();
        let mut steps = Vec::new();
        while let Some(step) = stream.next().await {
            steps.push(step);
        }
        let expected: Vec<_> = (1..=20).map(|step| json!({"progress": f64::from(step), "total": 20.0, "message": format!("step {step}")})).collect();
        assert_eq!(steps, expected);
        assert_eq!(stream.finish().await.unwrap(), "done");
        publish.running.interrupt().await;
    }

    async fn mcp_17_a_call_that_is_dropped_is_cancelled_at_the_server(broker) {
        let (publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        let mut held = client.call("hold", ()).stream().await.unwrap();
        assert!(soon(held.next()).await.is_some(), "it runs");
        drop(held);
        publish.cancelled().await;
        publish.running.interrupt().await;
    }

    async fn a_list_that_changes_is_followed(broker) {
        let (mut publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        assert_eq!(client.call("change", ()).await.unwrap(), "changed");
        let online = publish.until("online").await;
        let tools = online["tools"].as_array().unwrap();
        assert!(tools.contains(&json!("more")) && !tools.contains(&json!("plain")), "{tools:?}");
        assert_eq!(client.call("more", ()).await.unwrap(), "more");
        card(&client, "plain", Status::Offline).await;
        publish.running.interrupt().await;
    }

    async fn a_server_that_ends_is_started_again_and_its_cards_are_offline_meanwhile(broker) {
        let (mut publish, _) = Publish::start(broker, &[]).await;
        let client = client(broker).await;
        let lost = client.call("die", ()).await.unwrap_err();
        assert_eq!(lost.code(), Some("server_lost"), "{lost:?}");
        publish.until("offline").await;
        card(&client, "echo", Status::Offline).await;
        publish.until("online").await;
        assert_eq!(client.call("echo", json!({"text": "again"})).await.unwrap(), "again");
        let pids = publish.pids();
        assert_eq!(pids.len(), 2);
        Publish::nothing_left(&pids[..1]).await;
        publish.running.interrupt().await;
        Publish::nothing_left(&pids).await;
    }

    async fn replicas_share_the_calls(broker) {
        let (one, online) = Publish::start(broker, &["--id", "twins", "--instance", "one"]).await;
        let (two, _) = Publish::start(broker, &["--id", "twins", "--instance", "two"]).await;
        assert_eq!(online["agent"], "twins-one");
        let client = client(broker).await;
        for round in 0..20 {
            let text = round.to_string();
            assert_eq!(client.call("echo", json!({"text": text})).await.unwrap(), text.as_str());
        }
        let mut calls = Vec::new();
        for id in ["twins-one", "twins-two"] {
            calls.push(client.server(id).stats().await.unwrap().tools["echo"].calls);
        }
        assert_eq!(calls.iter().sum::<u64>(), 20, "each ran once: {calls:?}");
        // Whichever is left answers.
        one.running.interrupt().await;
        answered(&client, "left").await;
        two.running.interrupt().await;
    }

    async fn names_may_have_a_prefix_and_resources_and_prompts_are_tools(broker) {
        let (publish, online) = Publish::start(broker, &["--id", "x", "--prefix", "my-", "--resources", "--prompts"]).await;
        let client = client(broker).await;
        assert_eq!(client.call("my-echo", json!({"text": "x"})).await.unwrap(), "x");
        for tool in ["x-list-resources", "x-read-resource", "x-list-prompts", "x-get-prompt"] {
            assert!(online["tools"].as_array().unwrap().contains(&json!(tool)), "{tool}: {online}");
            let hints = client.tool(tool).await.unwrap().unwrap().annotations.unwrap();
            assert_eq!(hints.read_only_hint, Some(true), "{tool}");
        }
        let listed = client.call("x-list-resources", ()).await.unwrap();
        assert_eq!(listed["resources"][0]["uri"], "test://one");
        let read = client.call("x-read-resource", json!({"uri": "test://one"})).await.unwrap();
        assert_eq!(read["contents"][0]["text"], "first");
        assert_eq!(client.call("x-list-prompts", ()).await.unwrap()["prompts"][0]["name"], "greet");
        let prompt = client.call("x-get-prompt", json!({"name": "greet", "arguments": {"who": "Ada"}})).await.unwrap();
        assert_eq!(prompt["messages"][0]["content"]["text"], "Greet Ada.");
        publish.running.interrupt().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_does_not_get_what_connects_to_the_broker() {
    let broker = TestBroker::embedded().await;
    let (publish, _) = Publish::start(&broker, &[]).await;
    assert_eq!(client(&broker).await.call("secret", ()).await.unwrap(), "");
    publish.running.interrupt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_whichever_process_is_killed() {
    let broker = TestBroker::embedded().await;
    let client = client(&broker).await;
    for signal in ["-KILL", "-TERM", "-INT"] {
        let (mut publish, _) = Publish::start(&broker, &[]).await;
        for victim in ["server", "supervisor", "child"] {
            let pids = last(&publish.pids());
            let victim = match victim {
                "server" => pids.server,
                "supervisor" => pids.supervisor,
                _ => pids.child,
            };
            kill(signal, victim).await;
            if victim == pids.supervisor && signal != "-KILL" {
                // Signals for the group are for the server.
                assert!(is_there(pids.supervisor) && is_there(pids.server));
            }
            if victim == pids.server || (victim == pids.supervisor && signal == "-KILL") {
                publish.until("offline").await;
                Publish::nothing_left(&[pids]).await;
                publish.until("online").await;
            }
            answered(&client, "again").await;
        }
        let pids = publish.pids();
        publish.running.signal(signal).await;
        publish.running.ended().await;
        Publish::nothing_left(&pids).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_end_by_itself_is_killed() {
    let broker = TestBroker::embedded().await;
    for how in ["stubborn", "deaf"] {
        let mut publish = Publish::begin(&broker, &[], how);
        if how == "stubborn" {
            publish.until("online").await;
        }
        eventually("the server", || async { publish.pids().pop() }).await;
        let pids = publish.pids();
        publish.running.signal("-KILL").await;
        publish.running.ended().await;
        Publish::nothing_left(&pids).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_commands_are_enough_for_a_broker_a_server_and_a_call() {
    let mut publish = crate::command::command(&["publish", "--dev=0", "--json", "--", SERVER, "/dev/null"]);
    // A context is for another broker.
    let folder = tempfile::tempdir().unwrap();
    let contexts = folder.path().join("contexts.json");
    std::fs::write(&contexts, r#"{"contexts": {"home": {"url": "mqtt://x", "namespace": "other"}}}"#)
        .unwrap();
    publish.env("MQTT_AGENT_CONTEXTS", &contexts).env("MQTT_AGENT_CONTEXT", "home");
    let mut publish = Running::of(publish);
    let url = publish.next().await["url"].as_str().unwrap().to_owned();
    while publish.next().await["event"] != "online" {}
    let called = run_alone(&["call", "echo", "--text", "hello", "--url", &url]).await;
    assert_eq!(called.done(), "hello");
    assert_eq!(publish.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_reads_nothing_is_started_again() {
    let broker = TestBroker::embedded().await;
    let (mut publish, _) = Publish::start(&broker, &[]).await;
    let client = client(&broker).await;
    let pids = last(&publish.pids());
    kill("-STOP", pids.server).await;
    // More than all pipes on the way to it hold.
    let text = "x".repeat(500_000);
    let call = client.call("echo", json!({"text": text})).timeout(Duration::from_secs(1));
    assert!(matches!(call.await, Err(CallError::Timeout { .. } | CallError::TimedOutByServer { .. })));
    let offline = publish.until("offline").await;
    assert!(offline["reason"].as_str().unwrap().contains("reads nothing"), "{offline}");
    Publish::nothing_left(&[pids]).await;
    answered(&client, "again").await;
    publish.running.interrupt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_no_server_is_an_error_at_once() {
    let broker = TestBroker::embedded().await;
    let url = broker.url();
    for command in ["/nowhere/at-all", "false"] {
        let ended = run_alone(&["publish", "--url", &url, "--json", "--", command]).await;
        let error = ended.error(1);
        assert!(error["message"].as_str().unwrap().contains("the MCP server ended at once"), "{error}");
    }
    for (script, status) in [("exit 7", "exit status: 7"), ("kill -9 $$", "exit status: 137")] {
        let ended = run_alone(&["publish", "--url", &url, "--json", "--", "sh", "-c", script]).await;
        let error = ended.error(1);
        assert!(error["message"].as_str().unwrap().contains(status), "{script}: {error}");
    }
    let usage = run_alone(&["publish", "--url", &url]).await;
    assert_eq!(usage.code, Some(2), "{usage:?}");
    let none =
        run_alone(&["publish", "--url", "mqtt://127.0.0.1:1", "--json", "--", SERVER, "/dev/null"]).await;
    assert_eq!(none.error(6)["type"], "no_broker");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_one_mcp_host_to_another_nothing_is_lost() {
    let broker = TestBroker::embedded().await;
    let (publish, _) = Publish::start(&broker, &[]).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        host.until_listed("each").await;
        let tools = host.tools().await;
        let echo = tools.iter().find(|tool| tool["name"] == "echo").unwrap();
        assert_eq!(
            (&echo["title"], &echo["annotations"]["title"]),
            (&json!("Echo"), &json!("Says it again"))
        );
        let (each, failed) = (host.call("each", json!({})).await, host.call("fail", json!({})).await);
        assert_eq!(each["content"], failed["content"]);
        assert_eq!(each["content"].as_array().unwrap().len(), 6, "{each}");
        assert_eq!(each["content"][1], json!({"type": "image", "data": "AAEC", "mimeType": "image/png"}));
        assert_eq!(
            (&each["structuredContent"], &failed["structuredContent"]),
            (&json!({"a": 1}), &json!({"a": 1}))
        );
        assert_eq!((&each["isError"], &failed["isError"]), (&json!(false), &json!(true)));
        let params = json!({"name": "steps", "arguments": {}, "_meta": {"progressToken": "p"}});
        host.told.clear();
        let answer = host.ask("tools/call", params).await;
        assert_eq!(answer["result"]["content"][0]["text"], "done");
        let steps: Vec<_> =
            host.told.iter().filter(|told| told["method"] == "notifications/progress").collect();
        assert_eq!(steps.len(), 20);
        assert_eq!(
            (&steps[6]["params"]["total"], &steps[6]["params"]["message"]),
            (&json!(20.0), &json!("step 7"))
        );
        host.end().await;
    }
    publish.running.interrupt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_over_http_is_published_and_its_cards_are_offline_while_it_is_away() {
    let broker = TestBroker::embedded().await;
    let server = HttpServer::start(0, "secret").await;
    let (url, port) = (server.url(), server.port());
    let mut command = crate::command::command(&[
        "publish",
        "--json",
        "--server",
        &url,
        "--bearer-env",
        "TOKEN",
        "--header",
        "X-Mark: yes",
    ]);
    command.env("MQTT_AGENT_URL", broker.url()).env("TOKEN", "secret");
    let mut publish = Running::of(command);
    let online = publish.next().await;
    assert_eq!(
        (&online["event"], &online["agent"], &online["tools"]),
        (&json!("online"), &json!("http-server"), &json!(["limited", "marked", "release", "slow"]))
    );
    let client = client(&broker).await;
    assert_eq!(client.call("marked", ()).await.unwrap(), "true");
    drop(server);
    let lost = client.call("marked", ()).await.unwrap_err();
    assert_eq!(lost.code(), Some("server_lost"), "{lost:?}");
    assert_eq!(publish.next().await["event"], "offline");
    card(&client, "marked", Status::Offline).await;
    let _server = HttpServer::start(port, "secret").await;
    while publish.next().await["event"] != "online" {}
    assert_eq!(client.call("marked", ()).await.unwrap(), "true");
    assert_eq!(publish.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_the_host_of_a_server_refuses_ends_alone() {
    let broker = TestBroker::embedded().await;
    let server = HttpServer::start(0, "secret").await;
    let mut command =
        crate::command::command(&["publish", "--json", "--server", &server.url(), "--bearer-env", "TOKEN"]);
    command.env("MQTT_AGENT_URL", broker.url()).env("TOKEN", "secret");
    let mut publish = Running::of(command);
    assert_eq!(publish.next().await["event"], "online");
    let client = client(&broker).await;
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call("slow", ()).await })
        })
        .collect();
    eventually("both run", || async { (server.slow() == 2).then_some(()) }).await;
    let refused = client.call("limited", ()).await.unwrap_err();
    assert_eq!(refused.code(), Some("http_refused"), "{refused:?}");
    assert!(refused.to_string().contains("HTTP 429"), "{refused}");
    assert_eq!(client.call("release", ()).await.unwrap(), "false");
    for call in slow {
        assert_eq!(soon(call).await.unwrap().unwrap(), "false");
    }
    assert_eq!(publish.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_over_http_that_does_not_let_us_in_is_an_error_at_once() {
    let broker = TestBroker::embedded().await;
    let server = HttpServer::start(0, "secret").await;
    let away = "http://127.0.0.1:1/mcp".to_owned();
    for url in [server.url(), away, "https://127.0.0.1:1/mcp".to_owned()] {
        let ended = run_alone(&["publish", "--url", &broker.url(), "--json", "--server", &url]).await;
        let error = ended.error(1);
        assert!(error["message"].as_str().unwrap().contains("could not be asked"), "{error}");
    }
    let both = run_alone(&["publish", "--server", "http://x", "--", "y"]).await;
    assert_eq!(both.code, Some(2), "{both:?}");
}

/// As many calls and kills as the environment says; else few.
fn times(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_after_many_calls_and_kills() {
    let (calls, kills) = (times("MANY_CALLS", 300), times("MANY_KILLS", 6));
    let broker = TestBroker::embedded().await;
    let client = client(&broker).await;
    let (mut publish, _) = Publish::start(&broker, &[]).await;
    let (mut all, mut done) = (Vec::new(), 0);
    for round in 0..kills {
        for _ in 0..calls / kills {
            let text = done.to_string();
            let called = client.call("echo", json!({"text": text})).timeout(Duration::from_secs(5)).await;
            assert_eq!(called.unwrap(), text.as_str());
            done += 1;
        }
        let pids = last(&publish.pids());
        match round % 3 {
            0 => kill("-KILL", pids.server).await,
            1 => kill("-KILL", pids.supervisor).await,
            _ => {
                // A new one takes over, as a supervisor of services would start it.
                all.extend(publish.pids());
                publish.running.signal("-KILL").await;
                publish.running.ended().await;
                (publish, _) = Publish::start(&broker, &[]).await;
            }
        }
        answered(&client, "again").await;
    }
    all.extend(publish.pids());
    publish.running.interrupt().await;
    Publish::nothing_left(&all).await;
    assert!(done >= calls / kills * kills && all.len() > kills, "{done} calls, {} servers", all.len());
}
