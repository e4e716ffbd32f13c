//! The limit for the bytes of received messages that a connection keeps for its handlers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// The bytes of the messages that wait in the inboxes of a connection, or that were read and are not settled yet. Once they
/// are spent its socket is not read any more.
#[derive(Debug)]
pub(super) struct Budget {
    used: AtomicUsize,
    most: usize,
    freed: AtomicWaker,
}

impl Budget {
    pub(super) fn new(most: usize) -> Self {
        Self { used: AtomicUsize::new(0), most, freed: AtomicWaker::new() }
    }

    pub(super) fn charge(self: &Arc<Self>, weight: usize) -> Charge {
        self.used.fetch_add(weight, Ordering::AcqRel);
        Charge { budget: Arc::clone(self), weight }
    }

    fn release(&self, weight: usize) {
        let before = self.used.fetch_sub(weight, Ordering::AcqRel);
        if before >= self.most && before - weight < self.most {
            self.freed.wake();
        }
    }

    fn is_spent(&self) -> bool {
        self.used.load(Ordering::Acquire) >= self.most
    }

    /// Whether more may be read; if not, the task is woken when it may.
    pub(super) fn poll_free(&self, cx: &Context<'_>) -> bool {
        if !self.is_spent() {
            return true;
        }
        self.freed.register(cx.waker());
        !self.is_spent()
    }
}

/// One message's share; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Arc<Budget>,
    weight: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.release(self.weight);
    }
}
