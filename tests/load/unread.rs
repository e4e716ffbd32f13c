//! What a user holds and does not read holds up nothing else on its connection.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use mqtt_agent::a2a::AgentChange;
use mqtt_agent::prelude::*;
use support::fake_broker::{Answer, Packet};
use support::{FakeBroker, Knobs, RawPeer, TestBroker, eventually, on_each_broker, soon};

use crate::common::*;

/// Where a stream is told to end.
type Enough = Arc<AtomicBool>;

/// Gives a task's text back.
#[skill]
async fn repeated(task: Task) -> String {
    task.text().to_string()
}

/// Sends numbers: at least so many, and until it is enough.
#[tool]
async fn chatter(least: u64, partials: Partials<u64>, State(enough): State<Enough>) -> Result<u64, String> {
    let mut sent = 0;
    while sent < least || !enough.load(Ordering::SeqCst) {
        partials.send(&sent).await.map_err(|error| error.to_string())?;
        sent += 1;
    }
    Ok(sent)
}

/// Reads a stream to its end: how many partial results came, how many were missed, and how many were sent.
async fn read(mut stream: mqtt_agent::ToolStream<u64>, pause: Duration) -> (u64, u64, u64) {
    let (mut read, mut latest) = (0, None);
    while let Some(number) = soon(stream.next()).await {
        let number = number.as_u64();
        assert!(number > latest, "{number:?} comes after {latest:?}");
        latest = number;
        read += 1;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    let missed = stream.missed();
    (read, missed, soon(stream.finish()).await.unwrap())
}

on_each_broker! {
    async fn mcp_10_an_unread_stream_holds_up_no_calls_and_its_result_and_missed_partials_are_told(broker) {
        let enough = Enough::default();
        let talker = Agent::new("talker").state(Arc::clone(&enough)).tools(tools![chatter]);
        let talker = talker.start(&broker.url()).await.unwrap();
        let agent = Agent::new("worker").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let stream = client.call("chatter", json!({"least": 5000})).returning::<u64>().stream().await.unwrap();
        soon(all_are_answered(&client, 1000)).await;
        enough.store(true, Ordering::SeqCst);
        let (read, missed, sent) = read(stream, Duration::ZERO).await;
        assert!(sent >= 5000 && missed > 0, "{sent} sent, {missed} missed");
        assert_eq!(read + missed, sent, "{read} read, {missed} missed");
        talker.stop().await;
        agent.stop().await;
    }

    async fn mcp_10_an_agent_that_sends_many_partial_results_answers_other_calls_meanwhile(broker) {
        let enough = Enough::default();
        let agent = Agent::new("worker").state(Arc::clone(&enough)).tools(tools![mirror, chatter]);
        let agent = agent.start(&broker.url()).await.unwrap();
        let (listener, client) = (Client::connect(&broker.url()).await.unwrap(), Client::connect(&broker.url()).await.unwrap());
        let stream = listener.call("chatter", json!({"least": 5000})).returning::<u64>().stream().await.unwrap();
        soon(all_are_answered(&client, 300)).await;
        enough.store(true, Ordering::SeqCst);
        let (read, missed, sent) = read(stream, Duration::ZERO).await;
        assert_eq!(read + missed, sent, "{read} read, {missed} missed");
        agent.stop().await;
    }

    async fn an_unread_watch_of_agents_holds_up_no_calls_and_tells_the_latest_state(broker) {
        const AGENTS: usize = 10;
        const CHANGES: usize = 2000;
        let agent = Agent::new("worker").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let mut watch = client.agents().watch().await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let name = |number: usize| format!("agent-{}", number % AGENTS);
        let cards = (0..AGENTS).map(|number| {
            let (topic, name) = (format!("a2a/v1/agents/{}/card", name(number)), name(number));
            (topic, json!({"version": "1", "agent_id": name, "name": name, "description": "x".repeat(10_000), "status": "online"}).to_string())
        });
        peer.retain_all(cards).await;
        let changes = async {
            let statuses = (0..CHANGES).map(|number| {
                // The last of each is: online where the number is even.
                let is_online = if number < CHANGES - AGENTS { number % 3 == 0 } else { number % 2 == 0 };
                let status = if is_online { "online" } else { "offline" };
                let status = json!({"agent_id": name(number), "status": status, "last_seen": "2026-01-01T00:00:00Z"});
                (format!("a2a/v1/agents/{}/status", name(number)), status.to_string())
            });
            peer.retain_all(statuses).await;
        };
        tokio::join!(soon(changes), soon(all_are_answered(&client, 1000)));
        // The client has all that was published before, for this comes on the same connection.
        soon(all_are_answered(&client, 1)).await;
        let mut joined = Vec::new();
        while joined.len() < AGENTS / 2 {
            match soon(watch.next()).await.unwrap() {
                AgentChange::Joined(card) => joined.push(card.agent_id.to_string()),
                change => panic!("{change:?} is no latest state"),
            }
        }
        joined.sort();
        assert_eq!(joined, ["agent-0", "agent-2", "agent-4", "agent-6", "agent-8"]);
        let more = tokio::time::timeout(Duration::from_millis(300), watch.next()).await;
        assert!(more.is_err(), "one change each, however many came: {more:?}");
        agent.stop().await;
    }

    async fn answers_that_nobody_polls_hold_up_no_calls_and_are_kept(broker) {
        // More than a tool's window has places.
        const KEPT: u64 = 200;
        let agent = Agent::new("worker").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        soon(all_are_answered(&client, 1)).await;
        let mut kept = Vec::new();
        for number in 0..KEPT {
            let call = client.call("mirror", json!({"number": number})).returning::<u64>();
            let mut call = Box::pin(call.timeout(Duration::from_secs(60)).into_future());
            match poll_once(call.as_mut()).await {
                Poll::Pending => kept.push((number, call)),
                // Answered while this thread did not run.
                Poll::Ready(answer) => assert_eq!(answer.unwrap(), number),
            }
        }
        assert!(kept.len() > 10, "{} calls are kept", kept.len());
        soon(all_are_answered(&client, 1000)).await;
        for (number, call) in kept {
            assert_eq!(soon(pin!(call)).await.unwrap(), number);
        }
        agent.stop().await;
    }

    async fn a_first_call_that_nobody_polls_holds_up_no_calls_and_is_answered(broker) {
        let agent = Agent::new("worker").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = client.call("mirror", json!({"number": 7})).returning::<u64>();
        let mut kept = pin!(call.timeout(Duration::from_secs(60)).into_future());
        assert!(poll_once(kept.as_mut()).await.is_pending(), "it subscribes");
        soon(all_are_answered(&client, 1)).await;
        assert_eq!(soon(kept).await.unwrap(), 7);
        agent.stop().await;
    }

    async fn a_first_task_that_nobody_polls_holds_up_no_tasks(broker) {
        let agent = Agent::new("worker").skills(skills![repeated]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let task = |text: &str| client.request("worker", NewTask::skill("repeated").text(text)).returning::<String>();
        let mut kept = pin!(task("kept").timeout(Duration::from_secs(60)).into_future());
        assert!(poll_once(kept.as_mut()).await.is_pending(), "it subscribes");
        assert_eq!(soon(task("other").into_future()).await.unwrap(), "other");
        assert_eq!(soon(kept).await.unwrap(), "kept");
        agent.stop().await;
    }

    async fn sub_17_calls_that_nobody_polls_while_they_are_prepared_leave_their_places_to_others(broker) {
        // More than a tool's window has places.
        const KEPT: u64 = 200;
        let agent = Agent::new("worker").tools(tools![mirror]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        soon(all_are_answered(&client, 1)).await;
        let mut kept = Vec::new();
        for number in 0..KEPT {
            let call = client.call("mirror", json!({"number": number})).returning::<u64>();
            // Each subscribes its stream before it is sent.
            let mut stream = Box::pin(call.timeout(Duration::from_secs(60)).stream());
            assert!(poll_once(stream.as_mut()).await.is_pending(), "it subscribes");
            kept.push((number, stream));
        }
        soon(all_are_answered(&client, 100)).await;
        for (number, stream) in kept {
            assert_eq!(soon(soon(stream).await.unwrap().finish()).await.unwrap(), number);
        }
        agent.stop().await;
    }
}

/// Polls a future that is kept then, and not polled.
async fn poll_once<F: Future>(mut kept: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(kept.as_mut().poll(cx))).await
}

/// One partial result a millisecond is read of a tool that sends as fast as it can.
async fn slow_reader(broker: &TestBroker) {
    let agent = Agent::new("worker").state(Arc::new(AtomicBool::new(true))).tools(tools![chatter]);
    let agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    for least in [1000, 3000] {
        let stream =
            client.call("chatter", json!({"least": least})).returning::<u64>().stream().await.unwrap();
        let (read, missed, sent) = read(stream, Duration::from_millis(1)).await;
        assert_eq!((sent, read + missed), (least, least), "{read} read, {missed} missed");
    }
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_10_a_stream_that_is_read_slowly_has_its_result_on_the_embedded_broker() {
    slow_reader(&TestBroker::embedded().await).await;
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_10_a_stream_that_is_read_slowly_has_its_result_on_a_stock_mosquitto() {
    slow_reader(&TestBroker::stock().await).await;
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_10_a_long_stream_has_its_result_on_a_stock_mosquitto() {
    let broker = TestBroker::stock().await;
    let agent = Agent::new("worker").state(Arc::new(AtomicBool::new(true))).tools(tools![chatter]);
    let agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    let call = client.call("chatter", json!({"least": 20_000})).returning::<u64>();
    let (read, missed, sent) = read(call.stream().await.unwrap(), Duration::ZERO).await;
    assert_eq!((sent, read + missed), (20_000, 20_000), "{read} read, {missed} missed");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mcp_10_a_tool_waits_while_32_partial_results_are_not_with_the_broker() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let agent = Agent::new("worker").state(Arc::new(AtomicBool::new(true))).tools(tools![chatter]);
    let _agent = agent.start(&broker.url()).await.unwrap();
    let client = Client::connect(&broker.url()).await.unwrap();
    broker.set(|knobs| knobs.puback = Answer::Never);
    let stream = tokio::spawn(client.call("chatter", json!({"least": 5000})).stream());
    let partials = || {
        let of_stream = |packet: &Packet| matches!(packet, Packet::Publish(publish) if publish.topic.contains("/stream/"));
        broker.seen().count(|event| of_stream(&event.packet))
    };
    eventually("32 partial results", || async { (partials() == 32).then_some(()) }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(partials(), 32);
    stream.abort();
}
