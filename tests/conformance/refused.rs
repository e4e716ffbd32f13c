//! Arguments that are refused before the handler runs.

use mqtt_agent::CallError;
use mqtt_agent::prelude::*;
use serde_json::json;
use support::on_each_broker;

use crate::tools::*;

/// A formula, as serde writes an enum with a tag.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Tagged {
    Num { value: i64 },
    Neg { of: Box<Tagged> },
    Add { left: Box<Tagged>, right: Box<Tagged> },
}

/// The same without a tag.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Num(i64),
    List(Vec<Untagged>),
    // The shorter one first: serde tries them in turn, and would read what is within once more for each that fails.
    Neg { left: Box<Untagged> },
    Pair { left: Box<Untagged>, right: Box<Untagged> },
}

/// Takes formulas.
#[tool]
fn formula(tagged: Option<Tagged>, untagged: Option<Untagged>) -> bool {
    tagged.is_some() || untagged.is_some()
}

/// A value in values.
fn deep(levels: u32, last: &str, around: fn(String) -> String) -> String {
    (0..levels).fold(last.to_owned(), |value, _| around(value))
}

on_each_broker! {
    async fn mcp_8a_arguments_of_recursive_types_are_checked_at_once_however_deep_they_are(broker) {
        let agent = Agent::new("calc").tools(tools![formula, add]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let tagged: fn(String) -> String = |of| format!(r#"{{"kind":"Neg","of":{of}}}"#);
        let listed: fn(String) -> String = |of| format!("[{of}]");
        let paired: fn(String) -> String = |of| format!(r#"{{"left":{of}}}"#);
        for (name, around, fits, not) in [
            ("tagged", tagged, r#"{"kind":"Num","value":1}"#, r#"{"kind":"Num","value":"x"}"#),
            ("untagged", listed, "1", r#""x""#),
            ("untagged", paired, "1", r#""x""#),
        ] {
            for levels in [1, 30, 100] {
                for (last, is_right) in [(fits, true), (not, false)] {
                    let arguments = format!(r#"{{"{name}":{}}}"#, deep(levels, last, around));
                    let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
                    let answer = support::soon(client.call("formula", arguments).into_future()).await;
                    match answer {
                        Ok(_) => assert!(is_right, "{name} {levels}"),
                        Err(CallError::InvalidArguments { message }) => assert!(!is_right, "{message}"),
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        }
        client.call("add", json!({"a": 1, "b": 2})).await.unwrap();
        agent.stop().await;
    }

    async fn mcp_8_all_errors_of_a_call_come_in_one_answer_and_the_handler_does_not_run(broker) {
        let watch = Watch::default();
        let agent = Agent::new("calc").tools(tools![narrow, counted_add]).state(watch.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let refused = async |tool: &str, arguments: serde_json::Value| match client.call(tool, arguments).await {
            Err(CallError::InvalidArguments { message }) => message,
            other => panic!("{other:?}"),
        };

        let message = refused("narrow", json!({"stars": 6, "name": "x", "code": "A1", "form": "here", "days": null})).await;
        assert_eq!(
            message,
            "`/code`: expected a string that matches `^[a-z]+$`, got \"A1\"; \
             `/form`: unknown; did you mean `from`?; \
             `/name`: expected at least 2 characters, got \"x\"; \
             `/stars`: expected at most 5, got 6"
        );
        assert_eq!(refused("counted_add", json!({})).await, "`/a`: missing; give it, a number; `/b`: missing; give it, a number");
        assert_eq!(refused("counted_add", json!({"a": "1", "b": [2]})).await,
            "`/a`: expected a number, got \"1\"; `/b`: expected a number, got a list of 1");
        assert_eq!(watch.began(), 0);

        let result = client.call("narrow", json!({"stars": 5, "name": "ab", "code": null})).await.unwrap();
        assert_eq!(result, json!("5 ab None 7 None"), "an explicit null is as good as nothing, and defaults are filled in");
        let result = client.call("narrow", json!({"stars": 1, "name": "abcdefgh", "code": "x", "days": 0, "from": "y"})).await;
        assert_eq!(result.unwrap(), json!("1 abcdefgh Some(\"x\") 0 Some(\"y\")"));
        agent.stop().await;
    }

    async fn mcp_8_a_number_without_a_fraction_is_an_integer(broker) {
        let agent = Agent::new("calc").tools(tools![narrow]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = |stars: f64| client.call("narrow", json!({"stars": stars, "name": "ab", "days": 2.0}));
        assert_eq!(call(5.0).await.unwrap(), json!("5 ab None 2 None"));
        let error = call(4.5).await.unwrap_err().to_string();
        assert!(error.contains("`/stars`: expected a whole number, got 4.5"), "{error}");
        agent.stop().await;
    }

    async fn a_tool_may_have_many_parameters(broker) {
        let agent = Agent::new("calc").tools(tools![many]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut arguments = json!({"a": 1, "b": "2", "d": true, "e": [4], "f": 5.5, "g": 6, "h": 7, "i": "8"});
        assert_eq!(client.call("many", arguments.clone()).await.unwrap(), json!("1 2 None true true [4] 5.5 6 7 8"));
        arguments["i"] = json!(9);
        arguments["a"] = json!("x");
        let error = client.call("many", arguments).await.unwrap_err().to_string();
        assert!(error.contains("`/a`: ") && error.contains("; `/i`: "), "{error}");
        agent.stop().await;
    }

    async fn mcp_18_a_caller_that_is_not_allowed_is_refused(broker) {
        let agent = Agent::new("vault").tools(tools![secret]).start(&broker.url()).await.unwrap();
        let scout = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        assert_eq!(scout.call("secret", ()).await.unwrap(), json!("for scout"));
        let other = Client::connect(ConnectOptions::new(broker.url()).id("analyst")).await.unwrap();
        let error = other.call("secret", ()).await.unwrap_err();
        assert!(matches!(&error, CallError::Unauthorized { message } if message.contains("`analyst` may not call `secret`")), "{error:?}");
        agent.stop().await;
    }
}
