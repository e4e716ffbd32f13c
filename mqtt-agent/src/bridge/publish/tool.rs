//! A tool of an MCP server as a tool on MQTT.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use rmcp::model::Tool;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::answer;
use super::connection::Line;
use crate::mcp::{DynamicTool, DynamicToolError};
use crate::wire::ToolAnnotations;

/// What all tools of a server share.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    /// The connection, while there is one.
    pub(super) line: watch::Receiver<Option<Line>>,
    /// What tells the server of calls that nobody wants any more.
    pub(super) tasks: TaskTracker,
    /// Whether the server has answered a call since it was started.
    pub(super) answered: Arc<AtomicBool>,
}

/// A tool, by the name that it has on MQTT.
pub(super) fn of(
    tool: &Tool,
    name: &str,
    server: &str,
    calls: &Calls,
) -> Result<DynamicTool, DynamicToolError> {
    let (calls, own) = (calls.clone(), tool.name.to_string());
    let handler = move |arguments, context| {
        let line = calls.line.borrow().clone();
        let (name, tasks, answered) = (own.clone(), calls.tasks.clone(), Arc::clone(&calls.answered));
        let call = answer::call(line, name, arguments, context, tasks);
        async move {
            let answer = call.await;
            if !answer.as_ref().is_err_and(answer::is_lost) {
                answered.store(true, Ordering::Relaxed);
            }
            answer
        }
        .boxed()
    };
    let schema = Value::Object(tool.input_schema.as_ref().clone());
    let description = description(tool, server);
    let mut served = DynamicTool::answering(name.to_owned(), description, schema, Arc::new(handler))?;
    if let Some(schema) = &tool.output_schema {
        served = served.output(Value::Object(schema.as_ref().clone()));
    }
    if let Some(title) = &tool.title {
        served = served.title(title);
    }
    if let Some(hints) = &tool.annotations {
        served = served.annotated(ToolAnnotations {
            title: hints.title.clone(),
            read_only_hint: hints.read_only_hint,
            destructive_hint: hints.destructive_hint,
            idempotent_hint: hints.idempotent_hint,
            open_world_hint: hints.open_world_hint,
        });
    }
    Ok(served)
}

/// MCP's tools may have none, and models choose tools by it.
fn description(tool: &Tool, server: &str) -> String {
    let given = [
        tool.description.as_deref(),
        tool.title.as_deref(),
        tool.annotations.as_ref().and_then(|hints| hints.title.as_deref()),
    ];
    let given = given.into_iter().flatten().find(|text| !text.trim().is_empty());
    given.map_or_else(|| format!("The tool `{}` of `{server}`.", tool.name), str::to_owned)
}
