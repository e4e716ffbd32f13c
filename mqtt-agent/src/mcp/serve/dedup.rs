//! Deduplication: the running and recent calls of one tool, so that a redelivered call runs once (`MCP-16`) and a
//! cancel finds its call (`MCP-17`).

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::wire::Identifier;

/// One call: callers may have the same ids, and where their answers go tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    reply_to: Arc<str>,
    call_id: Identifier,
}

impl Key {
    pub(super) fn new(reply_to: impl Into<Arc<str>>, call_id: Identifier) -> Self {
        Self { reply_to: reply_to.into(), call_id }
    }

    /// What it takes with its answer: it stands in two places, which share its texts.
    fn cost(&self, answer: Option<&Bytes>) -> usize {
        ENTRY + self.reply_to.len() + self.call_id.as_str().len() + answer.map_or(0, Bytes::len)
    }
}

/// What a call that ended takes besides texts and bytes.
const ENTRY: usize = 192;

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
pub(super) struct Dedup {
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
    cancelled: EarlyCancels,
}

#[derive(Debug)]
enum Stage {
    /// With whether its caller cancelled it: its token is cancelled as well when its handler has ended.
    Running {
        cancellation: CancellationToken,
        is_cancelled: bool,
    },
    Ended(Option<Bytes>),
}

/// How many cancels without a call are remembered, in at most 4 MiB.
const MOST_CANCELS: usize = 100_000;

/// Cancels that came before their call was looked at, or whose call runs in another replica. When there are too many the
/// oldest are forgotten.
///
/// Only a hash of each is kept, by keys that nobody else knows: two calls with the same one are not to be expected.
#[derive(Debug, Default)]
struct EarlyCancels {
    hasher: RandomState,
    known: HashSet<u64>,
    // Oldest first. Those that were taken out are still in here.
    order: VecDeque<u64>,
}

impl EarlyCancels {
    fn insert(&mut self, key: &Key) {
        let hash = self.hasher.hash_one(key);
        if !self.known.insert(hash) {
            return;
        }
        if self.order.len() >= MOST_CANCELS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(hash);
    }

    fn remove(&mut self, key: &Key) -> bool {
        // Most servers never have one.
        !self.known.is_empty() && self.known.remove(&self.hasher.hash_one(key))
    }
}

/// A running call's place in the dedup. Dropped without an answer, as when its task is aborted, it gives the place back.
#[derive(Debug)]
pub(super) struct Ticket {
    dedup: Arc<Dedup>,
    key: Option<Key>,
}

impl Dedup {
    pub(super) fn new(most_calls: usize, most_bytes: usize) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::default(), most_calls, most_bytes })
    }

    pub(super) fn see(self: &Arc<Self>, key: Key, cancellation: &CancellationToken) -> Seen {
        use std::collections::hash_map::Entry;
        let mut calls = self.calls();
        let is_cancelled = calls.cancelled.remove(&key);
        if is_cancelled {
            cancellation.cancel();
        }
        match calls.known.entry(key) {
            Entry::Occupied(known) => match known.get() {
                Stage::Running { .. } => Seen::Running,
                Stage::Ended(answer) => Seen::Answered(answer.clone()),
            },
            Entry::Vacant(place) => {
                let key = Some(place.key().clone());
                place.insert(Stage::Running { cancellation: cancellation.clone(), is_cancelled });
                Seen::New(Ticket { dedup: Arc::clone(self), key })
            }
        }
    }

    /// Cancels a call, or remembers to: it may be on its way from the connection's task to its own. True if it runs.
    pub(super) fn cancel(&self, key: &Key) -> bool {
        let mut calls = self.calls();
        match calls.known.get_mut(key) {
            Some(Stage::Running { cancellation, is_cancelled }) => {
                cancellation.cancel();
                *is_cancelled = true;
                true
            }
            Some(Stage::Ended(_)) => false,
            None => {
                calls.cancelled.insert(key);
                false
            }
        }
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The call's handler has ended, and its answer takes a while to send: a cancel ends that from now on, and one that came
    /// before does so at once.
    pub(super) fn goes_on(&self, next: CancellationToken) {
        let Some(key) = &self.key else { return };
        if let Some(Stage::Running { cancellation, is_cancelled }) = self.dedup.calls().known.get_mut(key) {
            if *is_cancelled {
                next.cancel();
            }
            *cancellation = next;
        }
    }

    /// Keeps the answer for a redelivered call.
    pub(super) fn end(mut self, answer: Bytes) {
        let Some(key) = self.key.take() else { return };
        // One large answer must not push out all others; its call is still known to have run.
        let answer = (answer.len() <= self.dedup.most_bytes / 4).then_some(answer);
        let mut calls = self.dedup.calls();
        calls.bytes += key.cost(answer.as_ref());
        calls.ended.push_back(key.clone());
        calls.known.insert(key, Stage::Ended(answer));
        while calls.ended.len() > self.dedup.most_calls || calls.bytes > self.dedup.most_bytes {
            let Some(oldest) = calls.ended.pop_front() else { break };
            if let Some(Stage::Ended(answer)) = calls.known.remove(&oldest) {
                calls.bytes -= oldest.cost(answer.as_ref());
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.dedup.calls().known.remove(&key);
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

    fn run(dedup: &Arc<Dedup>, id: &str) -> Ticket {
        match dedup.see(key(id), &CancellationToken::new()) {
            Seen::New(ticket) => ticket,
            seen => panic!("{seen:?}"),
        }
    }

    #[test]
    fn mcp_16_a_call_is_new_once_then_running_then_answered() {
        let dedup = Dedup::new(8, 1024);
        let ticket = run(&dedup, "a");
        assert!(matches!(dedup.see(key("a"), &CancellationToken::new()), Seen::Running));
        ticket.end(Bytes::from_static(b"answer"));
        let Seen::Answered(answer) = dedup.see(key("a"), &CancellationToken::new()) else { panic!() };
        assert_eq!(answer.unwrap(), "answer");
    }

    #[test]
    fn mcp_16_the_same_id_with_another_reply_address_is_another_call() {
        let dedup = Dedup::new(8, 1024);
        let _ticket = run(&dedup, "a");
        let other = Key::new("analyst", Identifier::parse("a").unwrap());
        assert!(matches!(dedup.see(other, &CancellationToken::new()), Seen::New(_)));
    }

    #[test]
    fn mcp_16_the_window_is_bounded_by_calls_and_by_bytes() {
        let one = key("a").cost(Some(&Bytes::from_static(b"0123456789")));
        let dedup = Dedup::new(2, 4 * one);
        for id in ["a", "b", "c"] {
            run(&dedup, id).end(Bytes::from_static(b"x"));
        }
        assert!(matches!(dedup.see(key("a"), &CancellationToken::new()), Seen::New(_)), "forgotten");
        let dedup = Dedup::new(100, 4 * one);
        for id in ["a", "b", "c", "d", "e"] {
            run(&dedup, id).end(Bytes::from_static(b"0123456789"));
        }
        let calls = dedup.calls();
        assert_eq!((calls.bytes, calls.ended.len()), (4 * one, 4));
    }

    #[test]
    fn mcp_16_a_long_reply_address_counts_as_well() {
        let dedup = Dedup::new(1024, 1 << 20);
        for number in 0..1024 {
            let key = Key::new("x".repeat(65_000), Identifier::parse(&number.to_string()).unwrap());
            let Seen::New(ticket) = dedup.see(key, &CancellationToken::new()) else { panic!() };
            ticket.end(Bytes::new());
        }
        assert_eq!(dedup.calls().ended.len(), (1 << 20) / (65_000 + ENTRY + 4));
    }

    #[test]
    fn mcp_16_a_large_answer_pushes_out_no_other_and_its_call_runs_once_too() {
        let dedup = Dedup::new(8, 2000);
        run(&dedup, "small").end(Bytes::from_static(b"x"));
        run(&dedup, "large").end(Bytes::from(vec![0; 1000]));
        assert!(matches!(dedup.see(key("large"), &CancellationToken::new()), Seen::Answered(None)));
        assert!(matches!(dedup.see(key("small"), &CancellationToken::new()), Seen::Answered(Some(_))));
    }

    #[test]
    fn mcp_17_cancels_that_overtake_their_calls_are_remembered_up_to_a_bound() {
        let dedup = Dedup::new(8, 40);
        for number in 0..MOST_CANCELS + 1000 {
            dedup.cancel(&key(&number.to_string()));
        }
        let kept = |early: &EarlyCancels| (early.known.len(), early.order.len());
        assert_eq!(kept(&dedup.calls().cancelled), (MOST_CANCELS, MOST_CANCELS));
        for number in [0, 999, 1000, MOST_CANCELS + 999] {
            let token = CancellationToken::new();
            let Seen::New(_ticket) = dedup.see(key(&number.to_string()), &token) else { panic!() };
            assert_eq!(token.is_cancelled(), number >= 1000, "{number}");
        }
    }

    #[test]
    fn a_call_whose_task_was_dropped_is_forgotten() {
        let dedup = Dedup::new(2, 10);
        drop(run(&dedup, "a"));
        drop(run(&dedup, "a"));
    }

    #[test]
    fn mcp_17_a_cancel_reaches_a_running_call_only() {
        let dedup = Dedup::new(2, 10);
        let token = CancellationToken::new();
        let Seen::New(ticket) = dedup.see(key("a"), &token) else { panic!() };
        assert!(dedup.cancel(&key("a")));
        assert!(token.is_cancelled());
        ticket.end(Bytes::new());
        assert!(!dedup.cancel(&key("a")));
    }

    #[test]
    fn mcp_17_a_cancel_between_the_handlers_end_and_the_first_chunk_ends_the_chunks() {
        let dedup = Dedup::new(2, 10);
        for cancelled in [false, true] {
            let (handler, chunks) = (CancellationToken::new(), CancellationToken::new());
            let Seen::New(ticket) = dedup.see(key("a"), &handler) else { panic!() };
            // What the handler left running ends with it: that is no cancel.
            handler.cancel();
            assert!(!cancelled || dedup.cancel(&key("a")));
            ticket.goes_on(chunks.clone());
            assert_eq!(chunks.is_cancelled(), cancelled);
            dedup.cancel(&key("a"));
            assert!(chunks.is_cancelled());
        }
    }
}
