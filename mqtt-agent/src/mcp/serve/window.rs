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
    /// It ended with this answer; `None` for one that was too large to keep.
    Answered(Option<Bytes>),
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
    // Cancels that came before their call was looked at, or whose call runs in another replica. Oldest first.
    cancelled: VecDeque<Key>,
}

#[derive(Debug)]
enum Stage {
    Running(CancellationToken),
    Ended(Option<Bytes>),
}

/// How many cancels without a call are remembered.
const MOST_CANCELS: usize = 256;

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
        let mut calls = self.calls();
        if let Some(early) = calls.cancelled.iter().position(|cancelled| *cancelled == key) {
            calls.cancelled.remove(early);
            cancellation.cancel();
        }
        match calls.known.entry(key) {
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

    /// Cancels a call, or remembers to: it may be on its way from the connection's task to its own. True if it runs.
    pub(super) fn cancel(&self, key: Key) -> bool {
        let mut calls = self.calls();
        match calls.known.get(&key) {
            Some(Stage::Running(cancellation)) => {
                cancellation.cancel();
                true
            }
            Some(Stage::Ended(_)) => false,
            None => {
                if calls.cancelled.len() >= MOST_CANCELS {
                    calls.cancelled.pop_front();
                }
                calls.cancelled.push_back(key);
                false
            }
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
        // One large answer must not push out all others; its call is still known to have run.
        let answer = (answer.len() <= self.window.most_bytes / 4).then_some(answer);
        let mut calls = self.window.calls();
        calls.bytes += kept(answer.as_ref());
        calls.ended.push_back(key.clone());
        calls.known.insert(key, Stage::Ended(answer));
        while calls.ended.len() > self.window.most_calls || calls.bytes > self.window.most_bytes {
            let Some(oldest) = calls.ended.pop_front() else { break };
            if let Some(Stage::Ended(answer)) = calls.known.remove(&oldest) {
                calls.bytes -= kept(answer.as_ref());
            }
        }
    }
}

fn kept(answer: Option<&Bytes>) -> usize {
    answer.map_or(0, Bytes::len)
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
        assert_eq!(answer.unwrap(), "answer");
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
        let window = Window::new(2, 40);
        for id in ["a", "b", "c"] {
            run(&window, id).end(Bytes::from_static(b"x"));
        }
        assert!(matches!(window.see(key("a"), &CancellationToken::new()), Seen::New(_)), "forgotten");
        let window = Window::new(100, 40);
        for id in ["a", "b", "c", "d", "e"] {
            run(&window, id).end(Bytes::from_static(b"0123456789"));
        }
        let calls = window.calls();
        assert_eq!((calls.bytes, calls.ended.len()), (40, 4));
    }

    #[test]
    fn mcp_16_a_large_answer_pushes_out_no_other_and_its_call_runs_once_too() {
        let window = Window::new(8, 40);
        run(&window, "small").end(Bytes::from_static(b"x"));
        run(&window, "large").end(Bytes::from(vec![0; 100]));
        assert!(matches!(window.see(key("large"), &CancellationToken::new()), Seen::Answered(None)));
        assert!(matches!(window.see(key("small"), &CancellationToken::new()), Seen::Answered(Some(_))));
    }

    #[test]
    fn mcp_17_a_cancel_that_overtakes_its_call_is_remembered() {
        let window = Window::new(8, 40);
        for number in 0..1000 {
            window.cancel(key(&number.to_string()));
        }
        assert_eq!(window.calls().cancelled.len(), MOST_CANCELS);
        let token = CancellationToken::new();
        let Seen::New(_ticket) = window.see(key("999"), &token) else { panic!() };
        assert!(token.is_cancelled());
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
        assert!(window.cancel(key("a")));
        assert!(token.is_cancelled());
        ticket.end(Bytes::new());
        assert!(!window.cancel(key("a")));
    }
}
