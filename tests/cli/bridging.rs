//! `mqtt-agent mcp`: tools on the broker for MCP hosts of both eras, over stdin and stdout.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{Running, tools};
use serde_json::{Value, json};
use support::{RawPeer, TestBroker, soon};
use tokio::sync::{mpsc, oneshot};

use crate::command::run_alone;
use crate::host::{Asks, ERAS, Era, Host, timed};
use crate::served::station;

/// A place, as an object.
#[derive(Serialize, JsonSchema)]
struct Place {
    lat: f64,
}

/// Where a city is.
#[tool(read_only, tags("geo"), title = "Find a place")]
async fn locate(city: String) -> Place {
    Place { lat: city.len() as f64 }
}

/// Another tool.
#[tool("clock.now")]
async fn clock() -> u32 {
    12
}

/// Takes steps, each of which is waited for.
#[tool]
async fn drip(steps: Partials<u32>, State(mut go): State<Go>) -> Result<String, String> {
    for step in 1..=3 {
        go.next().await;
        steps.send(&step).await.map_err(|error| error.to_string())?;
    }
    go.next().await;
    Ok("dripped".to_owned())
}

/// Lets a tool go on.
#[derive(Clone)]
struct Go(std::sync::Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>>);

impl Go {
    async fn next(&mut self) {
        self.0.lock().await.recv().await;
    }
}

async fn guide(url: &str) -> Running {
    Agent::new("guide").tools(tools![locate, clock]).start(url).await.unwrap()
}

async fn dripping(url: &str) -> (Running, mpsc::UnboundedSender<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let go = Go(std::sync::Arc::new(tokio::sync::Mutex::new(receiver)));
    let agent = Agent::new("dripping").tools(tools![drip]).state(go).start(url).await.unwrap();
    (agent, sender)
}

fn error(result: &Value) -> &Value {
    assert_eq!(result["isError"], true, "{result}");
    &result["_meta"]["mqtt-agent/error"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_of_each_era_sees_what_the_card_says() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        let tools = host.tools().await;
        let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["clock_now", "locate"]);
        assert_eq!(tools[0]["title"], "clock.now");
        let locate = &tools[1];
        assert_eq!(locate["title"], "Find a place");
        assert_eq!(locate["description"], "Where a city is.");
        assert_eq!(locate["inputSchema"]["properties"]["city"]["type"], "string");
        assert_eq!(locate["outputSchema"]["type"], "object");
        assert_eq!(locate["annotations"]["readOnlyHint"], true);
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_of_each_era_gets_results_as_their_schema_says() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        let place = host.call("locate", json!({"city": "Oslo"})).await;
        assert_eq!(place["structuredContent"], json!({"lat": 4.0}), "{place}");
        assert_eq!(place["content"], json!([{"type": "text", "text": "{\"lat\":4.0}"}]));
        assert_ne!(place["isError"], true);
        let time = host.call("clock_now", json!({})).await;
        let clock = &host.tools().await[0];
        match era {
            Era::Legacy => {
                assert_eq!(time["structuredContent"], json!({"result": 12}));
                assert_eq!(clock["outputSchema"]["type"], "object");
                assert_eq!(clock["outputSchema"]["required"], json!(["result"]));
            }
            Era::Modern => {
                assert_eq!(time["structuredContent"], 12);
                assert_eq!(time["resultType"], "complete");
                assert_eq!(clock["outputSchema"]["type"], "integer");
            }
        }
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_7_errors_are_results_that_a_model_and_a_program_read() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        let broken = host.call("broken", json!({})).await;
        let expected = json!({
            "type": "tool_error", "code": "station", "message": "the station `north` is broken",
            "data": {"station": "north"},
        });
        assert_eq!(error(&broken), &expected);
        assert_eq!(broken["content"][0]["text"], "tool_error station: the station `north` is broken");
        let refused = host.call("weather", json!({"city": 7})).await;
        assert_eq!(error(&refused)["type"], "invalid_arguments");
        assert!(refused["content"][0]["text"].as_str().unwrap().contains("/city"), "{refused}");
        let answer = host.ask("tools/call", json!({"name": "nothing"})).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_10_partial_results_are_progress_where_a_host_asks_for_it() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        let params = json!({"name": "count", "arguments": {"n": 3}, "_meta": {"progressToken": "p"}});
        let answer = host.ask("tools/call", params).await;
        assert_eq!(answer["result"]["content"][0]["text"], "3", "{answer}");
        let is_step = |told: &Value| told["method"] == "notifications/progress";
        let steps: Vec<_> = host.told.drain(..).filter(is_step).map(|told| told["params"].clone()).collect();
        for (index, step) in steps.iter().enumerate() {
            assert_eq!(step["progressToken"], "p");
            assert_eq!(step["progress"].as_f64(), Some(index as f64 + 1.0));
            assert_eq!(step["message"], (index + 1).to_string());
        }
        assert_eq!(steps.len(), 3);
        host.call("count", json!({"n": 3})).await;
        assert!(!host.told.iter().any(is_step), "{:?}", host.told);
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_17_a_cancelled_call_ends_its_handler() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        let id = host.request("tools/call", json!({"name": "hold", "arguments": {}})).await;
        assert_eq!(soon(heard.recv()).await, Some("began"));
        host.cancel(id).await;
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_started_first_is_told_of_tools_that_come_later() {
    let broker = TestBroker::embedded().await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &[]).await;
        host.listen().await;
        assert_eq!(host.names().await, Vec::<String>::new());
        let agent = guide(&broker.url()).await;
        host.until_listed("locate").await;
        assert_eq!(host.call("locate", json!({"city": "Oslo"})).await["isError"], false);
        host.end().await;
        agent.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_go_when_their_server_has_been_away_for_long_enough() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &["--keep", "1ms"]).await;
    assert_eq!(host.names().await, ["clock_now", "locate"]);
    agent.stop().await;
    while !host.names().await.is_empty() {
        host.list_changed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_whose_server_stopped_stays_listed_and_is_unavailable() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    assert_eq!(host.names().await, ["clock_now", "locate"]);
    agent.stop().await;
    let result = host.call("locate", json!({"city": "Oslo"})).await;
    assert_eq!(error(&result)["type"], "unavailable", "{result}");
    assert_eq!(host.names().await, ["clock_now", "locate"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_is_answered_at_once_from_the_cache_while_the_broker_is_down() {
    let mut broker = TestBroker::embedded().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cards.json");
    let cache = ["--cache", file.to_str().unwrap()];
    let agent = guide(&broker.url()).await;
    let mut first = Host::with(Era::Legacy, &broker.url(), &cache).await;
    assert_eq!(first.names().await, ["clock_now", "locate"]);
    // Written after the listing that was answered with.
    support::eventually("the cache", || async { file.exists().then_some(()) }).await;
    first.end().await;
    agent.stop().await;
    broker.kill().await;
    for era in ERAS {
        let mut host = Host::with(era, &broker.url(), &cache).await;
        let (names, took) = timed(host.names()).await;
        assert_eq!(names, ["clock_now", "locate"]);
        assert!(took < Duration::from_millis(50), "{took:?}");
        host.end().await;
    }
    // It goes on where the broker comes back.
    let mut host = Host::with(Era::Legacy, &broker.url(), &cache).await;
    broker.start().await;
    let agent = guide(&broker.url()).await;
    let result = host.call("locate", json!({"city": "Oslo"})).await;
    assert_eq!(result["structuredContent"], json!({"lat": 4.0}), "{result}");
    host.end().await;
    agent.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_is_its_owners_alone_and_in_the_users_folder() {
    use std::os::unix::fs::PermissionsExt;
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut bridge = crate::command::command(&["mcp", "--url", &broker.url()]);
    bridge.env("XDG_CACHE_HOME", folder.path()).stdin(std::process::Stdio::piped());
    let mut bridge = bridge.spawn().unwrap();
    let cached = folder.path().join("mqtt-agent");
    let file = support::eventually("the cache", || async {
        let mut files = std::fs::read_dir(&cached).ok()?.flatten().map(|file| file.path());
        files.find(|file| file.extension().is_some_and(|end| end == "json"))
    })
    .await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cached), mode(&file)), (0o700, 0o600));
    drop(bridge.stdin.take());
    assert_eq!(soon(bridge.wait()).await.unwrap().code(), Some(0));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_card_takes_no_other_tool_away_and_is_told_on_stderr() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    let mut peer = RawPeer::connect(&broker.url(), "bad").await;
    let card = json!({
        "version": "1", "tool": "bad", "server": "bad", "status": "online", "description": "Bad.",
        "input_schema": {"type": "object", "properties": {"any": true}},
    });
    peer.retain("a2a/v1/mcp/tools/bad/card", card.to_string()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    assert_eq!(host.names().await, ["clock_now", "locate"]);
    let (code, errors) = host.end().await;
    assert_eq!(code, Some(0));
    assert!(errors.contains("dropped a tool that MCP hosts cannot take tool=bad"), "{errors}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_says_nothing_for_too_long_is_cancelled() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &["--timeout", "300ms"]).await;
    let result = host.call("hold", json!({})).await;
    assert_eq!(error(&result)["type"], "timeout", "{result}");
    assert_eq!(soon(heard.recv()).await, Some("began"));
    assert_eq!(soon(heard.recv()).await, Some("dropped"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_results_give_a_call_more_time() {
    let broker = TestBroker::embedded().await;
    let (agent, go) = dripping(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &["--timeout", "2s"]).await;
    let params = json!({"name": "drip", "arguments": {}, "_meta": {"progressToken": 1}});
    host.until_listed("drip").await;
    let id = host.request("tools/call", params).await;
    // In all it takes longer than the timeout; between two steps it doesn't.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        go.send(()).unwrap();
        while host.next().await["method"] != "notifications/progress" {}
    }
    go.send(()).unwrap();
    let answer = host.answer(id).await;
    assert_eq!(answer["result"]["content"][0]["text"], "dripped", "{answer}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_results_give_no_more_than_the_longest_time() {
    let broker = TestBroker::embedded().await;
    let (agent, go) = dripping(&broker.url()).await;
    let arguments = ["--timeout", "60s", "--longest", "500ms"];
    let mut host = Host::start(Era::Legacy, &broker.url(), &arguments).await;
    go.send(()).unwrap();
    let result = host.call("drip", json!({})).await;
    assert_eq!(error(&result)["type"], "timeout", "{result}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_hold_for_lists_and_for_calls() {
    let broker = TestBroker::embedded().await;
    let agent = guide(&broker.url()).await;
    for (arguments, names) in [
        (&["--name", "lo*"][..], &["locate"][..]),
        (&["--tag", "geo"], &["locate"]),
        (&["--read-only"], &["locate"]),
        (&["--server", "gui*"], &["clock_now", "locate"]),
        (&["--server", "other"], &[]),
        (&["--allow", "clock.now"], &["clock_now"]),
        (&["--name", "clock*", "--tag", "geo"], &[]),
    ] {
        let mut host = Host::start(Era::Legacy, &broker.url(), arguments).await;
        assert_eq!(host.names().await, names, "{arguments:?}");
        if !names.contains(&"locate") {
            let answer = host.ask("tools/call", json!({"name": "locate", "arguments": {"city": "x"}})).await;
            assert_eq!(answer["error"]["code"], -32602, "{answer}");
        }
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_18_a_tool_for_other_callers_is_not_listed() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    let names = host.names().await;
    assert!(names.contains(&"weather".to_owned()) && !names.contains(&"secret".to_owned()), "{names:?}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_13_the_trace_of_a_host_goes_along() {
    #[tool]
    /// Tells its trace.
    async fn traced(context: &Context, State(told): State<Told>) -> bool {
        let trace = context.trace().map(|trace| trace.traceparent().to_owned());
        told.lock().unwrap().take().unwrap().send(trace).is_ok()
    }
    type Told = std::sync::Arc<std::sync::Mutex<Option<oneshot::Sender<Option<String>>>>>;
    let broker = TestBroker::embedded().await;
    let (sender, heard) = oneshot::channel();
    let told: Told = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
    let agent = Agent::new("traced").tools(tools![traced]).state(told).start(broker.url()).await.unwrap();
    let mut host = Host::start(Era::Modern, &broker.url(), &[]).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    host.ask("tools/call", json!({"name": "traced", "_meta": {"traceparent": trace}})).await;
    let heard = soon(heard).await.unwrap();
    assert_eq!(&heard.unwrap()[3..35], &trace[3..35]);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_with_its_host_and_so_do_the_calls() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    host.request("tools/call", json!({"name": "hold", "arguments": {}})).await;
    assert_eq!(soon(heard.recv()).await, Some("began"));
    let (code, errors) = host.end().await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(soon(heard.recv()).await, Some("dropped"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_it_at_once_and_cancels_the_calls() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    for signal in ["-INT", "-TERM"] {
        let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
        host.request("tools/call", json!({"name": "hold", "arguments": {}})).await;
        assert_eq!(soon(heard.recv()).await, Some("began"));
        host.signal(signal).await;
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        assert_eq!(host.ended().await.0, Some(0));
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_the_options_is_told_on_stderr_at_once() {
    for arguments in
        [&["mcp", "--url", "http://x"][..], &["mcp", "--namespace", "a/#"], &["mcp", "--keep", "x"]]
    {
        let ended = run_alone(arguments).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
        assert!(!ended.stderr.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_mcp_ends_it_with_an_error_or_is_passed_over() {
    let broker = TestBroker::embedded().await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &[]).await;
    for line in ["", "no JSON", "7", "[]", r#"{"jsonrpc": "2.0", "method": 7}"#] {
        host.write(line).await;
    }
    assert_eq!(host.names().await, Vec::<String>::new());
    host.end().await;
}
