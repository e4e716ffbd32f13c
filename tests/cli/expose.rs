//! `mqtt-agent mcp --expose`: three tools that find, describe and call all others; and how well they find, among 500 tools of
//! public servers (`tests/expose`).

use mqtt_agent::prelude::*;
use mqtt_agent::{DynamicTool, Running, tools};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use support::{TestBroker, soon};

use crate::host::{Asks, ERAS, Era, Host};
use crate::served::station;

const META: [&str; 3] = ["search_tools", "describe_tools", "call_tool"];

/// A tool of `tests/expose/tools.json`.
#[derive(Deserialize)]
struct Public {
    name: String,
    description: String,
    arguments: Map<String, Value>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    tool: String,
}

fn public() -> Vec<Public> {
    serde_json::from_str(include_str!("../expose/tools.json")).unwrap()
}

fn queries() -> Vec<Query> {
    serde_json::from_str(include_str!("../expose/queries.json")).unwrap()
}

/// Serves so many of the public tools; each gives back its name.
async fn serving(url: &str, count: usize) -> Running {
    let mut agent = Agent::new("public").tools(tools![]).open_to_tools();
    for Public { name, description, arguments } in public().into_iter().take(count) {
        let schema = json!({"type": "object", "properties": arguments});
        let answer = name.clone();
        let tool = DynamicTool::new(name, description, schema, move |_, _| {
            let answer = answer.clone();
            async move { Ok::<_, String>(answer) }
        });
        agent = agent.tool(tool.unwrap());
    }
    agent.start(url).await.unwrap()
}

async fn found(host: &mut Host, query: &str) -> Vec<String> {
    let result = host.call("search_tools", json!({"query": query})).await;
    let tools = result["structuredContent"]["tools"].as_array().unwrap_or_else(|| panic!("{result}")).clone();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// About how many tokens a text takes.
fn tokens(json: &Value) -> usize {
    json.to_string().len() / 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_least_90_of_100_queries_find_their_tool_among_the_first_five_of_500() {
    let broker = TestBroker::embedded().await;
    let agent = serving(&broker.url(), 500).await;
    let mut direct = Host::start(Era::Modern, &broker.url(), &[]).await;
    let mut searching = Host::start(Era::Modern, &broker.url(), &["--expose", "search"]).await;
    let (all, three) = (direct.tools().await, searching.tools().await);
    assert_eq!(all.len(), 500);
    let (mut hits, mut answers) = (0, 0);
    for Query { query, tool } in queries() {
        let result = searching.call("search_tools", json!({"query": query})).await;
        answers += tokens(&result["structuredContent"]);
        let tools = result["structuredContent"]["tools"].as_array().unwrap().clone();
        assert!(tools.len() <= 5);
        if tools.iter().any(|found| found["name"] == tool) {
            hits += 1;
        } else {
            println!("missed: {query} ({tool})");
        }
    }
    let (all, three) = (tokens(&Value::Array(all)), tokens(&Value::Array(three)));
    println!("{hits} of 100 queries find their tool among the first five of 500");
    println!("tokens in context, direct: {all}; search: {three}, and {} for each search", answers / 100);
    assert!(hits >= 90, "{hits} hits");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_is_found_described_and_called() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &["--expose", "search"]).await;
        assert_eq!(host.names().await, META);
        assert_eq!(found(&mut host, "what will the weather be").await[0], "weather");
        let described = host.call("describe_tools", json!({"names": ["echo", "nothing"]})).await;
        let described = &described["structuredContent"];
        assert_eq!(
            described["tools"][0]["inputSchema"]["properties"]["url"]["type"], "string",
            "{described}"
        );
        assert_eq!(described["unknown"], json!(["nothing"]));
        let echoed = host.call("call_tool", json!({"name": "echo", "arguments": {"url": "hello"}})).await;
        assert_eq!(echoed["content"][0]["text"], "hello", "{echoed}");
        // A host that knows a name may use it.
        assert_eq!(host.call("echo", json!({"url": "hello"})).await, echoed);
        let broken = host.call("call_tool", json!({"name": "broken"})).await;
        assert_eq!(broken["_meta"]["mqtt-agent/error"]["code"], "station", "{broken}");
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_and_cancelling_go_through() {
    let broker = TestBroker::embedded().await;
    let (agent, mut heard) = station(&broker.url()).await;
    for era in ERAS {
        let mut host = Host::start(era, &broker.url(), &["--expose", "search"]).await;
        let arguments = json!({"name": "count", "arguments": {"n": 2}});
        let params = json!({"name": "call_tool", "arguments": arguments, "_meta": {"progressToken": 7}});
        let id = host.request("tools/call", params).await;
        let answer = host.answer(id).await;
        assert_eq!(answer["result"]["content"][0]["text"], "2", "{answer}");
        let steps = host.told.drain(..).filter(|told| told["method"] == "notifications/progress");
        assert_eq!(
            steps.map(|step| step["params"]["progress"].as_f64().unwrap()).collect::<Vec<_>>(),
            [1.0, 2.0]
        );
        let id =
            host.request("tools/call", json!({"name": "call_tool", "arguments": {"name": "hold"}})).await;
        assert_eq!(soon(heard.recv()).await, Some("began"));
        host.cancel(id).await;
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        host.end().await;
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_can_mend_what_it_got_wrong() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &["--expose", "search"]).await;
    let many: Vec<_> = (0..11).map(|number| number.to_string()).collect();
    for (tool, arguments) in [
        ("search_tools", json!({})),
        ("search_tools", json!({"query": 7})),
        ("describe_tools", json!({"names": "echo"})),
        ("describe_tools", json!({"names": many})),
        ("call_tool", json!({"arguments": {}})),
        ("call_tool", json!({"name": "nothing"})),
        ("call_tool", json!({"name": "echo", "arguments": []})),
        ("call_tool", json!({"name": "echo", "arguments": {"url": 7}})),
        ("call_tool", json!({"name": "call_tool", "arguments": {"name": "echo"}})),
    ] {
        let result = host.call(tool, arguments.clone()).await;
        let kind = &result["_meta"]["mqtt-agent/error"]["type"];
        assert_eq!(kind, "invalid_arguments", "{tool} {arguments}: {result}");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_18_a_tool_for_other_callers_is_not_found_described_or_called() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let mut host = Host::start(Era::Legacy, &broker.url(), &["--expose", "search"]).await;
    assert!(!found(&mut host, "secret").await.contains(&"secret".to_owned()));
    let described = host.call("describe_tools", json!({"names": ["secret"]})).await;
    assert_eq!(described["structuredContent"], json!({"tools": [], "unknown": ["secret"]}));
    let called = host.call("call_tool", json!({"name": "secret"})).await;
    assert_eq!(called["isError"], true, "{called}");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auto_lists_few_tools_and_searches_many_and_tells_when_that_changes() {
    let broker = TestBroker::embedded().await;
    for era in ERAS {
        let few = serving(&broker.url(), 30).await;
        let mut host = Host::start(era, &broker.url(), &["--expose", "auto", "--keep", "1ms"]).await;
        host.listen().await;
        while host.names().await.len() != 30 {
            host.list_changed().await;
        }
        let more = station(&broker.url()).await.0;
        while host.names().await != META {
            host.list_changed().await;
        }
        assert_eq!(
            host.call("call_tool", json!({"name": "echo", "arguments": {"url": "x"}})).await["isError"],
            false
        );
        more.stop().await;
        while host.names().await.len() != 30 {
            host.list_changed().await;
        }
        host.end().await;
        few.stop().await;
    }
}
