//! The spans of calls, requests and tasks, by OpenTelemetry's names for GenAI, MCP and messaging, and the trace context that
//! goes with their messages (`SUB-13`).
//!
//! All spans have the same target, so that one filter turns them on without the log lines of their level. Without a
//! subscriber, a span costs one comparison. Without the feature `otel`, a trace context is only passed on: from a call
//! to the calls of its handler.

use std::borrow::Cow;

use tracing::field::{Empty, display};
use tracing::{Span, debug_span};

use crate::shown::shown;
use crate::wire::TraceContext;

#[cfg(feature = "otel")]
mod context;
#[cfg(feature = "otel")]
use context::{of, set_parent};

/// The target of all spans.
pub(crate) const TARGET: &str = "mqtt_agent::span";

/// A call, at its caller.
pub(crate) fn call(tool: &str, call_id: &str, inherited: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        "execute_tool",
        otel.name = %format_args!("execute_tool {}", shown(tool)),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = %shown(tool),
        gen_ai.tool.call.id = %shown(call_id),
        mcp.method.name = "tools/call",
        network.protocol.name = "mqtt",
        error.type = Empty,
    );
    within(span, inherited)
}

/// A call, at its server.
pub(crate) fn handle_call(tool: &'static str, topic: &str, user: &[(String, String)]) -> Span {
    let span = debug_span!(
        target: TARGET,
        parent: None,
        "execute_tool",
        otel.name = %format_args!("execute_tool {tool}"),
        otel.kind = "server",
        otel.status_code = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = %shown(tool),
        gen_ai.tool.call.id = Empty,
        mcp.method.name = "tools/call",
        error.type = Empty,
        messaging.system = "mqtt",
        messaging.operation.type = "process",
        messaging.destination.name = %shown(topic),
    );
    continued(span, || TraceContext::from_user_properties(user))
}

/// A call that an MCP host makes through the bridge.
#[cfg(feature = "mcp-stdio")]
pub(crate) fn bridge_call(tool: &str, host: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        parent: None,
        "tools/call",
        otel.name = %format_args!("tools/call {}", shown(tool)),
        otel.kind = "server",
        otel.status_code = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = %shown(tool),
        mcp.method.name = "tools/call",
        error.type = Empty,
    );
    continued(span, || host.cloned())
}

/// A task, at the delegator.
pub(crate) fn invoke_agent(agent: &str, task: &str, inherited: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        "invoke_agent",
        otel.name = %format_args!("invoke_agent {}", shown(agent)),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.id = %shown(agent),
        mqtt_agent.task.id = %shown(task),
        network.protocol.name = "mqtt",
        error.type = Empty,
    );
    within(span, inherited)
}

/// An attempt at a task, at its agent.
pub(crate) fn work(agent: &str, skill: &'static str, task: &str, given: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        parent: None,
        "invoke_agent",
        otel.name = %format_args!("invoke_agent {agent}"),
        otel.kind = "server",
        otel.status_code = Empty,
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.id = %shown(agent),
        mqtt_agent.skill.id = %shown(skill),
        mqtt_agent.task.id = %shown(task),
        error.type = Empty,
        messaging.system = "mqtt",
        messaging.operation.type = "process",
    );
    continued(span, || given.cloned())
}

/// A request on a topic of users' own, at the requester.
pub(crate) fn request(topic: &str, inherited: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        "request",
        otel.name = %format_args!("request {}", shown(topic)),
        otel.kind = "client",
        otel.status_code = Empty,
        messaging.system = "mqtt",
        messaging.destination.name = %shown(topic),
        error.type = Empty,
    );
    within(span, inherited)
}

/// A message, or a request (`answers`), that a topic handler takes.
pub(crate) fn handle_message(
    handler: &'static str,
    template: &'static str,
    topic: &str,
    answers: bool,
    user: &[(String, String)],
) -> Span {
    let span = debug_span!(
        target: TARGET,
        parent: None,
        "process",
        otel.name = %format_args!("process {template}"),
        otel.kind = if answers { "server" } else { "consumer" },
        otel.status_code = Empty,
        code.function.name = %shown(handler),
        error.type = Empty,
        messaging.system = "mqtt",
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = %shown(topic),
        messaging.destination.template = %shown(template),
    );
    continued(span, || TraceContext::from_user_properties(user))
}

/// A message on its way to the broker, until the broker has it.
pub(crate) fn publish(topic: &str, client: &str, bytes: usize, inherited: Option<&TraceContext>) -> Span {
    let span = debug_span!(
        target: TARGET,
        "publish",
        otel.name = %format_args!("publish {}", shown(topic)),
        otel.kind = "producer",
        otel.status_code = Empty,
        messaging.system = "mqtt",
        messaging.operation.name = "publish",
        messaging.operation.type = "send",
        messaging.destination.name = %shown(topic),
        messaging.client.id = %shown(client),
        messaging.message.body.size = bytes,
        error.type = Empty,
    );
    within(span, inherited)
}

/// Notes how it ended: by the type of its error.
pub(crate) fn ended(span: &Span, error: Option<&str>) {
    if let Some(error) = error.filter(|_| !span.is_disabled()) {
        span.record("error.type", display(error));
        span.record("otel.status_code", "ERROR");
    }
}

/// The trace context for a message: that of its span, else that of the code that sends it, else what the handler of
/// that code was given.
pub(crate) fn given<'i>(span: &Span, inherited: Option<&'i TraceContext>) -> Option<Cow<'i, TraceContext>> {
    let own = of(span).or_else(here);
    own.map(Cow::Owned).or(inherited.map(Cow::Borrowed))
}

/// The trace context of a handler, for its calls: that of its span, else what came with its message.
pub(crate) fn own(given: Option<&TraceContext>) -> Option<TraceContext> {
    here().or_else(|| given.cloned())
}

/// Has a span of a handler's code belong to the trace of the handler where the code has no span of its own, as in a
/// task that the handler spawned.
fn within(span: Span, inherited: Option<&TraceContext>) -> Span {
    if let Some(inherited) = inherited
        && !span.is_disabled()
        && here().is_none()
    {
        set_parent(&span, inherited);
    }
    span
}

/// Has a span belong to the trace that came with a message.
fn continued(span: Span, given: impl FnOnce() -> Option<TraceContext>) -> Span {
    if cfg!(feature = "otel")
        && !span.is_disabled()
        && let Some(given) = given()
    {
        set_parent(&span, &given);
    }
    span
}

/// That of the code that runs now.
fn here() -> Option<TraceContext> {
    if cfg!(feature = "otel") { of(&Span::current()) } else { None }
}

#[cfg(not(feature = "otel"))]
fn of(_: &Span) -> Option<TraceContext> {
    None
}

#[cfg(not(feature = "otel"))]
fn set_parent(_: &Span, _: &TraceContext) {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn without_a_subscriber_there_is_no_span_and_a_trace_context_is_lent() {
        let spans = [
            call("add", "1", None),
            handle_call("add", "t", &[]),
            invoke_agent("writer", "1", None),
            work("writer", "write", "1", None),
            request("t", None),
            handle_message("on", "t", "t", false, &[]),
            publish("t", "me", 1, None),
        ];
        assert!(spans.iter().all(Span::is_disabled));
        let trace =
            TraceContext::new("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).unwrap();
        assert!(matches!(given(&spans[0], Some(&trace)), Some(Cow::Borrowed(lent)) if *lent == trace));
        assert_eq!(given(&spans[0], None), None);
        assert_eq!(own(Some(&trace)), Some(trace));
    }
}
