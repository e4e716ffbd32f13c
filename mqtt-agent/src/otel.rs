//! One trace from caller to handler, for OpenTelemetry (feature `otel`); the page [`observability`](crate::guide::observability)
//! of the guide has the set-up.
//!
//! The crates that a program sets it up with: of another version, their layer is not the one that the library asks for the
//! trace context.

pub use opentelemetry;
pub use tracing_opentelemetry;

/// The target of all spans of the library: `mqtt_agent::span`. They have the level `DEBUG`; this target turns them on without
/// the log lines of that level.
pub const TARGET: &str = crate::spans::TARGET;
