//! The trace context of a span, which OpenTelemetry's layer keeps (feature `otel`).

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::wire::TraceContext;

/// What a receiver is told of a span; `None` where OpenTelemetry's layer doesn't take it.
pub(super) fn of(span: &Span) -> Option<TraceContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return None;
    }
    let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags().to_u8());
    let state = span.trace_state().header();
    TraceContext::new(&format!("00-{trace}-{id}-{flags:02x}"), Some(&state))
}

/// Makes a span the child of what a message says.
pub(super) fn set_parent(span: &Span, parent: &TraceContext) {
    let Some(parent) = remote(parent) else { return };
    // Fails where OpenTelemetry's layer doesn't take the span.
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
}

fn remote(trace: &TraceContext) -> Option<SpanContext> {
    let mut fields = trace.traceparent().split('-').skip(1);
    let id = TraceId::from_hex(fields.next()?).ok()?;
    let span = SpanId::from_hex(fields.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(fields.next()?, 16).ok()?);
    // What it holds of vendors is theirs: unreadable, it is left out.
    let state = trace.tracestate().and_then(|state| state.parse::<TraceState>().ok());
    Some(SpanContext::new(id, span, flags, true, state.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sub_13_a_trace_context_is_read_with_its_flags_and_state() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = remote(&TraceContext::new(text, Some("a=b")).unwrap()).unwrap();
        assert!(context.is_remote() && context.is_sampled());
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
        assert_eq!(context.trace_state().header(), "a=b");
        let hostile = remote(&TraceContext::new(text, Some("=;;,\u{1}")).unwrap()).unwrap();
        assert_eq!(hostile.trace_state().header(), "");
    }

    #[test]
    fn a_span_that_no_layer_takes_has_no_context() {
        assert_eq!(of(&Span::none()), None);
    }
}
