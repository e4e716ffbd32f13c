//! An MCP server over stdin and stdout, written by hand, for the tests of `mqtt-agent publish`. Each process that it is
//! writes a line `own parent child` with process ids to the file of its first argument.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use serde_json::{Value, json};

fn say(message: &Value) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{message}").and_then(|()| stdout.flush()).ok();
}

fn answer(id: &Value, result: Value) {
    say(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
}

fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

fn tool(name: &str, more: Value) -> Value {
    let mut tool =
        json!({"name": name, "description": format!("The tool {name}."), "inputSchema": {"type": "object"}});
    tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tool
}

fn tools(has_more: bool, how: &str) -> Vec<Value> {
    let mut tools = vec![
        tool(
            "echo",
            json!({
                "title": "Echo",
                "inputSchema": {
                    "$schema": "http://json-schema.org/draft-07/schema#",
                    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"],
                    "additionalProperties": false,
                },
                "annotations": {"title": "Says it again", "readOnlyHint": true, "openWorldHint": false},
            }),
        ),
        tool("each", json!({"outputSchema": {"type": "object", "properties": {"a": {"type": "integer"}}}})),
        tool("fail", json!({})),
        tool("wrong", json!({})),
        tool("steps", json!({})),
        tool("hold", json!({})),
        tool("secret", json!({})),
        tool("change", json!({})),
        tool("die", json!({})),
        json!({"name": "plain", "inputSchema": {"type": "object"}}),
        // What MQTT cannot have.
        tool("bad/name", json!({})),
        tool(
            "bad-schema",
            json!({"inputSchema": {"type": "object", "properties": {"a": {"$ref": "http://elsewhere"}}}}),
        ),
    ];
    if has_more {
        tools.retain(|tool| tool["name"] != "plain");
        tools.push(tool("more", json!({})));
        if how == "two" {
            tools.push(tool("other", json!({})));
        }
    }
    tools
}

/// One of each kind.
fn each() -> Value {
    json!({
        "content": [
            {"type": "text", "text": "x", "annotations": {"audience": ["user"], "priority": 0.5}, "_meta": {"a": 1}},
            {"type": "image", "data": "AAEC", "mimeType": "image/png"},
            {"type": "audio", "data": "AAEC", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a", "name": "a", "title": "A", "mimeType": "text/plain", "size": 7},
            {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "text/plain", "text": "b"}},
            {"type": "resource", "resource": {"uri": "file:///c", "mimeType": "application/pdf", "blob": "AAEC"}},
        ],
        "structuredContent": {"a": 1},
    })
}

// The child is left on purpose.
#[allow(clippy::zombie_processes)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let (file, how) = (arguments.next().expect("a file"), arguments.next().unwrap_or_default());
    // It would outlive this process where only that was killed.
    let child =
        std::process::Command::new("sleep").arg("1000").stdout(std::process::Stdio::null()).spawn().unwrap();
    #[cfg(unix)]
    let parent = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let parent = 0;
    let line = format!("{} {parent} {}\n", std::process::id(), child.id());
    let mut pids = std::fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    pids.write_all(line.as_bytes()).unwrap();
    if how == "deaf" {
        std::thread::sleep(std::time::Duration::from_secs(1000));
    }
    let has_more = AtomicBool::new(false);
    // Its next list fails where it has changed.
    let mut is_moody = how == "moody";
    let held: Arc<Mutex<HashMap<String, mpsc::Sender<()>>>> = Arc::default();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        let (id, params) = (message["id"].clone(), message["params"].clone());
        match message["method"].as_str().unwrap_or_default() {
            "initialize" => answer(
                &id,
                json!({
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": {"tools": {"listChanged": true}, "resources": {}, "prompts": {}},
                    "serverInfo": {"name": "test/server", "version": "1"},
                }),
            ),
            "tools/list" if is_moody && has_more.load(Ordering::SeqCst) => {
                is_moody = false;
                let error = json!({"code": -32603, "message": "not now"});
                say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
            }
            "tools/list" => answer(&id, json!({"tools": tools(has_more.load(Ordering::SeqCst), &how)})),
            "resources/list" => answer(&id, json!({"resources": [{"uri": "test://one", "name": "one"}]})),
            "resources/read" => {
                let uri = &params["uri"];
                answer(&id, json!({"contents": [{"uri": uri, "mimeType": "text/plain", "text": "first"}]}));
            }
            "prompts/list" => answer(
                &id,
                json!({"prompts": [{"name": "greet", "arguments": [{"name": "who", "required": true}]}]}),
            ),
            "prompts/get" => {
                let who = params["arguments"]["who"].as_str().unwrap_or_default();
                let message =
                    json!({"role": "user", "content": {"type": "text", "text": format!("Greet {who}.")}});
                answer(&id, json!({"messages": [message]}));
            }
            "ping" => answer(&id, json!({})),
            "notifications/cancelled" => {
                held.lock().unwrap().remove(&params["requestId"].to_string());
            }
            "tools/call" => match params["name"].as_str().unwrap_or_default() {
                "echo" => answer(&id, text(params["arguments"]["text"].as_str().unwrap_or_default())),
                "each" => answer(&id, each()),
                "fail" => {
                    let mut result = each();
                    result["isError"] = true.into();
                    answer(&id, result);
                }
                "wrong" => {
                    let error = json!({"code": -32603, "message": "it is broken", "data": {"why": "rain"}});
                    say(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
                }
                "steps" => {
                    let token = &params["_meta"]["progressToken"];
                    for step in 1..=20 {
                        let params = json!({"progressToken": token, "progress": step, "total": 20, "message": format!("step {step}")});
                        say(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}));
                    }
                    answer(&id, text("done"));
                }
                "hold" => {
                    let (sender, receiver) = mpsc::channel::<()>();
                    held.lock().unwrap().insert(id.to_string(), sender);
                    let (mut pids, token) =
                        (pids.try_clone().unwrap(), params["_meta"]["progressToken"].clone());
                    let params = json!({"progressToken": token, "progress": 1});
                    say(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}));
                    std::thread::spawn(move || {
                        // Ends when its sender is removed.
                        receiver.recv().ok();
                        pids.write_all(b"cancelled\n").unwrap();
                    });
                }
                "secret" => {
                    let names =
                        std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("MQTT_AGENT_"));
                    answer(&id, text(&names.collect::<Vec<_>>().join(" ")));
                }
                "change" => {
                    has_more.store(true, Ordering::SeqCst);
                    say(&json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
                    answer(&id, text("changed"));
                }
                "die" => std::process::exit(3),
                name => answer(&id, text(name)),
            },
            _ if !id.is_null() => {
                say(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "unknown"}}));
            }
            _ => {}
        }
    }
    if how == "stubborn" {
        std::thread::sleep(std::time::Duration::from_secs(1000));
    }
}
