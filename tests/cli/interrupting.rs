//! Ctrl-C and SIGTERM before the work began: nothing of it is done.

use std::time::Duration;

use support::fake_broker::{Answer, Packet};
use support::{FakeBroker, Knobs, soon};

use crate::command::Running;

/// Commands that need a broker, each of which ends with 130.
const COMMANDS: [&[&str]; 15] = [
    &["tools"],
    &["agents"],
    &["servers"],
    &["show", "add"],
    &["lint"],
    &["lint", "add"],
    &["contract", "write"],
    &["call", "add"],
    &["ask", "desk", "Greet me"],
    &["ask", "desk", "Greet me", "--detach", "--id", "ada"],
    &["tasks", "list", "desk", "--id", "ada"],
    &["bench", "add"],
    &["why", "add"],
    &["stats"],
    &["ping"],
];

/// How long a command may take to end that has nothing to end.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Starts a command, waits until it did something at the broker, and interrupts it.
async fn interrupted(
    broker: &FakeBroker,
    line: &[&str],
    signal: &str,
    did: impl Fn(&Packet) -> bool,
) -> Option<i32> {
    let running = Running::start(Some(&broker.url()), line);
    broker.seen().until(&format!("{line:?}"), |event| did(&event.packet).then_some(())).await;
    running.signal(signal).await;
    tokio::time::timeout(AT_ONCE, running.ended()).await.unwrap_or_else(|_| panic!("{line:?} goes on"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_130_while_the_broker_does_not_answer() {
    for line in COMMANDS {
        let broker = FakeBroker::start(Knobs { connack: Answer::Never, ..Knobs::default() }).await;
        let code = interrupted(&broker, line, "-INT", |packet| matches!(packet, Packet::Connect(_))).await;
        assert_eq!(code, Some(130), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_130_while_cards_are_waited_for() {
    for line in COMMANDS.iter().filter(|line| !["tasks", "why", "stats", "ping"].contains(&line[0])) {
        let broker = FakeBroker::start(Knobs { suback: Answer::Never, ..Knobs::default() }).await;
        let code = interrupted(&broker, line, "-TERM", |packet| matches!(packet, Packet::Subscribe(_))).await;
        assert_eq!(code, Some(130), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_was_interrupted_before_the_broker_accepted_sends_nothing() {
    for line in [&["call", "add"][..], &["ask", "desk", "Greet me"], &["bench", "add"]] {
        let knobs = Knobs { connack: Answer::After(Duration::from_secs(1)), ..Knobs::default() };
        let broker = FakeBroker::start(knobs).await;
        let running = Running::start(Some(&broker.url()), line);
        broker
            .seen()
            .until("CONNECT", |event| matches!(event.packet, Packet::Connect(_)).then_some(()))
            .await;
        running.signal("-TERM").await;
        assert_eq!(soon(running.ended()).await, Some(130), "{line:?}");
        let sent =
            broker.seen().count(|event| matches!(event.packet, Packet::Publish(_) | Packet::Subscribe(_)));
        assert_eq!(sent, 0, "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_ends_with_0_also_before_it_watches() {
    let broker = FakeBroker::start(Knobs { connack: Answer::Never, ..Knobs::default() }).await;
    let code = interrupted(&broker, &["watch"], "-INT", |packet| matches!(packet, Packet::Connect(_))).await;
    assert_eq!(code, Some(0));
}
