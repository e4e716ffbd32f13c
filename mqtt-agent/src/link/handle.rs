//! [`Link`]: what the rest of the crate holds of a connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{Semaphore, TryAcquireError, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::actor::Actor;
use super::error::{ConnectError, PublishError, SubscribeError};
use super::message::{Filter, Message, Sink};
use super::options::LinkOptions;
use super::outbox::Outcome;
use super::state::ConnectionState;

/// What a handle asks of the connection's task.
///
/// The channel itself has no bound, for each kind of command has one: publishes hold a place in the queue,
/// acknowledgements are as many as Receive Maximum lets in, and every other command has a caller who waits for it or a
/// subscription that it ends.
pub(super) enum Command {
    Publish {
        message: Message,
        reply: oneshot::Sender<Outcome>,
        withdrawable: bool,
        place: tokio::sync::OwnedSemaphorePermit,
    },
    Subscribe {
        id: u64,
        filter: String,
        sink: Sink,
        reply: oneshot::Sender<Result<(), SubscribeError>>,
    },
    Unsubscribe {
        id: u64,
        reply: Option<oneshot::Sender<()>>,
    },
    Ack {
        epoch: u64,
        packet_id: u16,
    },
    Close,
}

/// A connection. Cheap to clone; ends when the last handle and the last subscription are dropped, without a word to the
/// broker, so that the Will speaks. [`close`](Self::close) ends it cleanly.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    commands: mpsc::UnboundedSender<Command>,
    places: Arc<Semaphore>,
    state: watch::Receiver<ConnectionState>,
    failure: Arc<OnceLock<ConnectError>>,
    next_id: AtomicU64,
    broker: String,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("broker", &self.broker).field("state", &*self.state.borrow()).finish()
    }
}

impl Link {
    /// Starts to connect, and returns at once.
    pub(crate) fn open(options: LinkOptions) -> Result<Self, ConnectError> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(options.queue.clamp(1, Semaphore::MAX_PERMITS)));
        let (show, state) = watch::channel(ConnectionState::Connecting { attempt: 0, error: None });
        let failure = Arc::new(OnceLock::new());
        let (actor, broker) = Actor::new(&options, commands.downgrade(), inbox, show, Arc::clone(&failure))?;
        let task = Mutex::new(Some(tokio::spawn(actor.run())));
        let next_id = AtomicU64::new(0);
        Ok(Self(Arc::new(Shared { commands, places, state, failure, next_id, broker, task })))
    }

    /// Waits until the connection is up for the first time. What another try will not mend ends the wait at once.
    pub(crate) async fn connected(&self, within: Duration) -> Result<(), ConnectError> {
        let mut state = self.state();
        let up = state.wait_for(|state| !matches!(state, ConnectionState::Connecting { .. }));
        let ended = match tokio::time::timeout(within, up).await {
            Ok(Ok(state)) => !state.is_connected(),
            Ok(Err(_)) => true,
            Err(_) => {
                let last = match &*self.0.state.borrow() {
                    ConnectionState::Connecting { error: Some(error), .. } => error.to_string(),
                    _ => "no answer".to_owned(),
                };
                return Err(ConnectError::Timeout { broker: self.0.broker.clone(), after: within, last });
            }
        };
        match self.0.failure.get() {
            Some(error) => Err(error.clone()),
            None if ended => Err(ConnectError::Closed),
            None => Ok(()),
        }
    }

    pub(crate) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.0.state.clone()
    }

    /// Publishes, and waits for the broker's word. Waits for a place in the queue as well, and during a reconnect.
    /// Dropping the future withdraws the message if it has not been sent yet.
    pub(crate) async fn publish(&self, message: Message) -> Outcome {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| PublishError::Closed)?;
        self.send(message, true, place)?.await
    }

    /// Queues a message, and waits for no more than a place in the queue.
    pub(crate) async fn enqueue(&self, message: Message) -> Result<Receipt, PublishError> {
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| PublishError::Closed)?;
        self.send(message, false, place)
    }

    /// Queues a message if there is a place now.
    pub(crate) fn try_enqueue(&self, message: Message) -> Result<Receipt, PublishError> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => PublishError::QueueFull,
            TryAcquireError::Closed => PublishError::Closed,
        })?;
        self.send(message, false, place)
    }

    fn send(
        &self,
        message: Message,
        withdrawable: bool,
        place: tokio::sync::OwnedSemaphorePermit,
    ) -> Result<Receipt, PublishError> {
        let (reply, outcome) = oneshot::channel();
        let publish = Command::Publish { message, reply, withdrawable, place };
        self.0.commands.send(publish).map_err(|_| PublishError::Closed)?;
        Ok(Receipt(outcome))
    }

    /// Subscribes one filter at QoS 1, and waits for the broker's word. Messages go to `sink` from then on, those that
    /// were retained included, until the subscription is dropped; reconnects are bridged.
    pub(crate) async fn subscribe_one(&self, filter: Filter, sink: Sink) -> Result<Subscription, SubscribeError> {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, outcome) = oneshot::channel();
        let subscribe = Command::Subscribe { id, filter: filter.0, sink, reply };
        self.0.commands.send(subscribe).map_err(|_| SubscribeError::Closed)?;
        // Made before the wait: a wait that is dropped ends the subscription as well.
        let subscription = Subscription { id, commands: self.0.commands.clone() };
        outcome.await.map_err(|_| SubscribeError::Closed)??;
        Ok(subscription)
    }

    /// Ends the connection cleanly: takes no more messages, waits for what is not acknowledged, disconnects.
    pub(crate) async fn close(&self, within: Duration) {
        self.0.places.close();
        drop(self.0.commands.send(Command::Close));
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut task) = task else { return };
        if tokio::time::timeout(within, &mut task).await.is_err() {
            tracing::warn!(broker = self.0.broker, "the connection was broken off: the broker did not answer in time");
            task.abort();
            drop(task.await);
        }
    }
}

/// The outcome of a queued message, when it is there.
#[derive(Debug)]
pub(crate) struct Receipt(oneshot::Receiver<Outcome>);

impl Receipt {
    /// The outcome, if it is there already.
    pub(crate) fn try_outcome(&mut self) -> Option<Outcome> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(PublishError::Closed)),
        }
    }
}

impl Future for Receipt {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.unwrap_or(Err(PublishError::Closed)))
    }
}

/// A subscription. Dropping it ends it, in the background.
pub(crate) struct Subscription {
    id: u64,
    commands: mpsc::UnboundedSender<Command>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subscription({})", self.id)
    }
}

impl Subscription {
    /// Ends it, and waits for the broker's word.
    pub(crate) async fn unsubscribe(self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Unsubscribe { id: self.id, reply: Some(reply) }).is_ok() {
            // Fails when the connection has ended, and the subscription with it.
            drop(done.await);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // After `unsubscribe` there is nothing left to end, and the connection's task knows.
        drop(self.commands.send(Command::Unsubscribe { id: self.id, reply: None }));
    }
}
