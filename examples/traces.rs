//! One trace from a host to the last sub-agent, as OpenTelemetry sees it.
//!
//! ```sh
//! cargo run --example traces     # prints the tree of spans
//! cargo test --example traces    # asserts it
//! ```
//!
//! What to learn here: `set_up` is all that a program writes; with an exporter for OTLP in place of the one in memory the same
//! tree is in Jaeger, Tempo or your provider's. The three agents have connections of their own and share nothing but the
//! broker: the trace goes over the wire.

use mqtt_agent::broker::Broker;
use mqtt_agent::otel::opentelemetry::trace::{SpanId, TracerProvider};
use mqtt_agent::otel::{self, tracing_opentelemetry};
use mqtt_agent::prelude::*;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::{Instrument, Level};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// The set-up. A server flushes the provider before it ends.
fn set_up(exporter: InMemorySpanExporter) -> SdkTracerProvider {
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    // The library's spans, and your own from `INFO` up.
    let spans = Targets::new().with_default(Level::INFO).with_target(otel::TARGET, Level::DEBUG);
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("traces")).with_filter(spans);
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_filter(Targets::new().with_default(Level::WARN));
    tracing_subscriber::registry().with(log).with(traces).init();
    provider
}

/// Weather by city.
#[tool(read_only)]
fn weather(city: String) -> String {
    format!("rain in {city}")
}

/// Writes a letter.
#[skill]
async fn write(task: Task) -> String {
    format!("Dear friend, {}.", task.text())
}

/// Plans a trip, with the help of a tool and of another agent.
#[tool]
async fn plan(city: String, cx: &Context) -> Result<String, String> {
    let client = cx.client();
    let weather = client.call("weather", json!({"city": city})).returning::<String>().await;
    let weather = weather.map_err(|error| error.to_string())?;
    let letter = client.request("writer", weather).returning::<String>().await;
    letter.map_err(|error| error.to_string())
}

/// What a host does: it has a span of its own, and calls a tool.
async fn trip() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::start().await?;
    let url = broker.url();
    let meteo = Agent::new("meteo").tools(tools![weather]).start(&url).await?;
    let writer = Agent::new("writer").skills(skills![write]).start(&url).await?;
    let planner = Agent::new("planner").tools(tools![plan]).start(&url).await?;
    let host = Client::connect(&url).await?;

    let asked = host.call("plan", json!({"city": "Oslo"})).returning::<String>();
    let letter = asked.into_future().instrument(tracing::info_span!("host")).await?;
    println!("{letter}");

    host.close().await;
    for agent in [planner, writer, meteo] {
        agent.stop().await;
    }
    Ok(())
}

/// The spans as a tree, each with its kind.
fn tree(spans: &mut [SpanData]) -> String {
    fn put(spans: &[SpanData], parent: SpanId, depth: usize, tree: &mut String) {
        for span in spans.iter().filter(|span| span.parent_span_id == parent) {
            let kind = format!("{:?}", span.span_kind).to_lowercase();
            tree.push_str(&format!("{:indent$}{} ({kind})\n", "", span.name, indent = 2 * depth));
            put(spans, span.span_context.span_id(), depth + 1, tree);
        }
    }
    spans.sort_by_key(|span| span.start_time);
    let mut tree = String::new();
    put(spans, SpanId::INVALID, 0, &mut tree);
    tree
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exporter = InMemorySpanExporter::default();
    let provider = set_up(exporter.clone());
    trip().await?;
    provider.force_flush()?;
    println!("{}", tree(&mut exporter.get_finished_spans()?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn one_trace_runs_from_the_host_to_the_sub_agent() {
        let exporter = InMemorySpanExporter::default();
        let provider = set_up(exporter.clone());
        trip().await.unwrap();
        provider.force_flush().unwrap();
        let mut spans = exporter.get_finished_spans().unwrap();
        let traces: BTreeSet<_> = spans.iter().map(|span| span.span_context.trace_id().to_string()).collect();
        assert_eq!(traces.len(), 1, "{}", tree(&mut spans));
        assert_eq!(
            tree(&mut spans),
            "\
host (internal)
  execute_tool plan (client)
    publish a2a/v1/mcp/tools/plan/call (producer)
      execute_tool plan (server)
        execute_tool weather (client)
          publish a2a/v1/mcp/tools/weather/call (producer)
            execute_tool weather (server)
        invoke_agent writer (client)
          publish a2a/v1/tasks/writer/inbox (producer)
            invoke_agent writer (server)
"
        );
    }
}
