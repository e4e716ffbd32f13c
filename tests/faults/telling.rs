//! What is told on the way: events on topics and the updates of tasks, over networks that fail, to those who do not read, and in
//! floods.

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use support::{Proxy, RawPeer, on_each_broker, soon};

use crate::common::*;

/// Something happened.
#[event("faults/happened/{what}")]
fn happened(what: &str);

/// Tells of each of its steps, waits at the gate, and tells of them once more.
#[skill]
async fn tell(steps: u32, task: Task, State(gate): State<Gate>) -> u32 {
    for step in 0..steps {
        task.progress(step.to_string()).await;
    }
    gate.pass().await;
    for step in steps..2 * steps {
        task.progress(step.to_string()).await;
    }
    2 * steps
}

/// Asks something that is larger than its client takes.
#[skill]
async fn ask_too_much(task: Task) -> String {
    match task.ask("?".repeat(200_000)).await {
        Ok(_) => "answered".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn teller(url: String, gate: &Gate) -> mqtt_agent::Running {
    Agent::new("teller").skills(skills![tell, ask_too_much]).state(gate.clone()).start(url).await.unwrap()
}

/// What its updates say, until one says this.
async fn until_said<T>(task: &mut mqtt_agent::a2a::TaskHandle<T>, last: &str) -> Vec<String> {
    let mut said = Vec::new();
    while said.last().is_none_or(|said| said != last) {
        let update = soon(task.next()).await.expect("it goes on");
        said.extend(update.message.map(|message| message.text()));
    }
    said
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

on_each_broker! {
    async fn an_event_that_is_published_while_the_broker_is_down_is_sent_when_it_is_back(broker) {
        let client = Client::connect(broker.url()).await.unwrap();
        broker.kill().await;
        disconnected(&client).await;
        let publish = tokio::spawn({ let client = client.clone(); async move { happened().what("early").publish(&client).await } });
        broker.start().await;
        // QoS 1: it returns when the broker has it.
        soon(publish).await.unwrap().unwrap();
        client.close().await;
    }

    async fn events_over_a_stalled_network_come_once_and_in_their_order_when_it_flows_again(broker) {
        let far = Proxy::start(broker.address()).await;
        let client = Client::connect(far.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("faults/happened/+").await;
        far.freeze();
        let mut sent = Vec::new();
        for what in ["a", "b", "c"] {
            let client = client.clone();
            let publish = tokio::spawn(async move { happened().what(what).publish(&client).await });
            // Each has given its message to the connection before the next one begins.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            sent.push(publish);
        }
        assert!(peer.next_within("faults/happened/a", NOTHING).await.is_none());
        far.thaw();
        for (what, publish) in ["a", "b", "c"].into_iter().zip(sent) {
            peer.next(&format!("faults/happened/{what}")).await;
            soon(publish).await.unwrap().unwrap();
        }
        assert!(peer.next_within("faults/happened/c", NOTHING).await.is_none());
        client.close().await;
    }

    async fn a_thousand_events_at_once_all_come(broker) {
        let client = Client::connect(broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe("faults/happened/many").await;
        let publishes = (0..1000).map(|_| { let client = client.clone(); async move { happened().what("many").publish(&client).await } });
        for sent in soon(futures_util::future::join_all(publishes)).await {
            sent.unwrap();
        }
        for _ in 0..1000 {
            peer.next("faults/happened/many").await;
        }
        client.close().await;
    }

    async fn updates_go_on_after_the_broker_was_restarted(broker) {
        let gate = Gate::new();
        let agent = teller(broker.url(), &gate).await;
        let client = Client::connect(broker.url()).await.unwrap();
        let mut task = client.delegate("teller", NewTask::skill("tell").data(&json!({"steps": 3}))).await.unwrap();
        assert_eq!(until_said(&mut task, "2").await, numbers(0..3));
        broker.kill().await;
        disconnected(&client).await;
        broker.start().await;
        connected_again(&client, 1).await;
        connected_again(&agent.client(), 1).await;
        gate.open(1);
        // Those on the way when the broker died may be lost, as the broker had them; the end is not.
        while soon(task.next()).await.is_some() {}
        assert_eq!(soon(task.result()).await.unwrap(), json!(6));
        agent.stop().await;
    }

    async fn updates_over_a_stalled_network_come_in_their_order_when_it_flows_again(broker) {
        let near = Proxy::start(broker.address()).await;
        let gate = Gate::new();
        let agent = teller(near.url(), &gate).await;
        let client = Client::connect(broker.url()).await.unwrap();
        let mut task = client.delegate("teller", NewTask::skill("tell").data(&json!({"steps": 4}))).await.unwrap();
        assert_eq!(until_said(&mut task, "3").await, numbers(0..4));
        near.freeze();
        gate.open(1);
        let early = tokio::time::timeout(NOTHING, task.next()).await;
        assert!(early.is_err(), "{early:?}");
        near.thaw();
        assert_eq!(until_said(&mut task, "7").await, numbers(4..8));
        assert_eq!(soon(task.result()).await.unwrap(), json!(8));
        agent.stop().await;
    }

    async fn updates_that_nobody_reads_hold_up_no_result(broker) {
        let gate = Gate::new();
        gate.open(2);
        let agent = teller(broker.url(), &gate).await;
        let client = Client::connect(broker.url()).await.unwrap();
        let steps = |steps: u32| NewTask::skill("tell").data(&json!({"steps": steps}));
        let mut unread = client.delegate("teller", steps(1000)).await.unwrap();
        assert_eq!(soon(unread.result()).await.unwrap(), json!(2000));
        // Another task's updates are not among those that are too many.
        let mut read = client.delegate("teller", steps(3)).await.unwrap();
        assert_eq!(until_said(&mut read, "5").await, numbers(0..6));
        let mut waited = 0;
        while soon(unread.next()).await.is_some() {
            waited += 1;
        }
        assert!((1..=256).contains(&waited), "{waited} updates waited");
        agent.stop().await;
    }

    async fn sub_14_a_question_over_its_askers_limit_is_an_error_for_its_handler(broker) {
        let agent = teller(broker.url(), &Gate::new()).await;
        let small = ConnectOptions::new(broker.url()).max_packet_size(100_000);
        // An agent, for its card says what it takes.
        let boss = Agent::new("boss").skills(skills![tell]).state(Gate::new()).start(small).await.unwrap();
        let mut task = boss.client().delegate("teller", NewTask::skill("ask_too_much")).await.unwrap();
        let said = soon(task.result()).await.unwrap();
        assert!(said.as_str().unwrap().contains("bytes"), "{said}");
        boss.stop().await;
        agent.stop().await;
    }
}
