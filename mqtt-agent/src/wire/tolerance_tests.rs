//! The values that another implementation may write into each field of each message, and their effect on the message
//! (`SUB-11a`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Debug;

use serde_json::{Value, json};

use super::*;

/// What becomes of a message when a field of its is malformed.
#[derive(Clone, Copy, PartialEq)]
enum When {
    /// The message is read as if the field were absent.
    Lost,
    /// The message is read as if the array's element were absent that the field is in.
    ElementLost,
    /// The message is read as if its `parts` were absent: its `content` says the same, and more than some of its parts.
    PartsLost,
    /// The message is dropped; also when the field is absent.
    Required,
    /// The message is dropped; an absent field is none that is malformed.
    Decides,
}
use When::{Decides, ElementLost, Lost, PartsLost, Required};

/// The kinds of JSON that a field takes. A kind that is not named is malformed, and so is none of the field's words.
const NONE: &str = "";
const TEXT: &str = "string";
const FLAG: &str = "bool";
const NUMBER: &str = "whole";
const LIST: &str = "array";
const OBJECT: &str = "object";
/// serde reads fields by their order in an array as well; one without them is an object without fields.
const FIELDS: &str = "object array";
const SCHEMA: &str = "object bool";
const SECONDS: &str = "whole fraction";
const CODE: &str = "string whole fraction";
/// Another name is another card, which is dropped.
const NAME: &str = "!string";
/// So is another version; a number is one.
const VERSION: &str = "!string whole fraction";
const ANY: &str = "string bool whole fraction array object";

struct Message {
    name: &'static str,
    full: Value,
    read: fn(&[u8]) -> Option<String>,
    fields: &'static [(&'static str, &'static str, When)],
}

fn shown<T: Debug, E>(read: Result<T, E>) -> Option<String> {
    read.ok().map(|message| format!("{message:?}"))
}

/// Every message, with every field.
fn messages() -> Vec<Message> {
    vec![
        Message {
            name: "tool card",
            full: json!({
                "version": "1", "tool": "t", "server": "s", "namespace": "n", "description": "d",
                "input_schema": {"type": "object", "title": "i"}, "output_schema": {"type": "string"},
                "supports_streaming": true, "requires_auth": true, "allowed_callers": ["scout"],
                "version_info": {"sdk": "k", "tool": "v"}, "status": "offline", "last_seen": "l", "title": "p",
                "annotations": {
                    "title": "a", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
                    "openWorldHint": false,
                },
                "replicas": false, "max_message_bytes": 9, "content": ["image"], "tags": ["g"],
            }),
            read: |payload| shown(ToolCard::read("t", payload)),
            fields: &[
                ("/version", VERSION, Lost),
                ("/tool", NAME, Lost),
                ("/server", TEXT, Lost),
                ("/namespace", TEXT, Lost),
                ("/description", TEXT, Lost),
                ("/input_schema", SCHEMA, Lost),
                ("/output_schema", SCHEMA, Lost),
                ("/supports_streaming", FLAG, Lost),
                ("/requires_auth", FLAG, Lost),
                ("/allowed_callers", LIST, Lost),
                ("/allowed_callers/0", TEXT, ElementLost),
                ("/version_info", OBJECT, Lost),
                ("/version_info/sdk", TEXT, Lost),
                ("/version_info/tool", TEXT, Lost),
                ("/status", NONE, Lost),
                ("/last_seen", TEXT, Lost),
                ("/title", TEXT, Lost),
                ("/annotations", FIELDS, Lost),
                ("/annotations/title", TEXT, Lost),
                ("/annotations/readOnlyHint", FLAG, Lost),
                ("/annotations/destructiveHint", FLAG, Lost),
                ("/annotations/idempotentHint", FLAG, Lost),
                ("/annotations/openWorldHint", FLAG, Lost),
                ("/replicas", FLAG, Lost),
                ("/max_message_bytes", NUMBER, Lost),
                ("/content", LIST, Lost),
                ("/content/0", TEXT, ElementLost),
                ("/tags", LIST, Lost),
                ("/tags/0", TEXT, ElementLost),
            ],
        },
        Message {
            name: "server card",
            full: json!({
                "version": "1", "server": "t", "namespace": "n", "tools": ["a"], "version_info": {"sdk": "k"},
                "status": "offline", "last_seen": "l", "agent_id": "g",
            }),
            read: |payload| shown(ServerCard::read("t", payload)),
            fields: &[
                ("/version", VERSION, Lost),
                ("/server", NAME, Lost),
                ("/namespace", TEXT, Lost),
                ("/tools", LIST, Lost),
                ("/tools/0", TEXT, ElementLost),
                ("/version_info", OBJECT, Lost),
                ("/version_info/sdk", TEXT, Lost),
                ("/status", NONE, Lost),
                ("/last_seen", TEXT, Lost),
                ("/agent_id", TEXT, Lost),
            ],
        },
        Message {
            name: "agent card",
            full: json!({
                "version": "1", "agent_id": "t", "name": "n", "namespace": "n", "description": "d",
                "capabilities": ["c"], "endpoints": {"inbox": "i", "results": "r"},
                "skills": [{
                    "id": "s", "name": "n", "description": "d", "tags": ["t"], "examples": ["e"],
                    "inputModes": ["i"], "outputModes": ["o"],
                }],
                "tags": ["g"], "provider": {"organization": "o", "url": "u"}, "documentation_url": "d",
                "icon_url": "i", "extensions": [{"uri": "u", "description": "d", "params": {"p": 1}}],
                "features": ["intents"], "max_message_bytes": 9, "version_info": {"sdk": "k", "agent": "v"},
                "status": "offline", "last_seen": "l",
            }),
            read: |payload| shown(AgentCard::read("t", payload)),
            fields: &[
                ("/version", VERSION, Lost),
                ("/agent_id", NAME, Lost),
                ("/name", TEXT, Lost),
                ("/namespace", TEXT, Lost),
                ("/description", TEXT, Lost),
                ("/capabilities", LIST, Lost),
                ("/capabilities/0", TEXT, ElementLost),
                ("/endpoints", OBJECT, Lost),
                ("/endpoints/inbox", TEXT, Lost),
                ("/endpoints/results", TEXT, Lost),
                ("/skills", LIST, Lost),
                ("/skills/0", FIELDS, ElementLost),
                ("/skills/0/id", TEXT, Lost),
                ("/skills/0/name", TEXT, Lost),
                ("/skills/0/description", TEXT, Lost),
                ("/skills/0/tags", LIST, Lost),
                ("/skills/0/tags/0", TEXT, ElementLost),
                ("/skills/0/examples", LIST, Lost),
                ("/skills/0/examples/0", TEXT, ElementLost),
                ("/skills/0/inputModes", LIST, Lost),
                ("/skills/0/inputModes/0", TEXT, ElementLost),
                ("/skills/0/outputModes", LIST, Lost),
                ("/skills/0/outputModes/0", TEXT, ElementLost),
                ("/tags", LIST, Lost),
                ("/tags/0", TEXT, ElementLost),
                ("/provider", NONE, Lost),
                ("/provider/organization", TEXT, Lost),
                ("/provider/url", TEXT, Lost),
                ("/documentation_url", TEXT, Lost),
                ("/icon_url", TEXT, Lost),
                ("/extensions", LIST, Lost),
                ("/extensions/0", NONE, ElementLost),
                ("/extensions/0/uri", TEXT, ElementLost),
                ("/extensions/0/description", TEXT, Lost),
                ("/extensions/0/params", OBJECT, Lost),
                ("/extensions/0/params/p", ANY, Lost),
                ("/features", LIST, Lost),
                ("/features/0", TEXT, ElementLost),
                ("/max_message_bytes", NUMBER, Lost),
                ("/version_info", OBJECT, Lost),
                ("/version_info/sdk", TEXT, Lost),
                ("/version_info/agent", TEXT, Lost),
                ("/status", NONE, Lost),
                ("/last_seen", TEXT, Lost),
            ],
        },
        Message {
            name: "status",
            full: json!({"agent_id": "a", "status": "offline", "last_seen": "l"}),
            read: |payload| shown(AgentStatus::read(payload)),
            fields: &[("/agent_id", TEXT, Lost), ("/status", NONE, Required), ("/last_seen", TEXT, Lost)],
        },
        Message {
            name: "call",
            full: json!({
                "call_id": "c", "arguments": {"a": 1}, "client": "scout", "timestamp": "t", "response_topic": "r",
                "max_message_bytes": 9, "accepts": ["content"],
            }),
            read: |payload| shown(CallRequest::read(payload)),
            fields: &[
                ("/call_id", TEXT, Required),
                ("/arguments", OBJECT, Decides),
                ("/client", TEXT, Lost),
                ("/timestamp", TEXT, Lost),
                ("/response_topic", TEXT, Lost),
                ("/max_message_bytes", NUMBER, Lost),
                ("/accepts", LIST, Lost),
                ("/accepts/0", TEXT, ElementLost),
            ],
        },
        Message {
            name: "cancel of one call",
            full: json!({"call_id": "c", "client": "scout"}),
            read: |payload| shown(CancelRequest::read(payload)),
            fields: &[("/call_id", TEXT, Required), ("/client", TEXT, Lost)],
        },
        Message {
            name: "cancel of many calls",
            full: json!({"call_ids": ["c", "d"], "client": "scout"}),
            read: |payload| shown(CancelRequest::read(payload)),
            fields: &[
                ("/call_ids", NONE, Required),
                ("/call_ids/0", TEXT, ElementLost),
                ("/client", TEXT, Lost),
            ],
        },
        Message {
            name: "response with a result",
            full: json!({"call_id": "c", "status": "ok", "result": {"r": 1}, "elapsed_ms": 7}),
            read: |payload| shown(Response::read(payload)),
            fields: &[
                ("/call_id", TEXT, Required),
                ("/status", NONE, Lost),
                ("/result", ANY, Lost),
                ("/elapsed_ms", SECONDS, Lost),
            ],
        },
        Message {
            name: "response with an error",
            full: json!({
                "call_id": "c", "status": "error", "elapsed_ms": 7,
                "error": {"type": "timeout", "message": "m", "code": "c", "data": {"d": 1}, "retry_after_ms": 5},
            }),
            read: |payload| shown(Response::read(payload)),
            fields: &[
                ("/call_id", TEXT, Required),
                ("/status", NONE, Lost),
                ("/elapsed_ms", SECONDS, Lost),
                // Whatever it is, it says that the call failed.
                ("/error", ANY, Lost),
                ("/error/type", TEXT, Lost),
                ("/error/message", TEXT, Lost),
                ("/error/code", CODE, Lost),
                ("/error/data", ANY, Lost),
                ("/error/retry_after_ms", SECONDS, Lost),
            ],
        },
        Message {
            name: "stream message",
            full: json!({"call_id": "c", "seq": 3, "type": "done", "content": "x", "data": "y"}),
            read: |payload| shown(StreamMessage::read(payload)),
            fields: &[
                ("/call_id", TEXT, Required),
                ("/seq", NUMBER, Lost),
                ("/type", TEXT, Lost),
                ("/content", ANY, Lost),
                ("/data", ANY, Lost),
            ],
        },
        Message {
            name: "inbox message",
            full: json!({
                "task_id": "t", "intent": "cancel", "from": "me", "to": "you", "type": "k", "title": "i", "prompt": "p",
                "messages": [
                    {"role": "agent", "content": "c", "timestamp": "m"},
                    {
                        "role": "agent", "content": "c", "timestamp": "m",
                        "parts": [{"text": "x", "filename": "f", "mediaType": "m", "metadata": {"k": 1}}],
                    },
                ],
                "created_at": "a", "updates": true,
            }),
            read: |payload| shown(TaskNotification::read(payload)),
            fields: &[
                ("/task_id", TEXT, Required),
                ("/intent", TEXT, Lost),
                ("/from", TEXT, Lost),
                ("/to", TEXT, Lost),
                ("/type", TEXT, Lost),
                ("/title", TEXT, Lost),
                ("/prompt", TEXT, Lost),
                ("/messages", LIST, Lost),
                ("/messages/0", NONE, ElementLost),
                ("/messages/0/role", TEXT, Lost),
                ("/messages/0/content", "string empty", ElementLost),
                ("/messages/0/timestamp", TEXT, Lost),
                ("/messages/1", NONE, ElementLost),
                ("/messages/1/role", TEXT, Lost),
                // Its parts say it as well.
                ("/messages/1/content", ANY, Lost),
                ("/messages/1/timestamp", TEXT, Lost),
                ("/messages/1/parts", "empty", Lost),
                ("/messages/1/parts/0", NONE, PartsLost),
                ("/messages/1/parts/0/text", TEXT, PartsLost),
                ("/messages/1/parts/0/filename", TEXT, Lost),
                ("/messages/1/parts/0/mediaType", TEXT, Lost),
                ("/messages/1/parts/0/metadata", OBJECT, Lost),
                ("/messages/1/parts/0/metadata/k", ANY, Lost),
                ("/created_at", TEXT, Lost),
                ("/updates", FLAG, Lost),
            ],
        },
        Message {
            name: "result",
            full: json!({
                "task_id": "t", "status": "working", "result": {"r": 1},
                "error": {"type": "e", "message": "m", "code": "c"}, "from": "me", "completed_at": "a", "seq": 4,
                "message": {"role": "agent", "content": "c", "timestamp": "m"},
                "artifacts": [{
                    "artifactId": "a", "parts": [{"data": {"x": 1}}], "name": "n", "description": "d",
                    "metadata": {"k": 1},
                }],
            }),
            read: |payload| shown(TaskResult::read(payload)),
            fields: &[
                ("/task_id", TEXT, Required),
                ("/status", NONE, Lost),
                ("/result", ANY, Lost),
                ("/error", ANY, Lost),
                ("/error/type", TEXT, Lost),
                ("/error/message", TEXT, Lost),
                ("/error/code", CODE, Lost),
                ("/from", TEXT, Lost),
                ("/completed_at", TEXT, Lost),
                ("/seq", NUMBER, Lost),
                ("/message", NONE, Lost),
                ("/message/role", TEXT, Lost),
                ("/message/content", ANY, Lost),
                ("/message/timestamp", TEXT, Lost),
                ("/artifacts", LIST, Lost),
                ("/artifacts/0", NONE, ElementLost),
                ("/artifacts/0/artifactId", TEXT, ElementLost),
                ("/artifacts/0/parts", LIST, ElementLost),
                ("/artifacts/0/parts/0", NONE, ElementLost),
                ("/artifacts/0/parts/0/data", ANY, Lost),
                ("/artifacts/0/parts/0/data/x", ANY, Lost),
                ("/artifacts/0/name", TEXT, Lost),
                ("/artifacts/0/description", TEXT, Lost),
                ("/artifacts/0/metadata", OBJECT, Lost),
                ("/artifacts/0/metadata/k", ANY, Lost),
            ],
        },
        Message {
            name: "result with `state`",
            full: json!({"task_id": "t", "state": "TASK_STATE_FAILED", "result": 1}),
            read: |payload| shown(TaskResult::read(payload)),
            fields: &[("/task_id", TEXT, Required), ("/state", NONE, Lost), ("/result", ANY, Lost)],
        },
    ]
}

/// One value of each kind, and of those that look like others.
fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("whole", json!(7)),
        ("fraction", json!(-1.5)),
        ("string", json!("\u{1f600} x")),
        ("bool", json!(true)),
        ("empty array", json!([])),
        ("array", json!([7, [null]])),
        ("object", json!({})),
        ("object", json!({"unknown": {"deeper": [null]}})),
    ]
}

/// The pointer to what a field stands in, and its key there.
fn parent(pointer: &str) -> (&str, &str) {
    pointer.rsplit_once('/').unwrap()
}

fn without(full: &Value, pointer: &str) -> Value {
    let mut message = full.clone();
    let (place, key) = parent(pointer);
    match message.pointer_mut(place).unwrap() {
        Value::Object(fields) => drop(fields.remove(key).unwrap()),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        other => panic!("{pointer}: {other}"),
    }
    message
}

/// The innermost element of an array that a field is in, or is itself.
fn element(pointer: &str) -> &str {
    let mut element = pointer;
    while parent(element).1.parse::<usize>().is_err() {
        element = parent(element).0;
    }
    element
}

fn read(message: &Message, json: &Value) -> Option<String> {
    (message.read)(json.to_string().as_bytes())
}

/// What becomes of a message whose field is malformed.
fn expected(message: &Message, pointer: &str, when: When) -> Option<String> {
    match when {
        Lost => read(message, &without(&message.full, pointer)),
        ElementLost => read(message, &without(&message.full, element(pointer))),
        PartsLost => read(message, &without(&message.full, "/messages/1/parts")),
        Required | Decides => None,
    }
}

#[test]
fn sub_11a_a_malformed_field_is_lost_alone_and_only_what_a_message_needs_decides_over_it() {
    for message in messages() {
        for &(pointer, takes, when) in message.fields {
            let lost = expected(&message, pointer, when);
            for (kind, value) in values() {
                let mut json = message.full.clone();
                *json.pointer_mut(pointer).unwrap() = value.clone();
                let (decides, takes) = match takes.strip_prefix('!') {
                    Some(takes) => (true, takes),
                    None => (false, takes),
                };
                let is_taken = takes
                    .split(' ')
                    .any(|taken| !taken.is_empty() && kind.split(' ').any(|kind| kind == taken));
                let read = read(&message, &json);
                let case = format!("{}: {value} as `{pointer}`", message.name);
                match (is_taken, decides) {
                    (true, decides) => assert_eq!(read.is_none(), decides, "{case} is taken"),
                    (false, _) => assert_eq!(read, lost, "{case}"),
                }
            }
        }
    }
}

#[test]
fn sub_11a_null_is_absence() {
    for message in messages() {
        for &(pointer, _, when) in message.fields {
            // An element of an array has no absence but its own, and what is any JSON may hold `null`.
            let absent = match when {
                Decides => Lost,
                when => when,
            };
            let mut json = message.full.clone();
            *json.pointer_mut(pointer).unwrap() = Value::Null;
            let inside = pointer.contains("/params/")
                || pointer.contains("/metadata/")
                || pointer.ends_with("/data/x");
            if !inside {
                let case = format!("{}: null as `{pointer}`", message.name);
                assert_eq!(read(&message, &json), expected(&message, pointer, absent), "{case}");
            }
        }
    }
}

#[test]
fn sub_11a_an_unknown_field_changes_nothing() {
    for message in messages() {
        let whole = read(&message, &message.full);
        assert!(whole.is_some(), "{}", message.name);
        for (place, _) in places(&message.full, "") {
            let mut json = message.full.clone();
            let Value::Object(fields) = json.pointer_mut(&place).unwrap() else { continue };
            fields.insert("x_unknown".to_owned(), json!({"any": [1, null, {"thing": "x"}]}));
            let any = ["params", "metadata", "data", "result", "arguments", "input_schema", "output_schema"];
            if !any.iter().any(|name| place.ends_with(name)) {
                assert_eq!(read(&message, &json), whole, "{}: an unknown field in `{place}`", message.name);
            }
        }
    }
}

#[test]
fn the_table_has_every_field_of_every_message() {
    for message in messages() {
        for (place, _) in places(&message.full, "").into_iter().skip(1) {
            let any = ["/result", "/arguments", "/input_schema", "/output_schema", "/error/data"];
            let inside = any.iter().any(|any| place.starts_with(any) && place != *any);
            let is_known =
                message.fields.iter().any(|(pointer, ..)| *pointer == place || element_of(pointer, &place));
            assert!(inside || is_known, "{}: `{place}` is in the table", message.name);
        }
    }
}

/// Whether a place is a further element of a list whose first is in the table.
fn element_of(pointer: &str, place: &str) -> bool {
    parent(pointer).0 == parent(place).0 && parent(place).1.parse::<usize>().is_ok()
}

/// Every place in a message, itself first.
fn places(json: &Value, place: &str) -> Vec<(String, Value)> {
    let mut all = vec![(place.to_owned(), json.clone())];
    match json {
        Value::Object(fields) => {
            all.extend(fields.iter().flat_map(|(key, value)| places(value, &format!("{place}/{key}"))));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            all.extend(items.flat_map(|(index, value)| places(value, &format!("{place}/{index}"))));
        }
        _ => {}
    }
    all
}

#[test]
fn mcp_9_an_array_is_no_call_and_a_key_twice_in_an_object_is_refused() {
    let refused = [
        r#"["c", {}]"#,
        r#"{"call_id": "c", "call_id": "d"}"#,
        r#"{"call_id": "c", "arguments": {"a": 1, "a": 2}}"#,
        r#"{"call_id": "c", "arguments": {"a": [{"b": 1, "b": 1}]}}"#,
        r#"{"call_id": "c", "client": 7, "arguments": {"a": {"b": 1, "b": 1}}}"#,
    ];
    for call in refused {
        assert!(CallRequest::read(call.as_bytes()).is_err(), "{call}");
    }
}

#[test]
fn a2a_4_a_bare_word_is_a_status() {
    for (word, status) in [("online", Status::Online), (" \"offline\"\n", Status::Offline)] {
        assert_eq!(AgentStatus::read(word.as_bytes()).unwrap().unwrap().status, status);
    }
    for word in ["onlin", "\"gone\"", "1", "[\"online\"]"] {
        assert!(AgentStatus::read(word.as_bytes()).is_err(), "{word}");
    }
}

#[test]
fn a2a_11_an_id_and_one_of_four_fields_are_a_result() {
    let cases = [
        (json!({"task_id": "t", "result": 1}), TaskState::Completed),
        (json!({"task_id": "t", "error": "it broke"}), TaskState::Failed),
        (json!({"task_id": "t", "error": {"message": "x"}, "result": 1}), TaskState::Failed),
        (json!({"task_id": "t", "state": "Success", "result": 1}), TaskState::Completed),
        (json!({"task_id": "t", "status": 200, "result": 1}), TaskState::Completed),
        (json!({"task_id": "t", "status": "musing", "seq": 4}), TaskState::Working),
    ];
    for (result, state) in cases {
        let read = TaskResult::read(result.to_string().as_bytes()).unwrap();
        assert_eq!(read.status, state, "{result}");
    }
    let text = TaskResult::read(br#"{"task_id": "t", "error": "it broke"}"#).unwrap();
    assert_eq!(text.error.unwrap().message, "it broke");
    for unreadable in
        [json!({"task_id": "t"}), json!({"task_id": "t", "status": "musing"}), json!({"result": 1})]
    {
        assert!(TaskResult::read(unreadable.to_string().as_bytes()).is_err(), "{unreadable}");
    }
}

#[test]
fn many_malformed_fields_take_few_steps() {
    let skills: Vec<_> = (0..20_000).map(|_| json!({"id": 7, "tags": 7})).collect();
    let card = json!({"version": "1", "agent_id": "t", "skills": skills, "name": "n"}).to_string();
    let card = AgentCard::read("t", card.as_bytes()).unwrap().unwrap();
    assert_eq!((card.name.as_str(), card.skills.len()), ("n", 0), "the whole field went");
}

#[test]
fn sub_11_an_error_repeats_at_most_200_characters_of_what_a_peer_sent() {
    let status = json!({"status": "x".repeat(100_000)}).to_string();
    let error = AgentStatus::read(status.as_bytes()).unwrap_err().to_string();
    assert!(error.chars().count() < 300, "{error}");
}
