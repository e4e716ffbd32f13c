//! The resources and prompts of a server as read-only tools.

use std::time::Duration;

use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use rmcp::service::ServiceError;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::How;
use super::connection::Line;
use super::tool::Calls;
use crate::deadline::Lasting;
use crate::mcp::{DynamicTool, DynamicToolError};

/// How long the server may take.
const WITHIN: Duration = Duration::from_secs(60);

/// Those that are asked for.
pub(super) fn of(how: &How, id: &str, calls: &Calls) -> Vec<Result<DynamicTool, DynamicToolError>> {
    let mut tools = Vec::new();
    let none = || json!({"type": "object", "properties": {}, "additionalProperties": false});
    if how.resources {
        let about = format!("Lists the resources of `{id}`, and the templates of their URIs.");
        tools.push(made(calls, format!("{id}-list-resources"), about, none(), Ask::ListResources));
        let about = format!("Reads a resource of `{id}`.");
        let schema = json!({
            "type": "object",
            "properties": {"uri": {"type": "string", "description": "The URI, from the list or made of a template."}},
            "required": ["uri"],
            "additionalProperties": false,
        });
        tools.push(made(calls, format!("{id}-read-resource"), about, schema, Ask::ReadResource));
    }
    if how.prompts {
        let about = format!("Lists the prompts of `{id}`, with their arguments.");
        tools.push(made(calls, format!("{id}-list-prompts"), about, none(), Ask::ListPrompts));
        let about = format!("Gives the messages of a prompt of `{id}`.");
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The prompt, from the list."},
                "arguments": {"type": "object", "description": "Its arguments, which are texts.", "additionalProperties": {"type": "string"}},
            },
            "required": ["name"],
            "additionalProperties": false,
        });
        tools.push(made(calls, format!("{id}-get-prompt"), about, schema, Ask::GetPrompt));
    }
    tools
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    ListResources,
    ReadResource,
    ListPrompts,
    GetPrompt,
}

fn made(
    calls: &Calls,
    name: String,
    description: String,
    schema: Value,
    ask: Ask,
) -> Result<DynamicTool, DynamicToolError> {
    let line = calls.line.clone();
    let handler = move |arguments: Map<String, Value>, _| {
        let line = line.borrow().clone();
        async move {
            let Some(line) = line else {
                return Err("the MCP server is started again; call once more".to_owned());
            };
            match timeout(WITHIN, asked(&line, ask, arguments)).await {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(format!("the MCP server did not answer within {}", Lasting(WITHIN))),
            }
        }
    };
    Ok(DynamicTool::new(name, description, schema, handler)?.read_only(true))
}

async fn asked(line: &Line, ask: Ask, arguments: Map<String, Value>) -> Result<Value, ServiceError> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let peer = &line.peer;
    match ask {
        Ask::ListResources => {
            let resources = peer.list_all_resources().await?;
            // Servers without templates often do not know the question.
            let templates = peer.list_all_resource_templates().await.unwrap_or_default();
            Ok(json!({"resources": resources, "resourceTemplates": templates}))
        }
        Ask::ReadResource => {
            let read = peer.read_resource(ReadResourceRequestParams::new(text("uri"))).await?;
            Ok(json!({"contents": read.contents}))
        }
        Ask::ListPrompts => Ok(json!({"prompts": peer.list_all_prompts().await?})),
        Ask::GetPrompt => {
            let mut params = GetPromptRequestParams::new(text("name"));
            params.arguments = arguments.get("arguments").and_then(Value::as_object).cloned();
            let prompt = peer.get_prompt(params).await?;
            Ok(json!({"description": prompt.description, "messages": prompt.messages}))
        }
    }
}
