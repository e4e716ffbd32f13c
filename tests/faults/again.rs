//! What the broker delivers twice.

use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::fake_broker::{Event, Packet, Publish, publish_bytes};
use support::{FakeBroker, Knobs};

const INBOX: &str = "a2a/v1/tasks/registrar/inbox";

/// Asks twice, and joins the answers.
#[skill]
async fn register(task: Task) -> Result<String, TaskUpdateError> {
    let name = task.ask("Name?").await?.text();
    Ok(format!("{name}, {}", task.ask("Colour?").await?.text()))
}

/// The first update that fits.
async fn told(broker: &FakeBroker, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let fits = |event: &Event| match &event.packet {
        Packet::Publish(publish) if publish.topic == "a2a/v1/tasks/ann/results" => {
            serde_json::from_slice(&publish.payload).ok().filter(&fits)
        }
        _ => None,
    };
    broker.seen().until(what, fits).await
}

/// An answer as a peer writes it that gives no times.
fn answer(text: &str, id: u16, dup: bool) -> Vec<u8> {
    let message = json!({
        "task_id": "t", "from": "ann", "intent": "message", "messages": [{"role": "user", "content": text}],
    });
    let payload = message.to_string().into_bytes();
    publish_bytes(INBOX, &Publish { payload, qos: 1, id, dup, ..Publish::default() })
}

#[tokio::test]
async fn an_answer_without_a_time_that_is_delivered_twice_answers_one_question() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = Agent::new("registrar").skills(skills![register]).start(&broker.url()).await.unwrap();
    let task = json!({"task_id": "t", "from": "ann", "type": "register", "prompt": "", "updates": true});
    broker.publish(INBOX, task.to_string());
    let asks = |question: &'static str| {
        move |told: &Value| told["message"]["content"].to_string().contains(question)
    };
    told(&broker, "the first question", asks("Name?")).await;
    broker.send_raw(answer("Ada", 901, false));
    told(&broker, "the second question", asks("Colour?")).await;
    // The broker did not have its acknowledgement.
    broker.send_raw(answer("Ada", 902, true));
    broker.seen().puback(1, 902).await;
    broker.send_raw(answer("blue", 903, false));
    let end = told(&broker, "the end", |told| told["status"] == "completed").await;
    assert_eq!(end["result"], "Ada, blue");
    agent.stop().await;
}
