//! Errors of tools: what the caller reads, what it gets as a value, and what only the log says.

use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, ErrorCode};
use support::{RawPeer, json, on_each_broker, reply_to};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct AccountId(u64);

impl std::fmt::Display for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "A-{}", self.0)
    }
}

/// Not for serde.
#[derive(Debug, PartialEq)]
struct Handle(u8);

#[derive(Debug, ToolError)]
enum BankError {
    /// No such account.
    #[tool_error("no account `{0}`; call `accounts` to list them", code = "account_not_found")]
    NotFound(AccountId),
    #[tool_error("closed until {until:?}", retry_after = wait)]
    Closed { until: String, wait: Duration },
    #[tool_error("frozen", retry_after = "2s")]
    Frozen,
    #[tool_error("no more handles after {0:?}")]
    Handles(Handle),
    #[tool_error("of {0}", opaque)]
    Quiet(String),
    #[tool_error(internal, from)]
    Db(std::io::Error),
    #[tool_error(transparent, from)]
    Limit(Limit),
}

#[derive(Debug, PartialEq, thiserror::Error, ToolError)]
enum Limit {
    #[error("over the limit of {most}")]
    Over { most: u32 },
    #[error("secret limit table at {0} is gone")]
    #[tool_error(internal, retry_after = "1m")]
    Table(String, #[source] LimitSource),
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("secret disk {0}")]
struct LimitSource(u8);

/// Fails as it is told to.
#[tool]
async fn bank(how: String) -> Result<u8, BankError> {
    Err(match how.as_str() {
        "not_found" => BankError::NotFound(AccountId(7)),
        "closed" => BankError::Closed { until: "nine".to_owned(), wait: Duration::from_millis(1500) },
        "frozen" => BankError::Frozen,
        "handles" => BankError::Handles(Handle(3)),
        "quiet" => BankError::Quiet("hidden".to_owned()),
        "db" => std::io::Error::other(LimitSource(4)).into(),
        "over" => Limit::Over { most: 10 }.into(),
        _ => Limit::Table("secret place".to_owned(), LimitSource(5)).into(),
    })
}

/// Fails with an error of any kind.
#[tool]
async fn boxed() -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
    Err(LimitSource(6))?
}

/// Fails with an error of any kind, and its context.
#[tool]
async fn with_anyhow() -> Result<u8, anyhow::Error> {
    Err(anyhow::Error::new(LimitSource(7)).context("secret context"))
}

/// The log's line about the error that a caller reads as `internal error (ref ..)`.
fn logged(error: &CallError) -> String {
    let CallError::Tool { message, code: Some(code), data: None, .. } = error else { panic!("{error:?}") };
    assert_eq!(code, "internal");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    let reference = message.strip_prefix("internal error (ref ").unwrap().strip_suffix(')').unwrap();
    crate::log::lines(reference).pop().unwrap()
}

on_each_broker! {
    async fn errors_come_back_as_values(broker) {
        let agent = Agent::new("bank").tools(tools![bank]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let fail = |how: &str| {
            let call = client.call("bank", json!({"how": how})).into_future();
            async move { call.await.unwrap_err() }
        };

        let error = fail("not_found").await;
        assert_eq!(error.to_string(), "the tool failed: no account `A-7`; call `accounts` to list them");
        assert_eq!((error.code(), error.retry_after()), (Some("account_not_found"), None));
        assert_eq!(error.data().unwrap().get(), "[7]");
        assert!(matches!(error.tool_error(), Some(BankError::NotFound(AccountId(7)))));
        assert_eq!(error.tool_error::<Limit>(), None, "another's");
        assert_eq!(error.tool_error::<String>().as_deref(), Some("no account `A-7`; call `accounts` to list them"));

        let error = fail("closed").await;
        assert_eq!(error.to_string(), "the tool failed: closed until \"nine\"");
        assert_eq!((error.code(), error.retry_after()), (Some("closed"), Some(Duration::from_millis(1500))));
        let value = error.tool_error();
        assert!(matches!(&value, Some(BankError::Closed { until, wait }) if until == "nine" && wait.as_millis() == 1500), "{value:?}");

        let error = fail("frozen").await;
        assert_eq!((error.data().is_none(), error.retry_after()), (true, Some(Duration::from_secs(2))));
        assert!(matches!(error.tool_error(), Some(BankError::Frozen)));

        // What serde does not know, and what is kept quiet, is a message and a code.
        for (how, message) in [("handles", "no more handles after Handle(3)"), ("quiet", "of hidden")] {
            let error = fail(how).await;
            assert_eq!((error.code(), error.data().is_none()), (Some(how), true));
            assert_eq!(error.tool_error::<String>().as_deref(), Some(message));
            assert!(error.tool_error::<BankError>().is_none());
        }

        // What is within speaks for itself, there and back.
        let error = fail("over").await;
        assert_eq!((error.code(), error.data().unwrap().get()), (Some("over"), "{\"most\":10}"));
        assert_eq!(error.tool_error::<String>().as_deref(), Some("over the limit of 10"), "thiserror's text");
        assert!(matches!(error.tool_error(), Some(BankError::Limit(Limit::Over { most: 10 }))));
        agent.stop().await;
    }

    async fn what_is_internal_is_logged_and_never_sent(broker) {
        crate::log::begin();
        let tools = tools![bank, boxed, with_anyhow];
        let agent = Agent::new("bank").tools(tools).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();

        let error = client.call("bank", json!({"how": "db"})).await.unwrap_err();
        let line = logged(&error);
        assert!(line.contains("BankError::Db: secret disk 4") && line.contains("handler=\"bank\""), "{line}");
        assert!(error.tool_error::<BankError>().is_none());

        let error = client.call("bank", json!({"how": "table"})).await.unwrap_err();
        let line = logged(&error);
        assert!(line.contains("secret limit table at secret place is gone: secret disk 5"), "{line}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));

        let line = logged(&client.call("boxed", ()).await.unwrap_err());
        assert!(line.contains("secret disk 6"), "{line}");
        let line = logged(&client.call("with_anyhow", ()).await.unwrap_err());
        assert!(line.contains("secret context: secret disk 7"), "{line}");
        agent.stop().await;
    }

    async fn mcp_6_an_error_on_the_wire(broker) {
        let agent = Agent::new("bank").tools(tools![bank]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        let call = json!({"call_id": "call_1", "client": "peer", "arguments": {"how": "closed"}});
        peer.publish("a2a/v1/mcp/tools/bank/call", call.to_string(), reply_to(responses, b"1")).await;
        let answer = json(&peer.next(responses).await);
        // X: `data` and `retry_after_ms` are additions that a v0.1 peer ignores.
        assert_eq!(
            answer["error"],
            json!({
                "type": "tool_error",
                "message": "closed until \"nine\"",
                "code": "closed",
                "data": {"until": "nine", "wait": {"secs": 1, "nanos": 500_000_000}},
                "retry_after_ms": 1500,
            })
        );
        agent.stop().await;
    }

    async fn mcp_6_an_error_without_additions_is_read(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("a2a/v1/mcp/tools/bank/call").await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        for (code, frozen) in [("frozen", true), ("account_not_found", false), ("closed", false)] {
            let call = tokio::spawn(client.call("bank", ()).into_future());
            let call_id = json(&peer.next("a2a/v1/mcp/tools/bank/call").await)["call_id"].clone();
            let error = json!({"type": "tool_error", "message": "m", "code": code, "retry_after_ms": "soon"});
            let answer = json!({"call_id": call_id, "status": "error", "error": error});
            peer.publish("a2a/v1/mcp/clients/scout/responses", answer.to_string(), Default::default()).await;
            let error = call.await.unwrap().unwrap_err();
            assert_eq!((error.code(), error.retry_after()), (Some(code), None));
            assert_eq!(matches!(error.tool_error(), Some(BankError::Frozen)), frozen);
            assert_eq!(error.tool_error::<BankError>().is_some(), frozen, "{code}");
        }
        client.close().await;
    }
}

#[test]
fn the_codes_of_a_tool_are_known() {
    let [tool] = tools![bank];
    let codes = tool.errors();
    let names: Vec<_> = codes.iter().map(|code| code.code).collect();
    assert_eq!(names, ["account_not_found", "closed", "frozen", "handles", "quiet", "internal", "over"]);
    let first: ErrorCode = codes[0];
    assert_eq!(first.message, Some("no account `{0}`; call `accounts` to list them"));
    assert_eq!((first.description, first.internal, first.retry), ("No such account.", false, false));
    assert!(codes[1].retry && codes[5].internal);
    assert_eq!(codes[6].message, None, "only its `Display` knows");
    let [tool] = tools![boxed];
    assert_eq!(tool.errors(), [ErrorCode::INTERNAL]);
    let [tool] = tools![crate::tools::fail];
    assert_eq!(tool.errors(), []);
}
