//! `ask`: a task, its questions and its end.

use serde_json::json;
use support::on_each_broker;

use crate::command::{run, run_with};
use crate::served::desk;

on_each_broker! {
    async fn what_an_agent_asks_is_answered_from_stdin(broker) {
        let desk = desk(&broker.url()).await;
        let ended = run_with(broker, &["ask", "desk", "Greet me"], "Ada\n").await;
        assert_eq!(ended.done(), "Hello Ada");
        assert!(ended.stderr.contains("input-required: Name?") || ended.stderr.contains("input_required: Name?"), "{ended:?}");
        desk.stop().await;
    }

    async fn the_task_its_updates_and_its_result_are_lines_of_json(broker) {
        let desk = desk(&broker.url()).await;
        let values = run_with(broker, &["ask", "desk", "Greet me", "--skill", "greet", "--json"], "Ada\n").await.values();
        assert!(values[0]["task"].is_string(), "{values:?}");
        assert!(values.iter().any(|value| value["message"] == "Name?"), "{values:?}");
        assert_eq!(values.last(), Some(&json!({"result": "Hello Ada", "artifacts": []})));
        desk.stop().await;
    }

    async fn a_question_that_nobody_answers_ends_the_task(broker) {
        let desk = desk(&broker.url()).await;
        let error = run(broker, &["ask", "desk", "Greet me", "--json"]).await.error(1);
        assert_eq!(error["code"], "question");
        desk.stop().await;
    }
}
