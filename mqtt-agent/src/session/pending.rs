//! The pending calls of one connection.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::windows::Place;
use crate::link::{Inbound, Outcome};
use crate::shown::shown;
use crate::wire::{Identifier, Response};

/// Who waits, by call id. Short look-ups only: the lock is never held across an await or a parse.
#[derive(Debug, Default)]
pub(crate) struct Pending(Mutex<HashMap<Identifier, Waiting>>);

/// A call that was sent.
#[derive(Debug)]
struct Waiting {
    // Boxed: the channel keeps room for what it carries from the first, for each call that waits.
    answer: oneshot::Sender<Box<Answer>>,
    sent: Instant,
    /// A tool call's. Given back as soon as the answer is here, whether or not its caller looks at it.
    place: Option<Place>,
}

/// What comes of a call that was sent.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Its answer.
    Arrived {
        inbound: Inbound,
        /// How long after the call it came.
        after: Duration,
    },
    /// Nobody got it: the broker's word.
    Unheard(Outcome),
}

impl Pending {
    pub(crate) fn wait(&self, call_id: Identifier, place: Option<Place>) -> oneshot::Receiver<Box<Answer>> {
        let (answer, receiver) = oneshot::channel();
        let waiting = Waiting { answer, sent: Instant::now(), place };
        // Never dropped under the lock: a place that is given back wakes other calls.
        let former = self.calls().insert(call_id, waiting);
        drop(former);
        receiver
    }

    pub(crate) fn forget(&self, call_id: &Identifier) {
        let waiting = self.calls().remove(call_id);
        drop(waiting);
    }

    /// Ends a wait: the broker says that nobody got the call.
    pub(crate) fn unheard(&self, call_id: &Identifier, outcome: Outcome) {
        let waiting = self.calls().remove(call_id);
        if let Some(Waiting { answer, place, .. }) = waiting {
            drop(place);
            drop(answer.send(Box::new(Answer::Unheard(outcome))));
        }
    }

    /// Ends every wait: no answer will come any more.
    pub(crate) fn end(&self) {
        let all = std::mem::take(&mut *self.calls());
        drop(all);
    }

    /// Hands an answer to the waiter, by Correlation Data or else by the payload's `call_id` (`MCP-6`).
    /// An answer that nobody waits for is a late or a forged one, and is dropped.
    pub(crate) fn receive(&self, inbound: Inbound) {
        let correlation = inbound.properties.correlation_data.as_deref();
        let by_correlation = correlation
            .and_then(|data| std::str::from_utf8(data).ok())
            .and_then(|id| self.calls().remove(id));
        let waiting = by_correlation.or_else(|| {
            let id = Response::read_call_id(&inbound.payload)?;
            self.calls().remove(id.as_str())
        });
        match waiting {
            // A caller that left in this moment loses nothing.
            Some(Waiting { answer, sent, place }) => {
                drop(place);
                drop(answer.send(Box::new(Answer::Arrived { inbound, after: sent.elapsed() })));
            }
            None => {
                crate::log::debug!(topic = %shown(inbound.topic()), "dropped an answer that no call waits for")
            }
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Identifier, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
