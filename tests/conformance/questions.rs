//! Questions of a task, their answers, and what comes at the wrong time.

use std::future::IntoFuture;
use std::sync::Arc;

use mqtt_agent::Task;
use mqtt_agent::a2a::{DelegateError, NewTask, TaskHandle, TaskUpdateError};
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{Artifact, Part, TaskState};
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use serde_json::json;
use support::{RawPeer, json, on_each_broker, soon};
use tokio::sync::{Notify, mpsc};

const INBOX: &str = "a2a/v1/tasks/desk/inbox";
const RESULTS: &str = "a2a/v1/tasks/peer/results";

/// Asks the same until the answer is a number.
#[skill]
async fn count_to(task: Task) -> Result<u64, TaskUpdateError> {
    loop {
        match task.ask_for("How far?").await {
            Err(TaskUpdateError::UnexpectedAnswer(_)) => {}
            answer => return answer,
        }
    }
}

/// Asks twice, and joins the answers.
#[skill]
async fn interview(task: Task) -> Result<String, TaskUpdateError> {
    let name = task.ask("Name?").await?.text();
    Ok(format!("{name}, {}", task.ask("Colour?").await?.text()))
}

/// Takes its question back, and goes on when it is told to.
#[skill]
async fn hesitate(task: Task, State(go): State<Arc<Notify>>) -> Result<String, TaskUpdateError> {
    tokio::select! {
        answer = task.ask("Shall I?") => return Ok(answer?.text()),
        () = go.notified() => {}
    }
    go.notified().await;
    Ok("decided".to_owned())
}

/// Asks two things at once.
#[skill]
async fn stutter(task: Task) -> Result<String, TaskUpdateError> {
    let (first, second) = tokio::join!(task.ask("One?"), task.ask("Two?"));
    Ok(format!("{}; {}", first?.text(), second.unwrap_err()))
}

/// Gives what holds of its task to the test, and ends.
#[skill]
async fn escape(task: Task, State(out): State<mpsc::Sender<Task>>) {
    out.send(task).await.unwrap();
}

/// The same, and stays.
#[skill]
async fn leak(task: Task, State(out): State<mpsc::Sender<Task>>) {
    out.send(task).await.unwrap();
    std::future::pending().await
}

/// Says too much.
#[skill]
async fn ramble(task: Task) -> String {
    let much = "x".repeat(1 << 20);
    task.progress(much.clone()).await;
    let asked = task.ask(much.clone()).await.unwrap_err();
    let given = task.artifact(Artifact::new("much", [Part::text(much)])).await.unwrap_err();
    assert!(
        matches!((&asked, &given), (TaskUpdateError::TooLarge { .. }, TaskUpdateError::TooLarge { .. })),
        "{asked:?}"
    );
    asked.to_string()
}

async fn asks(task: &mut TaskHandle) -> String {
    loop {
        let update = soon(task.next()).await.expect("it asks");
        if update.state == TaskState::InputRequired {
            return update.message.unwrap().text();
        }
    }
}

async fn state(task: &mut TaskHandle, wanted: TaskState) {
    while soon(task.next()).await.expect("it goes on").state != wanted {}
}

on_each_broker! {
    async fn a_question_that_is_asked_again_is_answered_again(broker) {
        let agent = Agent::new("desk").skills(skills![count_to]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("count_to")).await.unwrap();
        for answer in ["far", "very far"] {
            assert_eq!(asks(&mut task).await, "How far?");
            task.send(answer).await.unwrap();
        }
        assert_eq!(asks(&mut task).await, "How far?");
        task.send_parts(vec![Part::data(json!(12))]).await.unwrap();
        assert_eq!(soon(task.result()).await.unwrap(), 12);
        agent.stop().await;
    }

    async fn a2a_12_a_request_that_is_asked_back_answers_or_ends_with_the_question(broker) {
        let agent = Agent::new("desk").skills(skills![interview]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let asked = soon(client.request("desk", NewTask::skill("interview")).into_future()).await.unwrap_err();
        let DelegateError::Question { question, .. } = &asked else { panic!("{asked:?}") };
        assert_eq!(question, "Name?");
        let mut questions = Vec::new();
        let (sender, mut asked) = mpsc::unbounded_channel();
        let answered = client.request("desk", NewTask::skill("interview")).returning::<String>().on_question(move |question| {
            sender.send(question.text()).unwrap();
            async move { question.text().to_lowercase() }
        });
        assert_eq!(soon(answered.into_future()).await.unwrap(), "name?, colour?");
        while let Some(question) = asked.recv().await {
            questions.push(question);
        }
        assert_eq!(questions, ["Name?", "Colour?"]);
        agent.stop().await;
    }

    async fn a2a_12_an_answer_that_is_delivered_again_answers_nothing_else(broker) {
        let agent = Agent::new("desk").skills(skills![interview]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESULTS).await;
        let task = json!({"task_id": "t", "from": "peer", "type": "interview", "prompt": "", "updates": true});
        peer.publish(INBOX, task.to_string(), PublishProperties::default()).await;
        let question = async |peer: &mut RawPeer| loop {
            let update = json(&peer.next(RESULTS).await);
            if update["status"] == "input-required" {
                return update["message"]["content"].as_str().unwrap().to_owned();
            }
        };
        let answer = |texts: &[&str], time: &str| {
            let messages: Vec<_> = texts.iter().map(|text| json!({"content": text, "timestamp": time})).collect();
            json!({"task_id": "t", "from": "peer", "intent": "message", "messages": messages}).to_string()
        };
        assert_eq!(question(&mut peer).await, "Name?");
        // All that the message says is the answer.
        let ada = answer(&["Ada", "Lovelace"], "2026-11-23T12:00:00Z");
        peer.publish(INBOX, ada.clone(), PublishProperties::default()).await;
        assert_eq!(question(&mut peer).await, "Colour?");
        peer.publish(INBOX, ada, PublishProperties::default()).await;
        peer.publish(INBOX, answer(&["red"], "2026-11-23T12:00:01Z"), PublishProperties::default()).await;
        let end = loop {
            let update = json(&peer.next(RESULTS).await);
            if update["status"] == "completed" {
                break update;
            }
        };
        assert_eq!(end["result"], "Ada\nLovelace, red");
        agent.stop().await;
    }

    async fn a_question_that_is_not_waited_for_any_more_is_taken_back(broker) {
        let go = Arc::new(Notify::new());
        let agent = Agent::new("desk").skills(skills![hesitate]).state(Arc::clone(&go)).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("hesitate")).await.unwrap();
        assert_eq!(asks(&mut task).await, "Shall I?");
        go.notify_one();
        state(&mut task, TaskState::Working).await;
        go.notify_one();
        assert_eq!(soon(task.result()).await.unwrap(), "decided");
        agent.stop().await;
    }

    async fn a_task_asks_one_thing_at_a_time(broker) {
        let agent = Agent::new("desk").skills(skills![stutter]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut task = client.delegate("desk", NewTask::skill("stutter")).await.unwrap();
        assert_eq!(asks(&mut task).await, "One?");
        task.send("yes").await.unwrap();
        let said = soon(task.result()).await.unwrap();
        assert_eq!(said, "yes; the task asks something already; wait for that answer, then ask again");
        agent.stop().await;
    }

    async fn a2a_10_a_task_that_has_ended_or_was_cancelled_says_nothing_more(broker) {
        let (out, mut tasks) = mpsc::channel::<Task>(1);
        let agent = Agent::new("desk").skills(skills![escape, leak]).state(out).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut watcher = RawPeer::connect(&broker.url(), "watcher").await;
        watcher.subscribe(&format!("a2a/v1/tasks/{}/results", client.id())).await;
        for skill in ["escape", "leak"] {
            let mut task = client.delegate("desk", NewTask::skill(skill)).await.unwrap();
            let leaked = soon(tasks.recv()).await.unwrap();
            if skill == "leak" {
                task.cancel().await.unwrap();
            }
            let end = soon(task.ended()).await.unwrap();
            leaked.progress("still here").await;
            assert_eq!(soon(leaked.ask("Still?")).await, Err(TaskUpdateError::Ended));
            let given = leaked.artifact(Artifact::new("late", [Part::text("late")])).await;
            assert_eq!(given, Err(TaskUpdateError::Ended));
            // A peer that asks again is told the same end.
            let again = json!({"task_id": task.id(), "from": client.id(), "type": skill, "prompt": ""});
            watcher.publish(INBOX, again.to_string(), PublishProperties::default()).await;
            let mut ends = 0;
            while ends < 2 {
                let update = json(&watcher.next("a2a/v1/tasks/").await);
                assert!(update["message"]["content"] != "still here", "{update}");
                if update["status"] == end.status.as_str() {
                    assert_eq!(update["artifacts"], json!(null));
                    ends += 1;
                }
            }
        }
        agent.stop().await;
    }

    async fn what_is_too_large_to_be_said_before_the_end_is_refused(broker) {
        let agent = Agent::new("desk").skills(skills![ramble]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let task = client.delegate("desk", NewTask::skill("ramble")).returning::<String>();
        let mut task = task.await.unwrap();
        let said = soon(task.result()).await.unwrap();
        assert!(said.contains("1048448 is the most; give a URL"), "{said}");
        let large = task.send("x".repeat(1 << 20)).await.unwrap_err();
        assert!(matches!(large, mqtt_agent::a2a::DelegateError::TooLarge { .. }), "{large:?}");
        agent.stop().await;
    }
}
