//! [`Layers`]: the layers around one handler, with their time limits; [`AgentLayers`]: the layers of an agent.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until};

use super::next::{Next, Passed, SharedLayer};
use super::outcome::{Outcome, Refusal};
use super::request::Request;
use crate::handler::refusal::{canceled, panicked, timed_out};
use crate::handler::reply::Answered;
use crate::wire::ErrorBody;

/// How long layers may take when the handler has ended.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// The layers around one handler, the outermost first.
#[derive(Clone, Default)]
pub(crate) struct Layers(Option<Arc<[SharedLayer]>>);

impl Layers {
    /// Whether nothing stands around the handler.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Hands a request through the layers to `handle`, and what that answers back. The layers may take until `until` before
    /// they let it go on, and a while after it ended; in between the handler's own limit holds.
    pub(crate) async fn around<F>(
        &self,
        request: Request,
        until: Instant,
        handle: impl FnOnce(Request) -> F,
    ) -> Result<Answered, ErrorBody>
    where
        F: Future<Output = Result<Answered, ErrorBody>>,
    {
        let context = request.context().clone();
        let outcome = async {
            let Some(layers) = &self.0 else { return passed(handle(request).await) };
            let (handler, mut arrived) = oneshot::channel();
            let mut layered = pin!(Next::new(Arc::clone(layers), handler).run(request));
            let Passed { request, mut answer } = tokio::select! {
                biased;
                outcome = &mut layered => return outcome,
                // Without it they decide on their own.
                Ok(passed) = &mut arrived => passed,
                () = context.cancelled() => return Err(canceled().into()),
                () = sleep_until(until.into()) => return Err(timed_out(context.tool(), None).into()),
            };
            tokio::select! {
                biased;
                outcome = &mut layered => return outcome,
                // A layer does not wait for it any more.
                () = answer.closed() => {}
                outcome = handle(request) => drop(answer.send(passed(outcome))),
            }
            tokio::select! {
                biased;
                outcome = layered => outcome,
                () = sleep(AFTERWARDS) => Err(timed_out(context.tool(), None).into()),
            }
        };
        // What is dropped unfinished may panic as well.
        let outcome = AssertUnwindSafe(outcome).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Err(panicked().into()));
        match outcome {
            Ok(output) => Ok(output.into_answered()),
            Err(refusal) => Err(Refusal::into_body(refusal, context.tool(), context.call_id())),
        }
    }
}

fn passed(outcome: Result<Answered, ErrorBody>) -> Outcome {
    outcome.map(Into::into).map_err(Into::into)
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|layers| layers.iter())).finish()
    }
}

/// The layers of an agent: those around all its handlers, and those that single ones have.
#[derive(Clone, Default)]
pub(crate) struct AgentLayers {
    all: Vec<SharedLayer>,
    own: Arc<Mutex<Vec<SharedLayer>>>,
}

impl AgentLayers {
    /// Those around all handlers, the outermost first.
    pub(crate) fn new(all: Vec<SharedLayer>) -> Self {
        Self { all, own: Arc::default() }
    }

    /// The layers around one handler: those of the agent, then its own.
    pub(crate) fn of(&self, own: &[fn() -> SharedLayer]) -> Layers {
        if self.all.is_empty() && own.is_empty() {
            return Layers::default();
        }
        let own: Vec<_> = own.iter().map(|make| make()).collect();
        self.own.lock().unwrap_or_else(PoisonError::into_inner).extend(own.iter().cloned());
        Layers(Some(self.all.iter().cloned().chain(own).collect()))
    }

    /// The same for a handler whose layers are there already.
    pub(crate) fn with(&self, own: &[SharedLayer]) -> Layers {
        if self.all.is_empty() && own.is_empty() {
            return Layers::default();
        }
        self.own.lock().unwrap_or_else(PoisonError::into_inner).extend(own.iter().cloned());
        Layers(Some(self.all.iter().chain(own).cloned().collect()))
    }

    /// Lets those end what they have begun that only a handler had which is served no more.
    pub(crate) async fn forget(&self, layers: &Layers) {
        let is_among = |all: &[SharedLayer], one: &SharedLayer| all.iter().any(|other| other.is(one));
        let around = layers.0.as_deref().unwrap_or_default();
        let gone: Vec<_> = around.iter().filter(|layer| !is_among(&self.all, layer)).cloned().collect();
        let shared: Vec<_> = {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            for layer in &gone {
                // Once: another handler may have the same.
                if let Some(at) = own.iter().position(|other| other.is(layer)) {
                    own.swap_remove(at);
                }
            }
            gone.into_iter().filter(|layer| !is_among(&own, layer)).collect()
        };
        join_all(shared.iter().map(SharedLayer::stop)).await;
    }

    /// Lets each of them end what it has begun.
    pub(crate) async fn stop(&self) {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(self.all.iter().chain(&own).map(SharedLayer::stop)).await;
    }
}

impl fmt::Debug for AgentLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(self.all.iter().chain(&*own)).finish()
    }
}
