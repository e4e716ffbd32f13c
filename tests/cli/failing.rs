//! The exit codes, and what is said of failures.

use serde_json::json;
use support::on_each_broker;

use crate::command::{run, run_alone};
use crate::served::station;

on_each_broker! {
    async fn code_1_the_tool_failed_with_its_code_and_data(broker) {
        let (agent, _) = station(&broker.url()).await;
        let error = run(broker, &["call", "broken", "--json"]).await.error(1);
        assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("failed"), Some("station")));
        assert_eq!(error["data"], json!({"station": "north"}));
        assert!(error["message"].as_str().unwrap().contains("the station `north` is broken"), "{error}");
        let ended = run(broker, &["call", "broken"]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        assert!(ended.stderr.starts_with("mqtt-agent: the tool failed: "), "{ended:?}");
        agent.stop().await;
    }

    async fn code_2_arguments_that_the_tool_does_not_take(broker) {
        let (agent, _) = station(&broker.url()).await;
        let wrong: [(&[&str], &str); 5] = [
            (&[], "`--city`"),
            (&["--city", "Oslo", "--days", "many"], "`--days` takes a number, and `many` is not one; write, for example, `--days 0`"),
            (&["--city", "Oslo", "--day", "2"], "--day"),
            // The server's own check.
            (&["--city", "Oslo", "--days", "9"], "days"),
            (&["[1]"], "no JSON object"),
        ];
        for (arguments, said) in wrong {
            let line = [&["call", "weather", "--json"], arguments].concat();
            let error = run(broker, &line).await.error(2);
            assert!(error["message"].as_str().unwrap().contains(said), "{arguments:?}: {error}");
        }
        agent.stop().await;
    }

    async fn code_3_nobody_serves_it(broker) {
        for line in [["call", "missing", "--json"], ["show", "missing", "--json"]] {
            assert_eq!(run(broker, &line).await.error(3)["type"], "unavailable");
        }
        assert_eq!(run(broker, &["ask", "missing", "hello", "--json"]).await.error(3)["type"], "unavailable");
    }

    async fn code_4_the_caller_is_not_allowed(broker) {
        let (agent, _) = station(&broker.url()).await;
        assert_eq!(run(broker, &["call", "secret", "--json"]).await.error(4)["type"], "unauthorized");
        agent.stop().await;
    }

    async fn code_5_time_is_over(broker) {
        let (agent, _) = station(&broker.url()).await;
        let ended = run(broker, &["call", "hold", "--timeout", "1s", "--json"]).await;
        let error = ended.error(5);
        assert_eq!(error["type"], "timeout");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("`--timeout`") && !message.contains(".timeout("), "{message}");
        agent.stop().await;
    }

    async fn code_2_a_value_that_begins_with_a_dash_is_told_how_to_write_it(broker) {
        let (agent, _) = station(&broker.url()).await;
        let error = run(broker, &["call", "weather", "--city", "-x", "--json"]).await.error(2);
        assert!(error["message"].as_str().unwrap().contains("use '--OPTION=-x'"), "{error}");
        assert_eq!(run(broker, &["call", "weather", "--city=-x"]).await.done(), "-x None false []");
        agent.stop().await;
    }
}

/// The connection is lost behind the grant of the tool's card, so that nothing is known of the tool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_not_code_3() {
    let card = json!({
        "version": "1", "tool": "add", "server": "up", "namespace": "a2a/v1", "status": "online",
        "description": "Does something.", "input_schema": {"type": "object", "properties": {}},
    });
    let retained = [("a2a/v1/mcp/tools/add/card".to_owned(), card.to_string())];
    let broker = support::lost_behind_the_grant(&retained, 1).await;
    let ended = run_alone(&["call", "add", "--timeout", "1s", "--url", &broker.url(), "--json"]).await;
    assert_eq!(ended.error(5)["type"], "timeout");
}

#[cfg(feature = "peers")]
#[tokio::test]
async fn code_4_the_broker_lets_nobody_in() {
    let broker = support::TestBroker::configured("allow_anonymous false").await;
    assert_eq!(run(&broker, &["tools", "--json"]).await.error(4)["type"], "unauthorized");
}

#[tokio::test]
async fn code_6_no_broker() {
    // Nobody may listen on the port 1 of a test machine.
    let line = ["call", "weather", "--url", "mqtt://127.0.0.1:1", "--json"];
    assert_eq!(run_alone(&line).await.error(6)["type"], "no_broker");
}

#[tokio::test]
async fn what_is_waited_for_is_told_to_people_and_not_in_json() {
    let line = ["tools", "--url", "mqtt://127.0.0.1:1"];
    let people = run_alone(&line).await;
    assert_eq!((people.code, people.stdout.as_str()), (Some(6), ""), "{people:?}");
    assert!(
        people.stderr.starts_with("mqtt-agent: waiting for a broker at `127.0.0.1:1`, for up to 3 s: "),
        "{people:?}"
    );
    let programs = run_alone(&[&line[..], &["--json"]].concat()).await;
    assert_eq!((programs.code, programs.stderr.as_str()), (Some(6), ""), "{programs:?}");
}

#[tokio::test]
async fn code_2_a_line_that_is_no_command() {
    for line in [&["fly"][..], &["call"], &["tools", "--url"], &["call", "x", "--timeout", "soon"]] {
        let ended = run_alone(line).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{line:?}");
        assert!(!ended.stderr.is_empty(), "{line:?}");
    }
    assert_eq!(run_alone(&["tools", "--url", "http://x", "--json"]).await.error(2)["type"], "usage");
}
