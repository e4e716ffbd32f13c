//! [`Shared`]: the state that all tools of a server share.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use super::chunks::Transfers;
use super::look::Room;
use crate::handler::context::States;
use crate::link::Link;
use crate::serve::Admission;
use crate::session::SessionHandle;
use crate::wire::Namespace;

/// What all tools of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) namespace: Namespace,
    pub(super) handle: SessionHandle,
    pub(super) states: Arc<States>,
    pub(super) limits: Limits,
    /// Owns the task of every call.
    pub(super) tasks: TaskTracker,
    /// Cancelled when the grace of a stop is over.
    pub(super) abandon: CancellationToken,
    /// Cancelled when no more work is accepted.
    pub(super) stopping: CancellationToken,
    /// Calls in hand, those that are still being read included.
    pub(super) admission: Arc<Admission>,
    /// What the servers of this process know of all servers' cards.
    pub(super) room: Arc<Room>,
    /// Who sends an answer again that nobody received.
    pub(super) retriers: Semaphore,
    /// The results that are being sent in chunks.
    pub(super) transfers: Transfers,
}
