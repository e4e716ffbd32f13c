//! Spans as OpenTelemetry sees them (feature `otel`): their names, their errors, and what belongs to one trace.

use std::time::Duration;

use mqtt_agent::otel::opentelemetry::trace::{SpanKind, Status, TracerProvider};
use mqtt_agent::otel::{self, tracing_opentelemetry};
use mqtt_agent::prelude::*;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use support::{RawPeer, TestBroker, reply_to, soon};
use tracing::{Instrument, Level};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::tools::*;

/// Takes the spans of this thread: the runtime of a test without worker threads has no other.
fn traced() -> (InMemorySpanExporter, tracing::subscriber::DefaultGuard) {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let spans = Targets::new().with_default(Level::INFO).with_target(otel::TARGET, Level::DEBUG);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests")).with_filter(spans);
    (exporter, tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)))
}

/// The span of this name and kind.
fn span(exporter: &InMemorySpanExporter, name: &str, kind: SpanKind) -> SpanData {
    let spans = exporter.get_finished_spans().unwrap();
    let found = spans.iter().find(|span| span.name == name && span.span_kind == kind);
    found.unwrap_or_else(|| panic!("no {kind:?} `{name}`: {:?}", names(&spans))).clone()
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    spans.iter().map(|span| &*span.name).collect()
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key.as_str() == key);
    found.map(|one| one.value.to_string())
}

#[track_caller]
fn has(span: &SpanData, attributes: &[(&str, &str)]) {
    for (key, value) in attributes {
        assert_eq!(
            attribute(span, key).as_deref(),
            Some(*value),
            "{key} of {}: {:?}",
            span.name,
            span.attributes
        );
    }
}

#[track_caller]
fn is_child(child: &SpanData, parent: &SpanData) {
    assert_eq!(
        child.span_context.trace_id(),
        parent.span_context.trace_id(),
        "{} of {}",
        child.name,
        parent.name
    );
    assert_eq!(child.parent_span_id, parent.span_context.span_id(), "{} of {}", child.name, parent.name);
}

/// Calls `add` from a task of its own.
#[tool]
async fn spawns(cx: &Context) -> Result<Sum, String> {
    let client = cx.client();
    let call = tokio::spawn(async move { client.call("add", json!({"a": 1, "b": 2})).returning().await });
    call.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

/// Counts.
#[tool]
async fn counts(partials: Partials<u32>) -> u32 {
    let _ = partials.send(&1).await;
    1
}

#[event("traces/{room}/alarm")]
fn alarm(room: String);

#[on("traces/{room}/alarm")]
async fn alarmed(room: String, State(watch): State<Watch>, cx: &Context) {
    assert_eq!(room, "hall");
    let _inside = watch.enter(cx);
}

#[request("traces/asked", caller)]
fn traces_asked(value: u32) -> Result<u32, String> {
    if value == 0 { Err("nothing".to_owned()) } else { Ok(value) }
}

#[tokio::test]
async fn spans_of_a_call_have_the_names_of_gen_ai_mcp_and_messaging() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("names").tools(tools![add]).start(&broker.url()).await.unwrap();
    agent.client().call("add", json!({"a": 1, "b": 2})).await.unwrap();
    agent.stop().await;
    let call = span(&exporter, "execute_tool add", SpanKind::Client);
    has(
        &call,
        &[
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", "add"),
            ("mcp.method.name", "tools/call"),
        ],
    );
    let id = attribute(&call, "gen_ai.tool.call.id").unwrap();
    let publish = span(&exporter, "publish a2a/v1/mcp/tools/add/call", SpanKind::Producer);
    has(
        &publish,
        &[
            ("messaging.system", "mqtt"),
            ("messaging.operation.type", "send"),
            ("messaging.destination.name", "a2a/v1/mcp/tools/add/call"),
            ("messaging.client.id", "names"),
        ],
    );
    let handled = span(&exporter, "execute_tool add", SpanKind::Server);
    has(
        &handled,
        &[
            ("gen_ai.tool.name", "add"),
            ("gen_ai.tool.call.id", &id),
            ("mcp.method.name", "tools/call"),
            ("messaging.system", "mqtt"),
            ("messaging.destination.name", "a2a/v1/mcp/tools/add/call"),
        ],
    );
    is_child(&publish, &call);
    is_child(&handled, &publish);
    for span in [&call, &publish, &handled] {
        assert_eq!((&span.status, attribute(span, "error.type")), (&Status::Unset, None), "{}", span.name);
    }
}

#[tokio::test]
async fn an_error_is_noted_at_both_ends_by_its_type() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("fails").tools(tools![fail]).start(&broker.url()).await.unwrap();
    agent.client().call("fail", json!({})).await.unwrap_err();
    let nobody = agent.client().call("nobody", json!({})).timeout(Duration::from_millis(200));
    nobody.await.unwrap_err();
    agent.stop().await;
    for (name, kind, error) in [
        ("execute_tool fail", SpanKind::Client, "tool_error"),
        ("execute_tool fail", SpanKind::Server, "tool_error"),
        // This broker does not tell that nobody subscribes.
        ("execute_tool nobody", SpanKind::Client, "timeout"),
    ] {
        let span = span(&exporter, name, kind);
        has(&span, &[("error.type", error)]);
        assert!(matches!(span.status, Status::Error { .. }), "{name}: {:?}", span.status);
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_a_canceled_one() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let watch = Watch::default();
    let agent = Agent::new("waits").tools(tools![hold]).state(watch.clone());
    let agent = agent.start(&broker.url()).await.unwrap();
    let call = tokio::spawn(agent.client().call("hold", json!({})).into_future());
    watch.until_began(1).await;
    call.abort();
    assert!(soon(call).await.unwrap_err().is_cancelled());
    agent.stop().await;
    has(&span(&exporter, "execute_tool hold", SpanKind::Client), &[("error.type", "canceled")]);
}

#[tokio::test]
async fn sub_13_a_call_that_a_task_of_the_handler_makes_is_in_the_handlers_trace() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("spawner").tools(tools![spawns, add]).start(&broker.url()).await.unwrap();
    assert_eq!(agent.client().call("spawns", json!({})).await.unwrap()["sum"], 3.0);
    agent.stop().await;
    let outer = span(&exporter, "execute_tool spawns", SpanKind::Server);
    is_child(&span(&exporter, "execute_tool add", SpanKind::Client), &outer);
}

#[tokio::test]
async fn a_call_is_in_the_span_of_the_code_that_awaits_or_streams_it() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("current").tools(tools![add, counts]).start(&broker.url()).await.unwrap();
    let client = agent.client();
    let call = client.call("add", json!({"a": 1, "b": 2})).into_future();
    call.instrument(tracing::info_span!("awaits")).await.unwrap();
    let streamed = async {
        let mut stream = client.call("counts", json!({})).stream().await.unwrap();
        while stream.next().await.is_some() {}
        stream.finish().await.unwrap()
    };
    streamed.instrument(tracing::info_span!("streams")).await;
    drop(client);
    agent.stop().await;
    for (outer, inner) in [("awaits", "execute_tool add"), ("streams", "execute_tool counts")] {
        is_child(&span(&exporter, inner, SpanKind::Client), &span(&exporter, outer, SpanKind::Internal));
    }
}

#[tokio::test]
async fn events_and_requests_are_in_one_trace_with_their_handlers() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let watch = Watch::default();
    let agent = Agent::new("topics").handlers(handlers![alarmed, traces_asked]).state(watch.clone());
    let agent = agent.start(&broker.url()).await.unwrap();
    alarm().room("hall".to_owned()).publish(&agent.client()).await.unwrap();
    watch.until_began(1).await;
    assert_eq!(traces_asked_request(1).send(&agent.client()).await.unwrap(), 1);
    traces_asked_request(0).send(&agent.client()).await.unwrap_err();
    agent.stop().await;
    let handled = span(&exporter, "process traces/{room}/alarm", SpanKind::Consumer);
    has(
        &handled,
        &[("messaging.destination.name", "traces/hall/alarm"), ("messaging.operation.type", "process")],
    );
    is_child(&handled, &span(&exporter, "publish traces/hall/alarm", SpanKind::Producer));
    let spans = exporter.get_finished_spans().unwrap();
    let asked: Vec<_> = spans.iter().filter(|span| span.name == "request traces/asked").collect();
    let answered: Vec<_> = spans.iter().filter(|span| span.name == "process traces/asked").collect();
    assert_eq!((asked.len(), answered.len()), (2, 2), "{:?}", names(&spans));
    for (asked, answered) in asked.into_iter().zip(answered) {
        assert_eq!(asked.span_context.trace_id(), answered.span_context.trace_id());
    }
    assert_eq!(
        spans.iter().filter(|span| attribute(span, "error.type").as_deref() == Some("tool_error")).count(),
        2
    );
}

#[tokio::test]
async fn sub_13_a_peers_trace_goes_on_and_one_that_it_does_not_sample_is_not_kept() {
    let (exporter, _guard) = traced();
    let broker = TestBroker::embedded().await;
    let agent = Agent::new("goes-on").tools(tools![add]).start(&broker.url()).await.unwrap();
    let mut peer = RawPeer::connect(&broker.url(), "peer").await;
    let responses = "a2a/v1/mcp/clients/peer/responses";
    peer.subscribe(responses).await;
    for (id, flags) in [("kept", "01"), ("left", "00")] {
        let call = json!({"call_id": id, "client": "peer", "arguments": {"a": 1, "b": 2}});
        let mut properties = reply_to(responses, id.as_bytes());
        let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
        properties.user_properties =
            vec![("traceparent".to_owned(), parent), ("tracestate".to_owned(), "a=b".to_owned())];
        peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), properties).await;
        peer.next(responses).await;
    }
    agent.stop().await;
    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(names(&spans), ["execute_tool add"]);
    let handled = &spans[0];
    assert_eq!(handled.span_context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(handled.parent_span_id.to_string(), "00f067aa0ba902b7");
    assert_eq!(handled.span_context.trace_state().header(), "a=b");
    has(handled, &[("gen_ai.tool.call.id", "kept")]);
}
