//! The partial results of a call while it runs (`MCP-10`).

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::exchange::Exchange;
use super::{CallError, read};
use crate::link::{Filter, Inbound, Subscription};
use crate::wire::{StreamKind, StreamMessage};

/// How many partial results wait for a slow reader; more are dropped and counted.
const BUFFER: usize = 1024;

/// A call that runs: its partial results, then its result.
///
/// Dropping it cancels the call.
#[derive(Debug)]
#[must_use = "dropping a stream cancels the call"]
pub struct ToolStream<T> {
    exchange: Box<Exchange>,
    partials: mpsc::Receiver<Inbound>,
    missed: Arc<AtomicU64>,
    // Given back when the stream ends; its route goes with it.
    _subscription: Subscription,
    outcome: Option<Result<Box<RawValue>, CallError>>,
    done: bool,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ToolStream<T> {
    pub(super) async fn open(mut exchange: Box<Exchange>) -> Result<Self, CallError> {
        let (sender, partials) = mpsc::channel(BUFFER);
        let missed = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&missed);
        let sink = Arc::new(move |inbound| {
            if sender.try_send(inbound).is_err() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        exchange.enter().await?;
        let filter = Filter::new(exchange.stream_topic());
        // Granted before the call leaves, so that the first partial result is not missed.
        let core = Arc::clone(exchange.core());
        let subscription = core.link().subscribe_one(filter, sink);
        let subscription = exchange.bounded(subscription).await??;
        exchange.send().await?;
        let (outcome, done, result) = (None, false, PhantomData);
        Ok(Self { exchange, partials, missed, _subscription: subscription, outcome, done, result })
    }

    /// The next partial result, or `None` when there are no more: then [`finish`](Self::finish) has the result.
    pub async fn next(&mut self) -> Option<Value> {
        while !self.done {
            let inbound = if self.outcome.is_some() {
                // The answer is here: what arrived before it is still given, nothing is waited for.
                self.partials.try_recv().ok()?
            } else {
                tokio::select! {
                    biased;
                    inbound = self.partials.recv() => inbound?,
                    outcome = self.exchange.response() => {
                        self.outcome = Some(outcome);
                        continue;
                    }
                }
            };
            match StreamMessage::read(&inbound.payload) {
                Ok(message) if message.call_id != *self.exchange.call_id() => {}
                Ok(StreamMessage { kind: StreamKind::Partial, content, .. }) => return Some(content),
                Ok(StreamMessage { kind: StreamKind::Done, .. }) => self.done = true,
                Ok(_) => {}
                Err(error) => tracing::warn!(topic = inbound.topic(), %error, "a stream message was dropped"),
            }
        }
        None
    }

    /// How many partial results were dropped because they were not read in time: more than 1,024 waited.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// The result. Partial results that were not read are dropped.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn finish(mut self) -> Result<T, CallError> {
        let outcome = match self.outcome.take() {
            Some(outcome) => outcome,
            None => self.exchange.response().await,
        };
        outcome.and_then(|raw| read(&raw))
    }
}
