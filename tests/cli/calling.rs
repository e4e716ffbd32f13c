//! `call`: options from a tool's schema, and the form of answers.

use serde_json::json;
use support::{TestBroker, on_each_broker, soon};

use crate::command::{Running, run, run_with};
use crate::served::station;

async fn says(broker: &TestBroker, arguments: &[&str]) -> String {
    run(broker, arguments).await.done().to_owned()
}

on_each_broker! {
    async fn options_are_made_from_the_schema(broker) {
        let (agent, _) = station(&broker.url()).await;
        assert_eq!(says(broker, &["call", "weather", "--city", "Oslo"]).await, "Oslo None false []");
        assert_eq!(says(broker, &["call", "weather", "--city=Oslo", "--days", "2"]).await, "Oslo Some(2) false []");
        // A text stays one though it looks like a number; a list is given item by item.
        let given = ["call", "weather", "--city", "7", "--fahrenheit", "--words", "a", "--words", "b c"];
        assert_eq!(says(broker, &given).await, r#"7 None true ["a", "b c"]"#);
        agent.stop().await;
    }

    async fn arguments_come_as_json_from_the_line_a_file_and_stdin_and_options_are_put_into_them(broker) {
        let (agent, _) = station(&broker.url()).await;
        let arguments = r#"{"city": "Oslo", "days": 1}"#;
        let expected = "Oslo Some(3) false []";
        assert_eq!(says(broker, &["call", "weather", arguments, "--days", "3"]).await, expected);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("arguments.json");
        std::fs::write(&file, arguments).unwrap();
        let file = format!("@{}", file.display());
        assert_eq!(says(broker, &["call", "weather", &file, "--days", "3"]).await, expected);
        let piped = run_with(broker, &["call", "weather", "-", "--days", "3"], arguments).await;
        assert_eq!(piped.done(), expected);
        agent.stop().await;
    }

    async fn an_argument_named_like_an_option_of_ours_has_a_prefix(broker) {
        let (agent, _) = station(&broker.url()).await;
        let url = broker.url();
        // `--url` is the broker behind the tool's name as well.
        assert_eq!(says(broker, &["call", "echo", "--url", &url, "--arg-url", "x"]).await, "x");
        agent.stop().await;
    }

    async fn the_help_of_a_tool_has_its_options(broker) {
        let (agent, _) = station(&broker.url()).await;
        let help = says(broker, &["call", "weather", "--help"]).await;
        for part in ["Weather of one day.", "--city <TEXT>", "City name, in English. (required)", "--days <NUMBER>"] {
            assert!(help.contains(part), "{part}: {help}");
        }
        agent.stop().await;
    }

    async fn partial_results_and_the_result_are_lines_of_json(broker) {
        let (agent, _) = station(&broker.url()).await;
        let ended = run(broker, &["call", "count", "--n", "2", "--json"]).await;
        assert_eq!(ended.values(), [json!({"partial": 1}), json!({"partial": 2}), json!({"result": 2})]);
        let ended = run(broker, &["call", "count", "--n", "2"]).await;
        assert_eq!((ended.done(), ended.stderr.as_str()), ("2", "1\n2\n"), "the result alone can be piped");
        agent.stop().await;
    }

    async fn ctrl_c_cancels_the_call(broker) {
        let (agent, mut heard) = station(&broker.url()).await;
        let call = Running::start(Some(&broker.url()), &["call", "hold"]);
        assert_eq!(soon(heard.recv()).await, Some("began"));
        assert_eq!(call.interrupt().await, Some(130));
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        agent.stop().await;
    }
}
