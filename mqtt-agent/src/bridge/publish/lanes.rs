//! [`Lanes`]: an MCP server's progress messages, by call. They are stored when they are read from the server's stream,
//! so they stay in order and come before the answer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleClient;
use rmcp::model::{
    ClientRequest, JsonRpcMessage, ProgressNotificationParam, ProgressToken, ServerNotification,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::bridge::progress::Step;

/// How many steps of a call are kept that are not sent yet; the oldest go first.
const KEPT: usize = 256;

/// How many steps are kept of calls that are about to be entered here.
const EARLY: usize = 1024;

/// The longest message of a step, in bytes.
const LONGEST: usize = 16 << 10;

/// Progress of the calls of one connection, and that its lists changed.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    known: Mutex<Known>,
    /// Told of each change of a list.
    pub(super) changed: Notify,
    /// Told when something could not be sent.
    pub(super) doubted: Notify,
    /// The server reads nothing.
    pub(super) stuck: CancellationToken,
    /// The places of requests that have no response; `None` where all messages go through one pipe.
    places: Option<Arc<Semaphore>>,
}

#[derive(Debug, Default)]
struct Known {
    calls: HashMap<ProgressToken, Arc<Lane>>,
    early: VecDeque<(ProgressToken, Step)>,
}

/// The steps of one call.
#[derive(Debug, Default)]
struct Lane {
    steps: Mutex<VecDeque<Step>>,
    more: Notify,
}

impl Lane {
    fn put(&self, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= KEPT {
            steps.pop_front();
        }
        steps.push_back(step);
        self.more.notify_one();
    }
}

/// The steps of a call, which are kept as long as this is there.
#[derive(Debug)]
pub(super) struct Steps {
    lanes: Arc<Lanes>,
    token: ProgressToken,
    lane: Arc<Lane>,
}

impl Lanes {
    /// Those of a server over HTTP, to which so many requests are on their way at once.
    #[cfg(feature = "mcp-publish-http")]
    pub(super) fn with_places(count: usize) -> Self {
        Self { places: Some(Arc::new(Semaphore::new(count))), ..Self::default() }
    }

    /// A cancel could not be sent in time.
    pub(super) fn late(&self) {
        match self.places {
            // Over HTTP they wait for each other, so a ping has to tell whether the server is there.
            Some(_) => self.doubted.notify_one(),
            None => self.stuck.cancel(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens that of a call, with what has come of it.
    pub(super) fn open(self: &Arc<Self>, token: ProgressToken) -> Steps {
        let lane = Arc::new(Lane::default());
        let mut known = self.known();
        let early = std::mem::take(&mut known.early);
        let (own, others): (VecDeque<_>, VecDeque<_>) = early.into_iter().partition(|(of, _)| *of == token);
        known.early = others;
        own.into_iter().for_each(|(_, step)| lane.put(step));
        known.calls.insert(token.clone(), Arc::clone(&lane));
        Steps { lanes: Arc::clone(self), token, lane }
    }

    fn put(&self, told: &ProgressNotificationParam) {
        let message = told.message.clone().filter(|message| message.len() <= LONGEST);
        let step = Step { progress: told.progress, total: told.total, message };
        let mut known = self.known();
        match known.calls.get(&told.progress_token).cloned() {
            Some(lane) => lane.put(step),
            None => {
                if known.early.len() >= EARLY {
                    known.early.pop_front();
                }
                known.early.push_back((told.progress_token.clone(), step));
            }
        }
    }
}

impl Steps {
    /// The next one. Cancel safe.
    pub(super) async fn next(&self) -> Step {
        loop {
            if let Some(step) = self.take() {
                return step;
            }
            self.lane.more.notified().await;
        }
    }

    /// One that is there.
    pub(super) fn take(&self) -> Option<Step> {
        self.lane.steps.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.lanes.known().calls.remove(&self.token);
    }
}

/// A transport whose progress goes into lanes, and in which pings and lists do not wait behind calls.
pub(super) struct Watched<T> {
    pub(super) transport: T,
    pub(super) lanes: Arc<Lanes>,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Watched<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let places = self.lanes.places.clone().filter(|_| needs_place(&item));
        // Before the wait: a cancel finds only what is sent already.
        let sent = self.transport.send(item);
        async move {
            let _place = match &places {
                // They are never closed.
                Some(places) => places.acquire().await.ok(),
                None => None,
            };
            sent.await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        let message = self.transport.receive().await?;
        if let JsonRpcMessage::Notification(told) = &message {
            match &told.notification {
                ServerNotification::ProgressNotification(progress) => self.lanes.put(&progress.params),
                ServerNotification::ToolListChangedNotification(_) => self.lanes.changed.notify_one(),
                _ => {}
            }
        }
        Some(message)
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.transport.close()
    }
}

/// Whether a message waits while too many requests have no response. What tells that a server is there, and what it has,
/// never waits for what it works on.
fn needs_place(item: &TxJsonRpcMessage<RoleClient>) -> bool {
    let JsonRpcMessage::Request(item) = item else { return false };
    !matches!(
        item.request,
        ClientRequest::PingRequest(_)
            | ClientRequest::ListToolsRequest(_)
            | ClientRequest::InitializeRequest(_)
            | ClientRequest::DiscoverRequest(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::NumberOrString;

    fn told(token: i64, progress: f64) -> ProgressNotificationParam {
        ProgressNotificationParam::new(ProgressToken(NumberOrString::Number(token)), progress)
    }

    #[test]
    fn what_came_before_a_call_was_entered_is_its_own_and_in_order() {
        let lanes = Arc::new(Lanes::default());
        for (token, progress) in [(1, 1.0), (2, 1.0), (1, 2.0)] {
            lanes.put(&told(token, progress));
        }
        let steps = lanes.open(ProgressToken(NumberOrString::Number(1)));
        lanes.put(&told(1, 3.0));
        let taken: Vec<_> = std::iter::from_fn(|| steps.take()).map(|step| step.progress).collect();
        assert_eq!(taken, [1.0, 2.0, 3.0]);
        drop(steps);
        assert!(lanes.known().calls.is_empty());
    }

    #[cfg(feature = "mcp-publish-http")]
    #[test]
    fn a_cancel_that_is_late_over_http_is_looked_into_and_over_a_pipe_ends_the_server() {
        use futures_util::FutureExt;
        for (lanes, is_stuck) in [(Lanes::with_places(1), false), (Lanes::default(), true)] {
            lanes.late();
            assert_eq!(lanes.stuck.is_cancelled(), is_stuck);
            assert_eq!(lanes.doubted.notified().now_or_never().is_some(), !is_stuck);
        }
    }

    #[test]
    fn what_nobody_reads_is_bounded() {
        let lanes = Arc::new(Lanes::default());
        let steps = lanes.open(ProgressToken(NumberOrString::Number(1)));
        for count in 0..5000 {
            lanes.put(&told(1, f64::from(count)));
            lanes.put(&told(2, f64::from(count)));
        }
        assert_eq!(lanes.known().early.len(), EARLY);
        let taken: Vec<_> = std::iter::from_fn(|| steps.take()).collect();
        assert_eq!((taken.len(), taken.last().map(|step| step.progress)), (KEPT, Some(4999.0)));
    }
}
