//! The outcome of a request whose answer says that it arrived: only a refusal is worth waking anybody for.
//!
//! A caller waits for the answer in any case. To wake it for the broker's acknowledgement as well would cost every
//! call a change of task.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use super::outgoing::Outcome;

/// Ends with the outcome of a publish that was not taken, or that nobody is subscribed to; for one that was, never.
/// Dropping it withdraws the message if it was not handed to the client library yet.
#[derive(Debug)]
pub(crate) struct Refusal {
    slot: Arc<Slot>,
    /// Tells the connection's task that there may be something to withdraw.
    withdraw: WithdrawSignal,
}

/// The side of the connection's task.
#[derive(Debug)]
pub(super) struct Refuser(Arc<Slot>);

/// Called when a message is to be withdrawn.
pub(super) struct WithdrawSignal(Box<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for WithdrawSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WithdrawSignal")
    }
}

#[derive(Debug, Default)]
struct Slot {
    waker: AtomicWaker,
    outcome: Mutex<Option<Outcome>>,
    given_up: AtomicBool,
    sent: AtomicBool,
}

pub(super) fn refusal(withdraw: impl Fn() + Send + Sync + 'static) -> (Refuser, Refusal) {
    let slot = Arc::new(Slot::default());
    (Refuser(Arc::clone(&slot)), Refusal { slot, withdraw: WithdrawSignal(Box::new(withdraw)) })
}

impl Refusal {
    /// Whether the message has left, or has its outcome.
    pub(crate) fn sent(&self) -> bool {
        self.slot.sent.load(Ordering::Acquire)
    }
}

impl Refuser {
    pub(super) fn given_up(&self) -> bool {
        self.0.given_up.load(Ordering::Acquire)
    }

    pub(super) fn sent(&self) {
        self.0.sent.store(true, Ordering::Release);
    }

    /// Tells a refusal; keeps silent about all else.
    pub(super) fn tell(&self, outcome: Outcome) {
        let refused = outcome.as_ref().map_or(true, |published| published.no_subscribers);
        self.0.sent.store(true, Ordering::Release);
        if refused {
            *self.0.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            self.0.waker.wake();
        }
    }
}

impl Future for Refusal {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.slot.waker.register(cx.waker());
        match self.slot.outcome.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(outcome) => Poll::Ready(outcome),
            None => Poll::Pending,
        }
    }
}

impl Drop for Refusal {
    fn drop(&mut self) {
        self.slot.given_up.store(true, Ordering::Release);
        if !self.sent() {
            (self.withdraw.0)();
        }
    }
}
