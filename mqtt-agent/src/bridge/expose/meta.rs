//! [`MetaTool`]: the three tools with which a host finds, describes and calls the others.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, Tool, ToolAnnotations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::super::catalogue::Shelf;
use super::super::offer::Listed;
use super::super::outcome::Failure;
use super::super::reader::Reader;
use crate::shown::shown;

/// How many tools a search finds, if it does not say.
const USUAL: usize = 5;

const MOST_FOUND: usize = 20;

const MOST_DESCRIBED: usize = 10;

/// How much all descriptions take together, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// So much of a description is in what a search finds, in characters.
const LONGEST: usize = 300;

/// How many arguments of a tool are in what a search finds.
const MOST_ARGUMENTS: usize = 24;

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum MetaTool {
    Search,
    Describe,
    Call,
}

impl MetaTool {
    const ALL: [Self; 3] = [Self::Search, Self::Describe, Self::Call];

    fn name(self) -> &'static str {
        match self {
            Self::Search => "search_tools",
            Self::Describe => "describe_tools",
            Self::Call => "call_tool",
        }
    }

    pub(in super::super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// As hosts list them.
    pub(in super::super) fn list() -> Vec<Tool> {
        Self::ALL.into_iter().map(Self::tool).collect()
    }

    fn tool(self) -> Tool {
        let (title, description, input) = match self {
            Self::Search => (
                "Search tools",
                "Finds tools by what they do: there are more than are listed here. Search before you say that something \
                 cannot be done. The answer has the name, the description and the arguments of each tool that fits, the best \
                 first; `call_tool` calls one.",
                json!({
                    "type": "object",
                    "properties": {
                        "query": {"type": "string", "description": "What the tool is to do, in a few words."},
                        "limit": {
                            "type": "integer", "minimum": 1, "maximum": MOST_FOUND, "default": USUAL,
                            "description": "How many tools at most.",
                        },
                    },
                    "required": ["query"],
                }),
            ),
            Self::Describe => (
                "Describe tools",
                "Gives the whole description and the schemas of tools that `search_tools` has found, by their names. Needed \
                 where a tool takes more than a search tells.",
                json!({
                    "type": "object",
                    "properties": {
                        "names": {
                            "type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_DESCRIBED,
                            "description": "The names of the tools.",
                        },
                    },
                    "required": ["names"],
                }),
            ),
            Self::Call => (
                "Call a tool",
                "Calls a tool that `search_tools` has found, with its arguments. The answer is the tool's own.",
                json!({
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "description": "The name of the tool."},
                        "arguments": {"type": "object", "properties": {}, "description": "The tool's arguments, by name."},
                    },
                    "required": ["name"],
                }),
            ),
        };
        let input = match input {
            Value::Object(input) => input,
            _ => Map::new(),
        };
        let tool = Tool::new(self.name(), description, Arc::new(input)).with_title(title);
        let hints = match self {
            Self::Call => ToolAnnotations::from_raw(None, None, None, None, None),
            Self::Search | Self::Describe => {
                ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false))
            }
        };
        tool.with_annotations(hints)
    }
}

#[derive(Deserialize)]
struct SearchArguments {
    query: String,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct DescribeArguments {
    names: Vec<String>,
}

/// Which tool is called, and with what.
#[derive(Deserialize)]
pub(in super::super) struct Invocation {
    pub(in super::super) name: String,
    #[serde(default)]
    pub(in super::super) arguments: Map<String, Value>,
}

fn read<T: DeserializeOwned>(tool: MetaTool, arguments: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        let message = format!("`{}`: {}; look at its schema", tool.name(), shown(&error));
        Failure::new("invalid_arguments", message)
    })
}

/// Searches.
pub(in super::super) fn search(
    shelf: &Shelf,
    arguments: Map<String, Value>,
    identity: Option<&str>,
) -> Result<CallToolResult, Failure> {
    let SearchArguments { query, limit } = read(MetaTool::Search, arguments)?;
    let limit = limit.unwrap_or(USUAL).clamp(1, MOST_FOUND);
    let found = shelf.search(&query, limit, identity);
    let tools: Vec<Value> = found.iter().map(|listed| summary(listed)).collect();
    Ok(object(&json!({ "tools": tools })))
}

/// Describes.
pub(in super::super) fn describe(
    shelf: &Shelf,
    arguments: Map<String, Value>,
    reader: Reader,
    identity: Option<&str>,
) -> Result<CallToolResult, Failure> {
    let DescribeArguments { names } = read(MetaTool::Describe, arguments)?;
    if names.len() > MOST_DESCRIBED {
        let message = format!("{} names; give at most {MOST_DESCRIBED}", names.len());
        return Err(Failure::new("invalid_arguments", message));
    }
    let (mut tools, mut unknown, mut left_out, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for name in names {
        match shelf.get(&name, identity) {
            None => unknown.push(shown(&name).to_string()),
            Some(listed) if bytes + listed.offer.size > MOST_BYTES => left_out.push(name),
            Some(listed) => {
                bytes += listed.offer.size;
                tools.push(json!(listed.offer.to(reader)));
            }
        }
    }
    let mut described = Map::from_iter([("tools".to_owned(), Value::Array(tools))]);
    for (key, names) in [("unknown", unknown), ("too_large_together", left_out)] {
        if !names.is_empty() {
            described.insert(key.to_owned(), json!(names));
        }
    }
    Ok(object(&Value::Object(described)))
}

/// Which tool is called, and with what.
pub(in super::super) fn invocation(arguments: Map<String, Value>) -> Result<Invocation, Failure> {
    read(MetaTool::Call, arguments)
}

/// A tool in a few words.
fn summary(listed: &Listed) -> Value {
    let tool = &listed.offer.modern;
    let description = tool.description.as_deref().unwrap_or_default();
    let description = match description.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", description.get(..end).unwrap_or_default()),
        None => description.to_owned(),
    };
    json!({"name": tool.name, "description": description, "arguments": signature(&tool.input_schema)})
}

/// `city: string, days?: integer`.
fn signature(schema: &Map<String, Value>) -> String {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|own| own == name));
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut parts: Vec<String> = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        if parts.len() == MOST_ARGUMENTS {
            parts.push("…".to_owned());
            break;
        }
        let mark = if is_required(name) { "" } else { "?" };
        let kind = match property.get("type") {
            Some(Value::String(kind)) => shown(kind).to_string(),
            _ => "any".to_owned(),
        };
        parts.push(format!("{}{mark}: {kind}", shown(name)));
    }
    parts.join(", ")
}

fn object(value: &Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
    result.structured_content = Some(value.clone());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_what_is_needed() {
        let schema = json!({
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "any": {"anyOf": []}},
            "required": ["city"],
        });
        assert_eq!(signature(schema.as_object().unwrap()), "any?: any, city: string, days?: integer");
    }

    #[test]
    fn the_three_tools_are_what_hosts_take() {
        for tool in MetaTool::list() {
            let schema = crate::wire::ToolCard::read(
                &tool.name,
                json!({"input_schema": *tool.input_schema}).to_string().as_bytes(),
            );
            let card = schema.unwrap().unwrap();
            assert!(crate::bridge::offer::Offer::of(&tool.name, &card).is_ok(), "{}", tool.name);
            assert_eq!(MetaTool::of(&tool.name).map(MetaTool::name), Some(&*tool.name));
        }
    }
}
