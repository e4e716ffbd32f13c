//! `tasks`: what this client gave an agent, in later processes.

use serde_json::json;
use support::{TestBroker, on_each_broker};

use crate::command::{Running, run, run_with};
use crate::served::desk;

/// Gives the desk a task, and leaves it there.
async fn given(broker: &TestBroker) -> String {
    let ended =
        run(broker, &["ask", "desk", "Greet me", "--skill", "greet", "--id", "ada", "--detach", "--json"])
            .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.values()[0]["task"].as_str().unwrap().to_owned()
}

on_each_broker! {
    async fn a2a_16_tasks_are_listed_by_a_later_process_of_their_id(broker) {
        let desk = desk(&broker.url()).await;
        let (first, second) = (given(broker).await, given(broker).await);
        let listed = run(broker, &["tasks", "list", "desk", "--id", "ada", "--json"]).await.values();
        let ids: Vec<_> = listed.iter().map(|task| task["task_id"].as_str().unwrap()).collect();
        assert_eq!(ids, [first.as_str(), second.as_str()]);
        assert_eq!((&listed[0]["from"], &listed[0]["type"]), (&json!("ada"), &json!("greet")));
        let one = run(broker, &["tasks", "list", "desk", "--id", "ada", "--limit", "1", "--json"]).await;
        assert_eq!(one.values().len(), 1);
        let done = run(broker, &["tasks", "list", "desk", "--id", "ada", "--state", "completed", "--json"]).await;
        assert_eq!((done.code, done.values().len()), (Some(0), 0));
        let others = run(broker, &["tasks", "list", "desk", "--id", "eve", "--json"]).await;
        assert_eq!((others.code, others.values().len()), (Some(0), 0), "those of another are as if they did not exist");
        desk.stop().await;
    }

    async fn a2a_16_a_task_is_shown(broker) {
        let desk = desk(&broker.url()).await;
        let id = given(broker).await;
        let shown = run(broker, &["tasks", "show", "desk", &id, "--id", "ada", "--json"]).await.values().remove(0);
        assert_eq!(shown["task_id"], id.as_str());
        let error = run(broker, &["tasks", "show", "desk", "other", "--id", "ada", "--json"]).await.error(3);
        assert_eq!(error["type"], "unavailable");
        desk.stop().await;
    }

    async fn a2a_16_a_task_is_taken_up_again_and_its_question_answered(broker) {
        let desk = desk(&broker.url()).await;
        let id = given(broker).await;
        let ended = run_with(broker, &["tasks", "attach", "desk", &id, "--id", "ada", "--json"], "Ada\n").await;
        let values = ended.values();
        assert_eq!(values.last(), Some(&json!({"result": "Hello Ada", "artifacts": []})), "{ended:?}");
        desk.stop().await;
    }

    async fn a2a_12_a_task_is_cancelled_and_only_once(broker) {
        let desk = desk(&broker.url()).await;
        let id = given(broker).await;
        let line = ["tasks", "cancel", "desk", &id, "--id", "ada", "--json"];
        assert_eq!(run(broker, &line).await.values(), [json!({"task": id, "state": "canceled"})]);
        let shown = run(broker, &["tasks", "show", "desk", &id, "--id", "ada", "--json"]).await.values().remove(0);
        assert_eq!(shown["status"], "canceled");
        desk.stop().await;
    }

    async fn ctrl_c_leaves_an_attached_task_to_its_agent(broker) {
        let desk = desk(&broker.url()).await;
        let id = given(broker).await;
        let mut command = crate::command::command(&["tasks", "attach", "desk", &id, "--id", "ada", "--json"]);
        command.env("MQTT_AGENT_URL", broker.url()).stdin(std::process::Stdio::piped());
        let mut attached = Running::of(command);
        while attached.next().await["message"] != "Name?" {}
        assert_eq!(attached.interrupt().await, Some(130));
        let shown = run(broker, &["tasks", "show", "desk", &id, "--id", "ada", "--json"]).await.values().remove(0);
        assert_eq!(shown["status"], "input-required", "{shown}");
        desk.stop().await;
    }

    async fn tasks_without_an_id_are_a_usage_error(broker) {
        let error = run(broker, &["tasks", "list", "desk", "--json"]).await.error(2);
        assert!(error["message"].as_str().unwrap().contains("`--id`"), "{error}");
    }
}
