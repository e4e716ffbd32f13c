//! The commands that handles send to the connection's task.

use std::time::Duration;

use tokio::sync::oneshot;

use super::inbound::MessageHandler;
use super::pending_publish::PendingPublish;
use super::subscriptions::Wanted;

/// A request to the connection's task.
pub(super) enum Command {
    Publish(Box<PendingPublish>),
    /// Somebody stopped waiting for a publish.
    Withdraw,
    Subscribe(Wanted),
    Unsubscribe {
        id: u64,
        done: Option<oneshot::Sender<()>>,
    },
    /// Somebody read what they were handed; acknowledgements that waited for them may go.
    Flush,
    /// Everything is subscribed that this process wants of a session that an earlier one left.
    Ready {
        /// Takes what nobody subscribes to.
        unclaimed: Option<MessageHandler>,
    },
    /// A filter that an earlier process left in the session is to be unsubscribed.
    EndFilter(String),
    /// The process is about to end: nothing is renewed any more.
    Draining,
    Close {
        within: Duration,
    },
    Abort,
}
