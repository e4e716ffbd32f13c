//! Whether a call may run now, waits for its turn, or is one too many.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// The places of an agent: those in which handlers run, and those in which calls wait.
#[derive(Debug)]
pub(crate) struct Places {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// The places of one tool.
#[derive(Debug)]
pub(crate) struct Admission {
    agent: Arc<Places>,
    // None: as many as the agent runs.
    tool: Option<Arc<Semaphore>>,
}

/// The right to run; the places are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _agent: OwnedSemaphorePermit,
    _own: Option<OwnedSemaphorePermit>,
}

/// All places are taken, the waiting ones too.
#[derive(Debug)]
pub(crate) struct Busy;

/// So many places, and one at least.
pub(crate) fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)))
}

/// The places of one handler, where it has a limit of its own.
pub(crate) fn own_places(concurrency: Option<u32>) -> Option<Arc<Semaphore>> {
    concurrency.map(|count| places(count as usize))
}

/// Waits for a place of the handler's own, then for one of the agent's: what waits for its own handler holds back no other.
/// First come, first served. `None` when the places are closed, which they never are.
pub(crate) async fn turn(own: Option<&Arc<Semaphore>>, agent: &Arc<Semaphore>) -> Option<Turn> {
    let own = match own {
        Some(own) => Some(Arc::clone(own).acquire_owned().await.ok()?),
        None => None,
    };
    Some(Turn { _agent: Arc::clone(agent).acquire_owned().await.ok()?, _own: own })
}

impl Places {
    pub(crate) fn new(concurrency: usize, queue: usize) -> Arc<Self> {
        let waiting = Arc::new(Semaphore::new(queue.min(Semaphore::MAX_PERMITS)));
        Arc::new(Self { running: places(concurrency), waiting })
    }
}

impl Admission {
    pub(crate) fn new(agent: Arc<Places>, concurrency: Option<u32>) -> Self {
        Self { agent, tool: own_places(concurrency) }
    }

    /// Waits for a turn, first come first served. `Busy` at once when no more calls may wait.
    ///
    /// The tool's place is taken before the agent's: a call that waits for its own tool holds back no other.
    pub(crate) async fn turn(&self) -> Result<Turn, Busy> {
        if let Some(turn) = self.at_once()? {
            return Ok(turn);
        }
        let _place = Arc::clone(&self.agent.waiting).try_acquire_owned().map_err(|_| Busy)?;
        turn(self.tool.as_ref(), &self.agent.running).await.ok_or(Busy)
    }

    fn at_once(&self) -> Result<Option<Turn>, Busy> {
        let tool = match &self.tool {
            None => None,
            Some(tool) => match Arc::clone(tool).try_acquire_owned() {
                Ok(permit) => Some(permit),
                Err(TryAcquireError::NoPermits) => return Ok(None),
                Err(TryAcquireError::Closed) => return Err(Busy),
            },
        };
        match Arc::clone(&self.agent.running).try_acquire_owned() {
            Ok(agent) => Ok(Some(Turn { _agent: agent, _own: tool })),
            Err(TryAcquireError::NoPermits) => Ok(None),
            Err(TryAcquireError::Closed) => Err(Busy),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_call_over_the_queue_is_busy_and_one_in_it_gets_its_turn() {
        let admission = Admission::new(Places::new(1, 1), None);
        let first = admission.turn().await.unwrap();
        let mut second = Box::pin(admission.turn());
        assert!((&mut second).now_or_never().is_none(), "waits");
        assert!(matches!(admission.turn().now_or_never(), Some(Err(Busy))));
        drop(first);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_tool_at_its_limit_holds_back_no_other() {
        let places = Places::new(2, 8);
        let (slow, quick) = (Admission::new(Arc::clone(&places), Some(1)), Admission::new(places, None));
        let _running = slow.turn().await.unwrap();
        let waiting = Box::pin(slow.turn());
        assert!(waiting.now_or_never().is_none());
        quick.turn().now_or_never().unwrap().unwrap();
    }
}
