//! `ask`: a task, its questions and its end.

use std::process::Stdio;
use std::time::Duration;

use mqtt_agent::Task;
use mqtt_agent::prelude::*;
use support::on_each_broker;

use crate::command::{Running, command, run, run_with};
use crate::served::desk;

/// Does not wait for an answer for long.
#[skill]
async fn hurry(task: Task) -> String {
    let answer = tokio::time::timeout(Duration::from_millis(300), task.ask("Name?")).await;
    if answer.is_ok() { "answered".to_owned() } else { "without a name".to_owned() }
}

on_each_broker! {
    async fn a_task_that_ends_while_an_answer_is_typed_is_told(broker) {
        let agent = Agent::new("hasty").skills(skills![hurry]).start(&broker.url()).await.unwrap();
        let mut asking = command(&["ask", "hasty", "Hurry", "--json"]);
        asking.env("MQTT_AGENT_URL", broker.url()).stdin(Stdio::piped());
        let mut asking = Running::of(asking);
        while asking.next().await["message"] != "Name?" {}
        while asking.next().await["result"] != "without a name" {}
        assert_eq!(asking.ended().await, Some(0));
        agent.stop().await;
    }

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
