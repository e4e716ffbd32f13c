//! Metrics, for the facade `metrics` (feature `metrics`; the page `observability` of the guide has the names). Without
//! the feature, this does nothing.
//!
//! Labels are the names of served handlers, outcomes and operations, and never a peer's text.
#![cfg_attr(not(feature = "metrics"), allow(dead_code, unused_variables, clippy::missing_const_for_fn))]

use std::time::Duration;

/// The class of an outcome, by the type of its error (`MCP-7`).
#[cfg(feature = "metrics")]
fn class(error: Option<&str>) -> &'static str {
    match error {
        None => "ok",
        Some("invalid_arguments" | "unauthorized" | "unavailable") => "refused",
        Some("timeout") => "timed_out",
        Some(_) => "failed",
    }
}

/// A call has its answer: how long it waited for its turn, and how long it ran.
pub(crate) fn answered(
    tool: &'static str,
    error: Option<&str>,
    queue: Option<Duration>,
    ran: Option<Duration>,
) {
    #[cfg(feature = "metrics")]
    {
        let outcome = class(error);
        metrics::counter!("mqtt_agent_calls_total", "tool" => tool, "outcome" => outcome).increment(1);
        if let Some(queue) = queue {
            metrics::histogram!("mqtt_agent_call_queue_seconds", "tool" => tool).record(queue);
        }
        if let Some(ran) = ran {
            metrics::histogram!("mqtt_agent_call_duration_seconds", "tool" => tool, "outcome" => outcome)
                .record(ran);
        }
    }
}

/// A call in hand, until it is dropped.
#[derive(Debug)]
pub(crate) struct InHand(&'static str);

impl InHand {
    pub(crate) fn enter(tool: &'static str) -> Self {
        #[cfg(feature = "metrics")]
        metrics::gauge!("mqtt_agent_calls_in_hand", "tool" => tool).increment(1);
        Self(tool)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        #[cfg(feature = "metrics")]
        metrics::gauge!("mqtt_agent_calls_in_hand", "tool" => self.0).decrement(1);
    }
}

/// The broker delivered a call again.
pub(crate) fn redelivered(tool: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("mqtt_agent_calls_redelivered_total", "tool" => tool).increment(1);
}

/// A call that was answered before was answered again, from memory.
pub(crate) fn duplicate(tool: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("mqtt_agent_calls_answered_again_total", "tool" => tool).increment(1);
}

/// A call was refused for there are too many.
pub(crate) fn shed(tool: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("mqtt_agent_calls_shed_total", "tool" => tool).increment(1);
}

/// One attempt at a task has ended.
pub(crate) fn worked(skill: &'static str, error: Option<&str>, ran: Duration) {
    #[cfg(feature = "metrics")]
    {
        let outcome = class(error);
        metrics::counter!("mqtt_agent_task_attempts_total", "skill" => skill, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("mqtt_agent_task_duration_seconds", "skill" => skill, "outcome" => outcome)
            .record(ran);
    }
}

/// A topic handler has ended.
pub(crate) fn handled(handler: &'static str, error: Option<&str>, ran: Duration) {
    #[cfg(feature = "metrics")]
    {
        let outcome = class(error);
        metrics::counter!("mqtt_agent_messages_total", "handler" => handler, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("mqtt_agent_message_duration_seconds", "handler" => handler, "outcome" => outcome)
            .record(ran);
    }
}

/// The task store has done something, or has not.
pub(crate) fn stored(operation: &'static str, done: bool, took: Duration) {
    #[cfg(feature = "metrics")]
    {
        let outcome = if done { "ok" } else { "failed" };
        metrics::histogram!("mqtt_agent_store_seconds", "operation" => operation, "outcome" => outcome)
            .record(took);
    }
}

/// The agent's connection came up, or went down.
pub(crate) fn connected(agent: &str, yes: bool) {
    #[cfg(feature = "metrics")]
    {
        metrics::gauge!("mqtt_agent_connected", "agent" => agent.to_owned()).set(f64::from(u8::from(yes)));
        if yes {
            metrics::counter!("mqtt_agent_connections_total", "agent" => agent.to_owned()).increment(1);
        }
    }
}

/// Says what is measured in which unit.
pub(crate) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::Unit::{Count, Seconds};
        use metrics::{describe_counter, describe_gauge, describe_histogram};
        describe_counter!("mqtt_agent_calls_total", Count, "Calls that have an answer, by tool and outcome.");
        describe_histogram!("mqtt_agent_call_duration_seconds", Seconds, "How long handlers of tools ran.");
        describe_histogram!(
            "mqtt_agent_call_queue_seconds",
            Seconds,
            "How long calls waited for their turn."
        );
        describe_gauge!("mqtt_agent_calls_in_hand", Count, "Calls that were taken and have no answer yet.");
        describe_counter!(
            "mqtt_agent_calls_redelivered_total",
            Count,
            "Calls that the broker delivered again."
        );
        describe_counter!(
            "mqtt_agent_calls_answered_again_total",
            Count,
            "Calls that were answered from memory."
        );
        describe_counter!(
            "mqtt_agent_calls_shed_total",
            Count,
            "Calls that were refused for there were too many."
        );
        describe_counter!(
            "mqtt_agent_task_attempts_total",
            Count,
            "Attempts at tasks, by skill and outcome."
        );
        describe_histogram!("mqtt_agent_task_duration_seconds", Seconds, "How long handlers of skills ran.");
        describe_counter!("mqtt_agent_messages_total", Count, "Messages and requests that were handled.");
        describe_histogram!("mqtt_agent_message_duration_seconds", Seconds, "How long topic handlers ran.");
        describe_histogram!(
            "mqtt_agent_store_seconds",
            Seconds,
            "How long operations of the task store took."
        );
        describe_gauge!("mqtt_agent_connected", Count, "1 while the agent is connected, else 0.");
        describe_counter!("mqtt_agent_connections_total", Count, "Connections that the broker accepted.");
    }
}
