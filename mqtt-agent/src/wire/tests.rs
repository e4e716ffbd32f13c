//! Properties of the whole wire: what is written is read back, and no bytes make a parser panic.

#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::*;

fn identifier() -> impl Strategy<Value = Identifier> {
    "[^/+#\\p{Cc}\\p{Cn}]{1,32}".prop_map(|text| Identifier::parse(&text).unwrap())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(".{0,6}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(".{0,6}", value(), 0..4).prop_map(|map| map.into_iter().collect())
}

fn text() -> impl Strategy<Value = String> {
    ".{0,24}"
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Online), Just(Status::Offline)]
}

fn annotations() -> impl Strategy<Value = ToolAnnotations> {
    let hint = || option::of(any::<bool>());
    (option::of(text()), hint(), hint(), hint(), hint()).prop_map(
        |(title, read_only, destructive, idempotent, open)| ToolAnnotations {
            title,
            read_only_hint: read_only,
            destructive_hint: destructive,
            idempotent_hint: idempotent,
            open_world_hint: open,
        },
    )
}

prop_compose! {
    fn tool_card()(
        tool in identifier(),
        texts in vec(text(), 4),
        input in object(),
        output in option::of(object()),
        flags in any::<(bool, bool)>(),
        allowed_callers in option::of(vec(text(), 0..3)),
        sdk in option::of(text()),
        version in option::of(text()),
        status in status(),
        title in option::of(text()),
        annotations in option::of(annotations()),
        tags in vec(text(), 0..3),
        content in vec(text(), 0..3),
        max_message_bytes in option::of(any::<u64>()),
    ) -> ToolCard {
        ToolCard {
            version: "1".to_owned(),
            tool: tool.as_str().to_owned(),
            server: texts[0].clone(),
            namespace: texts[1].clone(),
            description: texts[2].clone(),
            input_schema: Value::Object(input).into(),
            output_schema: output.map(|schema| Value::Object(schema).into()),
            supports_streaming: flags.0,
            requires_auth: flags.1,
            allowed_callers,
            version_info: ToolVersion { sdk, tool: version },
            status,
            last_seen: texts[3].clone(),
            title,
            annotations,
            replicas: flags.1.then_some(false),
            max_message_bytes,
            content,
            tags,
        }
    }
}

prop_compose! {
    fn server_card()(
        server in identifier(),
        namespace in text(),
        tools in vec(text(), 0..4),
        sdk in option::of(text()),
        status in status(),
        last_seen in text(),
        agent_id in option::of(text()),
    ) -> ServerCard {
        let server = server.as_str().to_owned();
        let version_info = ServerVersion { sdk };
        ServerCard { version: "1".to_owned(), server, namespace, tools, version_info, status, last_seen, agent_id }
    }
}

fn error_body() -> impl Strategy<Value = ErrorBody> {
    let kind = "[a-z_]{1,20}".prop_map(ErrorKind::from);
    // `null` is no data: it is read as none.
    let data = value().prop_filter("null", |value| !value.is_null());
    let data = data.prop_map(|data| RawValue::from_string(data.to_string()).unwrap());
    (kind, text(), option::of(text()), option::of(data), option::of(any::<u64>())).prop_map(
        |(kind, message, code, data, retry_after_ms)| ErrorBody { kind, message, code, data, retry_after_ms },
    )
}

fn outcome() -> impl Strategy<Value = Result<Box<RawValue>, ErrorBody>> {
    prop_oneof![
        value().prop_map(|value| Ok(RawValue::from_string(value.to_string()).unwrap())),
        error_body().prop_map(Err),
    ]
}

#[test]
fn sub_14_a_limit_that_is_no_number_says_nothing() {
    for limit in ["null", "\"many\"", "-1", "1.5", "{}", "1e400"] {
        let call = format!(r#"{{"call_id":"c","max_message_bytes":{limit}}}"#);
        if limit != "1e400" {
            assert_eq!(CallRequest::read(call.as_bytes()).unwrap().max_message_bytes, None, "{limit}");
        }
    }
}

proptest! {
    #[test]
    fn mcp_1_tool_cards_come_back(card in tool_card()) {
        let read = ToolCard::read(&card.tool, &card.to_bytes()).unwrap();
        prop_assert_eq!(read, Some(card));
    }

    #[test]
    fn mcp_2_server_cards_come_back(card in server_card()) {
        let read = ServerCard::read(&card.server, &card.to_bytes()).unwrap();
        prop_assert_eq!(read, Some(card));
    }

    #[test]
    fn mcp_3_calls_come_back(
        call_id in identifier(), arguments in object(),
        client in option::of(text()), timestamp in option::of(text()), response_topic in option::of(text()),
        max_message_bytes in option::of(any::<u64>()), accepts in vec(text(), 0..3),
    ) {
        let call = CallRequest { call_id, arguments, client, timestamp, response_topic, max_message_bytes, accepts };
        prop_assert_eq!(CallRequest::read(&call.to_bytes()).unwrap(), call);
    }

    #[test]
    fn mcp_3_encoded_calls_are_calls(call_id in identifier(), arguments in object(), client in text(), topic in text()) {
        let raw = RawValue::from_string(Value::Object(arguments.clone()).to_string()).unwrap();
        let call = CallRequest::read(&CallRequest::encode(&call_id, &raw, &client, &topic, 4096, &["content"])).unwrap();
        prop_assert_eq!((call.call_id, call.arguments), (call_id, arguments));
        prop_assert_eq!((call.client, call.response_topic), (Some(client), Some(topic)));
        prop_assert_eq!((call.max_message_bytes, call.accepts), (Some(4096), vec!["content".to_owned()]));
    }

    #[test]
    fn mcp_6_responses_come_back(call_id in identifier(), outcome in outcome(), elapsed_ms in option::of(any::<u64>()), text in option::of(text())) {
        let content = text.map(|text| to_raw_value(&[json!({"type": "text", "text": text})]).unwrap());
        let response = Response { call_id, outcome, content: content.clone(), chunks: content, elapsed_ms };
        let bytes = response.to_bytes();
        prop_assert_eq!(Response::read_call_id(&bytes), Some(response.call_id.clone()));
        prop_assert_eq!(Response::read(&bytes).unwrap(), response);
    }

    #[test]
    fn mcp_10_stream_messages_come_back(call_id in identifier(), seq in option::of(any::<u64>()), content in value()) {
        for kind in [StreamKind::Partial, StreamKind::Done, StreamKind::Other("novel".to_owned())] {
            let message = StreamMessage { call_id: call_id.clone(), seq, kind, content: content.clone() };
            prop_assert_eq!(StreamMessage::read(&message.to_bytes()).unwrap(), message);
        }
    }

    #[test]
    fn mcp_17_cancels_come_back(call_ids in vec(identifier(), 1..5), client in option::of(text())) {
        let cancel = CancelRequest { call_ids, client };
        prop_assert_eq!(CancelRequest::read(&cancel.to_bytes()).unwrap(), cancel);
    }

    #[test]
    fn mcp_9_no_bytes_make_a_parser_panic(level in text(), bytes in vec(any::<u8>(), 0..256)) {
        read_everything(&level, &bytes);
    }

    #[test]
    fn mcp_9_no_json_makes_a_parser_panic(level in text(), value in value(), fields in object()) {
        read_everything(&level, value.to_string().as_bytes());
        // Near the mark: the right names with wrong values.
        let mut near = json!({"version": "1", "tool": level, "server": level, "status": "ok", "call_id": "x", "type": "partial"});
        let names = ["version", "tool", "status", "call_id", "type", "error", "result", "arguments", "seq", "tools"];
        for (name, (_, value)) in names.iter().zip(fields) {
            near[*name] = value;
        }
        read_everything(&level, near.to_string().as_bytes());
    }

    #[test]
    fn mcp_9_no_error_makes_a_parser_panic(fields in vec(value(), 5)) {
        let names = ["type", "message", "code", "data", "retry_after_ms"];
        let error: Map<_, _> = names.into_iter().map(str::to_owned).zip(fields).collect();
        let response = json!({"call_id": "x", "status": "error", "error": error});
        read_everything("x", response.to_string().as_bytes());
    }

    #[test]
    fn sub_2_topics_are_made_and_taken_apart(ns in "[a-z]{1,5}(/[a-z0-9 ]{1,5}){0,3}", one in identifier(), two in identifier()) {
        let ns = Namespace::parse(&ns).unwrap();
        let (a, b) = (one.as_str(), two.as_str());
        prop_assert!(ns.parse_topic(&ns.server_card(a)) == Some(Topic::ServerCard(a)));
        prop_assert!(ns.parse_topic(&ns.tool_card(a)) == Some(Topic::ToolCard(a)));
        prop_assert!(ns.parse_topic(&ns.tool_call(a)) == Some(Topic::ToolCall(a)));
        prop_assert!(ns.parse_topic(&ns.cancel(a)) == Some(Topic::Cancel(a)));
        let stream = Topic::Stream { tool: a, call_id: b };
        prop_assert!(ns.parse_topic(&ns.stream(a, b)) == Some(stream));
        prop_assert!(ns.parse_topic(&ns.responses(a)) == Some(Topic::Responses(a)));
        prop_assert!(ns.is_safe_reply(&ns.responses(a)));
        let shared = ns.shared_tool_call(a);
        prop_assert_eq!(shared, format!("$share/mcp-tool-{a}/{}", ns.tool_call(a)), "MCP-12");
    }

    #[test]
    fn mcp_5_only_a_client_s_response_topic_is_safe(topic in "[a-z0-9/+#\0 ]{0,40}|a2a/v1/mcp/clients/.{0,12}/responses") {
        let ns = Namespace::default();
        let client = topic.strip_prefix("a2a/v1/mcp/clients/").and_then(|rest| rest.strip_suffix("/responses"));
        let safe = client.is_some_and(|client| !client.is_empty() && !client.contains(['/', '+', '#']) && client.chars().all(ident::is_sendable));
        prop_assert_eq!(ns.is_safe_reply(&topic), safe);
        prop_assert_eq!(reply_address(&ns, Some(&topic), Some("a2a/v1/mcp/clients/x/responses"), Some("x")).is_some(), safe);
    }

    #[test]
    fn sub_3_a_namespace_is_some_levels_or_refused(text in "[a-z/+#$\0]{0,12}") {
        let trimmed = text.trim_matches('/');
        let good = !trimmed.contains("//") && !trimmed.contains(['+', '#', '\0']) && !trimmed.starts_with('$');
        let parsed = Namespace::parse(&text);
        prop_assert_eq!(parsed.is_ok(), good);
        if let Ok(namespace) = parsed {
            prop_assert_eq!(namespace.as_str(), if trimmed.is_empty() { "a2a/v1" } else { trimmed });
        }
    }

    #[test]
    fn sub_4_an_identifier_is_one_topic_level(text in any::<String>()) {
        let good = !text.is_empty() && text.len() <= 128 && !text.contains(['/', '+', '#']);
        let good = good && text.chars().all(ident::is_sendable);
        prop_assert_eq!(Identifier::parse(&text).is_ok(), good);
        if let Ok(identifier) = Identifier::portable(&text) {
            prop_assert!(identifier.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)));
        }
    }

    #[test]
    fn sub_13_a_trace_context_comes_back_or_is_none(parent in "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|.{0,60}", state in option::of(text())) {
        if let Some(trace) = TraceContext::new(&parent, state.as_deref()) {
            let properties: Vec<_> = trace.to_user_properties().collect();
            prop_assert_eq!(TraceContext::from_user_properties(&properties), Some(trace));
        }
    }
}

fn read_everything(level: &str, bytes: &[u8]) {
    let _ = ToolCard::read(level, bytes);
    let _ = ServerCard::read(level, bytes);
    let _ = Response::read(bytes);
    let _ = Response::read_call_id(bytes);
    let _ = StreamMessage::read(bytes);
    let _ = CancelRequest::read(bytes);
    if let Err(malformed) = CallRequest::read(bytes) {
        // Whatever could be saved is fit to be sent on.
        if let Some(id) = malformed.call_id {
            Identifier::parse(id.as_str()).unwrap();
        }
    }
}

#[test]
fn mcp_6_what_an_error_says_beside_its_message_may_be_anything() {
    let body = |error: Value| {
        let response = json!({"call_id": "c", "status": "error", "error": error});
        Response::read(response.to_string().as_bytes()).unwrap().outcome.unwrap_err()
    };
    let read = body(json!({"type": "tool_error", "message": "m", "data": [1], "retry_after_ms": 1500.5}));
    assert_eq!((read.data.unwrap().get(), read.retry_after_ms), ("[1]", Some(1500)));
    let read = body(json!({"data": null, "retry_after_ms": "soon"}));
    assert!(read.data.is_none() && read.retry_after_ms.is_none());
    assert_eq!(body(json!({"retry_after_ms": -1})).retry_after_ms, Some(0));
}

#[test]
fn mcp_4_our_call_ids_are_uuids_and_others_are_opaque() {
    let ours = Identifier::random();
    assert_eq!((ours.as_str().len(), ours.as_str().as_bytes()[14]), (36, b'4'));
    Identifier::parse("call_lx3k2_8f2k1x").unwrap();
    Identifier::parse("Grüße, Welt").unwrap();
}

#[test]
fn mcp_9_what_can_be_read_of_a_malformed_call_is_kept() {
    let call = br#"{"call_id": "x", "client": "scout", "response_topic": "t", "arguments": []}"#;
    let malformed = CallRequest::read(call).unwrap_err();
    assert_eq!(malformed.call_id.as_ref().map(Identifier::as_str), Some("x"));
    assert_eq!(
        (malformed.client.as_deref(), malformed.response_topic.as_deref()),
        (Some("scout"), Some("t"))
    );
    assert!(malformed.to_string().contains("send `{\"call_id\""), "{malformed}");
}

#[test]
fn mcp_10_a_string_is_content_all_else_is_data_and_the_end_is_neither() {
    let message = |kind, content| {
        let message = StreamMessage { call_id: Identifier::parse("c").unwrap(), seq: Some(1), kind, content };
        String::from_utf8(message.to_bytes()).unwrap()
    };
    assert_eq!(
        message(StreamKind::Partial, json!("a")),
        r#"{"call_id":"c","seq":1,"type":"partial","content":"a"}"#
    );
    assert_eq!(
        message(StreamKind::Partial, json!(7)),
        r#"{"call_id":"c","seq":1,"type":"partial","data":7}"#
    );
    assert_eq!(message(StreamKind::Done, Value::Null), r#"{"call_id":"c","seq":1,"type":"done"}"#);
}

#[test]
fn sub_11_a_card_is_read_ignored_or_removed() {
    let card = |version: &str, tool: &str| {
        format!(r#"{{"version":"{version}","tool":"{tool}","status":"online","novel":1}}"#)
    };
    assert!(matches!(ToolCard::read("add", b""), Ok(None)));
    assert!(matches!(ToolCard::read("add", card("1", "add").as_bytes()), Ok(Some(_))));
    let cause = |payload: &str| match ToolCard::read("add", payload.as_bytes()) {
        Err(error) => error.to_string(),
        Ok(card) => panic!("{card:?}"),
    };
    assert_eq!(
        cause(&card("2", "add")),
        "the card cannot be read: its version is `2`, and `1` is the only one known; update this program or the publisher"
    );
    assert_eq!(
        cause(&card("1", "sub")),
        "the card cannot be read: it is of `sub`, on the topic of `add`; its publisher has to mend it"
    );
    assert_eq!(
        cause("{"),
        "the card cannot be read: EOF while parsing an object at line 1 column 1; its publisher has to mend it"
    );
}

#[test]
fn mcp_17_a_cancel_without_a_call_says_what_to_send() {
    let error = CancelRequest::read(b"{}").unwrap_err();
    assert!(matches!(error.cause(), DecodeCause::NoCall));
    assert_eq!(
        error.to_string(),
        "the cancel cannot be read: it names no call; send `{\"call_id\": .., \"client\": ..}`"
    );
}

#[test]
fn mcp_5_the_first_address_that_is_there_decides() {
    let ns = Namespace::default();
    let (one, two) = (ns.responses("one"), ns.responses("two"));
    assert_eq!(reply_address(&ns, Some(&one), Some(&two), Some("three")), Some(one));
    assert_eq!(reply_address(&ns, None, Some(&two), Some("three")), Some(two));
    assert_eq!(reply_address(&ns, None, None, Some("three")), Some(ns.responses("three")));
    assert_eq!(reply_address(&ns, None, None, Some("a/b")), None);
    assert_eq!(reply_address(&ns, None, None, None), None);
}
