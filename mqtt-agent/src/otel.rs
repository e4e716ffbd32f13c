//! One trace from caller to handler, for OpenTelemetry (feature `otel`); the page
//! [`observability`](crate::guide::observability) of the guide has the set-up.
//!
//! It re-exports the crates for the set-up: with another version of these crates, the library cannot find the layer
//! that has the trace context.

pub use opentelemetry;
pub use tracing_opentelemetry;

/// The target of all spans of the library: `mqtt_agent::span`. Spans have the level `DEBUG`; a filter for this target
/// turns them on without the log lines of that level.
pub const TARGET: &str = crate::spans::TARGET;
