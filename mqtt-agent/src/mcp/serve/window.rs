//! The calls of one tool that run or ran a while ago: what makes a redelivered call run once (`MCP-16`), and where a
//! cancel finds its call (`MCP-17`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::wire::Identifier;

/// One caller's one call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    client: Arc<str>,
    call_id: Identifier,
}

impl Key {
    pub(super) fn new(client: &str, call_id: Identifier) -> Self {
        Self { client: client.into(), call_id }
    }
}

/// What is known of a call that comes in.
#[derive(Debug)]
pub(super) enum Seen {
    /// Never seen: run it, and end the ticket with its answer.
    New(Ticket),
    /// It runs; its answer will come.
    Running,
    /// It ended with this answer.
    Answered(Bytes),
}

/// Remembers calls: those that run, and of those that ended as many as fit.
#[derive(Debug)]
pub(super) struct Window {
    calls: Mutex<Calls>,
    most_calls: usize,
    most_bytes: usize,
}

#[derive(Debug, Default)]
struct Calls {
    known: HashMap<Key, Stage>,
    // Oldest first.
    ended: VecDeque<Key>,
    bytes: usize,
}

#[derive(Debug)]
enum Stage {
    Running(CancellationToken),
    Ended(Bytes),
}

/// A running call's place in the window. Dropped without an answer, as when its task is aborted, it gives the place back.
#[derive(Debug)]
pub(super) struct Ticket {
    window: Arc<Window>,
    key: Option<Key>,
}

impl Window {
    pub(super) fn new(most_calls: usize, most_bytes: usize) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::default(), most_calls, most_bytes })
    }

    pub(super) fn see(self: &Arc<Self>, key: Key, cancellation: &CancellationToken) -> Seen {
        use std::collections::hash_map::Entry;
        match self.calls().known.entry(key) {
            Entry::Occupied(known) => match known.get() {
                Stage::Running(_) => Seen::Running,
                Stage::Ended(answer) => Seen::Answered(answer.clone()),
            },
            Entry::Vacant(place) => {
                let key = Some(place.key().clone());
                place.insert(Stage::Running(cancellation.clone()));
                Seen::New(Ticket { window: Arc::clone(self), key })
            }
        }
    }

    /// Cancels a call, if it runs.
    pub(super) fn cancel(&self, key: &Key) -> bool {
        match self.calls().known.get(key) {
            Some(Stage::Running(cancellation)) => {
                cancellation.cancel();
                true
            }
            _ => false,
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Keeps the answer for a redelivered call.
    pub(super) fn end(mut self, answer: Bytes) {
        let Some(key) = self.key.take() else { return };
        let mut calls = self.window.calls();
        calls.bytes += answer.len();
        calls.ended.push_back(key.clone());
        calls.known.insert(key, Stage::Ended(answer));
        while calls.ended.len() > self.window.most_calls || calls.bytes > self.window.most_bytes {
            let Some(oldest) = calls.ended.pop_front() else { break };
            if let Some(Stage::Ended(answer)) = calls.known.remove(&oldest) {
                calls.bytes -= answer.len();
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.window.calls().known.remove(&key);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn key(id: &str) -> Key {
        Key::new("scout", Identifier::parse(id).unwrap())
    }

    fn run(window: &Arc<Window>, id: &str) -> Ticket {
        match window.see(key(id), &CancellationToken::new()) {
            Seen::New(ticket) => ticket,
            seen => panic!("{seen:?}"),
        }
    }

    #[test]
    fn mcp_16_a_call_is_new_once_then_running_then_answered() {
        let window = Window::new(8, 1024);
        let ticket = run(&window, "a");
        assert!(matches!(window.see(key("a"), &CancellationToken::new()), Seen::Running));
        ticket.end(Bytes::from_static(b"answer"));
        let Seen::Answered(answer) = window.see(key("a"), &CancellationToken::new()) else { panic!() };
        assert_eq!(answer, "answer");
    }

    #[test]
    fn mcp_16_the_same_id_of_another_client_is_another_call() {
        let window = Window::new(8, 1024);
        let _ticket = run(&window, "a");
        let other = Key::new("analyst", Identifier::parse("a").unwrap());
        assert!(matches!(window.see(other, &CancellationToken::new()), Seen::New(_)));
    }

    #[test]
    fn mcp_16_the_window_is_bounded_by_calls_and_by_bytes() {
        let window = Window::new(2, 10);
        for id in ["a", "b", "c"] {
            run(&window, id).end(Bytes::from_static(b"x"));
        }
        assert!(matches!(window.see(key("a"), &CancellationToken::new()), Seen::New(_)), "forgotten");
        run(&window, "d").end(Bytes::from_static(b"0123456789"));
        assert_eq!(window.calls().bytes, 10);
        assert_eq!(window.calls().ended.len(), 1);
    }

    #[test]
    fn a_call_whose_task_was_dropped_is_forgotten() {
        let window = Window::new(2, 10);
        drop(run(&window, "a"));
        drop(run(&window, "a"));
    }

    #[test]
    fn mcp_17_a_cancel_reaches_a_running_call_only() {
        let window = Window::new(2, 10);
        let token = CancellationToken::new();
        let Seen::New(ticket) = window.see(key("a"), &token) else { panic!() };
        assert!(window.cancel(&key("a")));
        assert!(token.is_cancelled());
        ticket.end(Bytes::new());
        assert!(!window.cancel(&key("a")));
    }
}
