//! Properties of the A2A profile's messages: what is written is read back, and no bytes make a parser panic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn identifier() -> impl Strategy<Value = Identifier> {
    "[^/+#\\p{Cc}\\p{Cn}]{1,32}".prop_map(|text| Identifier::parse(&text).unwrap())
}

fn part() -> impl Strategy<Value = Part> {
    let content = prop_oneof![
        ".{0,12}".prop_map(Part::text),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Part::raw(bytes, "application/octet-stream")),
        ".{0,12}".prop_map(Part::url),
        any::<i64>().prop_map(|number| Part::data(json!({"number": number}))),
    ];
    (content, option::of(".{0,8}"), option::of(".{0,8}")).prop_map(|(mut part, filename, media_type)| {
        part.filename = filename;
        part.media_type = media_type.or(part.media_type);
        part
    })
}

fn message() -> impl Strategy<Value = TaskMessage> {
    (any::<bool>(), vec(part(), 0..4), ".{0,12}").prop_map(|(agent, content, timestamp)| TaskMessage {
        role: if agent { Role::Agent } else { Role::User },
        content,
        timestamp,
    })
}

fn state() -> impl Strategy<Value = TaskState> {
    use TaskState::*;
    proptest::sample::select(vec![Submitted, Working, InputRequired, Completed, Failed, Canceled, Rejected])
}

fn task() -> impl Strategy<Value = Task> {
    let texts = (".{0,8}", ".{0,8}", ".{0,8}", ".{0,8}", ".{0,12}");
    let error = option::of((".{0,8}", ".{0,8}", option::of(".{0,8}")));
    let artifacts = vec((".{1,8}", vec(part(), 0..3)), 0..3);
    (identifier(), texts, vec(message(), 0..3), state(), option::of(any::<i64>()), error, artifacts).prop_map(
        |(task_id, (from, to, kind, title, time), messages, status, result, error, artifacts)| Task {
            task_id,
            from,
            to,
            kind,
            title,
            messages,
            status,
            result: result.map(Value::from),
            error: error.map(|(kind, message, code)| TaskError { kind, message, code }),
            artifacts: artifacts.into_iter().map(|(id, parts)| Artifact::new(id, parts)).collect(),
            created_at: time.clone(),
            updated_at: time,
        },
    )
}

proptest! {
    #[test]
    fn a_task_is_read_as_it_was_written(task in task()) {
        let text = serde_json::to_string(&task).unwrap();
        prop_assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task);
    }

    #[test]
    fn an_inbox_message_is_read_as_it_was_written(task in task(), updates: bool, cancel: bool) {
        let mut sent = TaskNotification::of(&task, updates);
        if cancel {
            sent.intent = Intent::Cancel;
        }
        prop_assert_eq!(TaskNotification::read(&sent.to_bytes()).unwrap(), sent);
    }

    #[test]
    fn a_result_is_read_as_it_was_written(task in task(), seq: u32) {
        for sent in [TaskResult::of(&task, "me"), TaskResult::update(task.task_id, task.status, "me", seq.into())] {
            prop_assert_eq!(TaskResult::read(&sent.to_bytes()).unwrap(), sent);
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z_0-9 ]{0,80}") {
        for payload in [&bytes[..], text.as_bytes()] {
            drop(TaskNotification::read(payload));
            drop(TaskResult::read(payload));
            drop(AgentCard::read("a", payload));
            drop(AgentStatus::read(payload));
        }
    }

    #[test]
    fn only_topics_of_results_are_safe(level in "[^/+#\\p{Cc}\\p{Cn}]{1,16}", other in ".{0,24}") {
        let namespace = Namespace::default();
        prop_assert!(namespace.is_safe_result(&namespace.results(&level)));
        prop_assert!(namespace.is_safe_result(&namespace.task_result(&level)));
        let inbox = namespace.inbox(&level);
        prop_assert!(!namespace.is_safe_result(&inbox));
        prop_assert!(!namespace.is_safe_result(&other));
    }
}

#[test]
fn a2a_10_the_spellings_of_others_are_accepted_and_ours_are_sent() {
    let spellings = [
        ("pending", TaskState::Submitted),
        ("Pending", TaskState::Submitted),
        ("ok", TaskState::Completed),
        ("SUCCESS", TaskState::Completed),
        ("complete", TaskState::Completed),
        ("TASK_STATE_COMPLETED", TaskState::Completed),
        ("TASK_STATE_INPUT_REQUIRED", TaskState::InputRequired),
        ("AUTH_REQUIRED", TaskState::AuthRequired),
        ("running", TaskState::Working),
        ("in_progress", TaskState::Working),
        ("done", TaskState::Completed),
        ("error", TaskState::Failed),
        ("cancelled", TaskState::Canceled),
    ];
    for (text, state) in spellings {
        assert_eq!(serde_json::from_value::<TaskState>(text.into()).unwrap(), state);
        assert_ne!(serde_json::to_value(state).unwrap(), text);
    }
    assert!(serde_json::from_value::<TaskState>("exploded".into()).is_err());
}

#[test]
fn a2a_9_content_is_always_a_string_and_parts_say_what_is_more() {
    let said = |parts: Vec<Part>| {
        let message = serde_json::to_value(TaskMessage::new(Role::User, parts)).unwrap();
        (message["content"].clone(), message.get("parts").cloned())
    };
    assert_eq!(said(vec![Part::text("a")]), (json!("a"), None));
    assert_eq!(
        said(vec![Part::text("a").with_media_type("text/plain")]),
        (json!("a"), Some(json!([{"text": "a", "mediaType": "text/plain"}])))
    );
    assert_eq!(
        said(vec![Part::raw(vec![0, 255], "image/png")]),
        (json!("[bytes: image/png, 2 bytes]"), Some(json!([{"raw": "AP8=", "mediaType": "image/png"}])))
    );
    let data = json!({"n": 1});
    assert_eq!(
        said(vec![Part::text("a"), Part::data(data.clone())]),
        (json!("a\n{\"n\":1}"), Some(json!([{"text": "a"}, {"data": data}])))
    );
    assert_eq!(said(vec![]), (json!(""), Some(json!([]))));
}

#[test]
fn a2a_9_an_array_in_content_is_still_read_and_parts_replace_a_content() {
    let read = |message: Value| serde_json::from_value::<TaskMessage>(message).unwrap().content;
    let parts = json!([{"text": "a"}, {"data": {"n": 1}}]);
    let both = vec![Part::text("a"), Part::data(json!({"n": 1}))];
    assert_eq!(read(json!({"content": parts})), both);
    assert_eq!(read(json!({"content": "a", "parts": parts})), both);
    assert_eq!(read(json!({"parts": parts})), both);
}

#[test]
fn a2a_9_a_prompt_is_the_first_message() {
    let payload =
        br#"{"task_id": "t", "prompt": "do it", "messages": [{"role": "agent", "content": "later"}]}"#;
    let task = TaskNotification::read(payload).unwrap().into_task();
    let said: Vec<_> = task.messages.iter().map(|message| (message.role, message.text())).collect();
    assert_eq!(said, [(Role::User, "do it".to_owned()), (Role::Agent, "later".to_owned())]);
}

#[test]
fn a_part_holds_something_and_its_base64_is_base64() {
    for wrong in [json!({}), json!({"raw": "%"}), json!({"filename": "x"})] {
        assert!(serde_json::from_value::<Part>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_code_that_is_a_number_is_read_as_its_text() {
    let error: TaskError =
        serde_json::from_value(json!({"type": "x", "message": "y", "code": 404, "new": 1})).unwrap();
    assert_eq!(error.code.as_deref(), Some("404"));
}

#[test]
fn an_error_of_a_task_reads_as_a_sentence_and_has_its_code() {
    let failed = TaskError::new("task_error", "bad 7");
    assert_eq!(failed.to_string(), "bad 7");
    assert_eq!(failed.with_code("very_bad").to_string(), "bad 7 (code `very_bad`)");
    let rejected = TaskError::new("invalid_arguments", "`/a`: missing; give it");
    assert_eq!(rejected.to_string(), "invalid_arguments: `/a`: missing; give it");
}
