//! The handle that callers use. It only sends commands to the connection's task and waits for answers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

use super::actor::{Actor, ActorParts};
use super::budget::Budget;
use super::command::Command;
use super::credentials::CredentialSource;
use super::dial::Address;
use super::error::{ConnectError, PublishError, SizeLimit, SubscribeError};
use super::inbound::MessageHandler;
use super::inbox::Inbox;
use super::mailbox::Mailbox;
use super::message::{Filter, Message};
use super::options::LinkOptions;
use super::outcome::{Outcome, Waiter};
use super::pending_publish::PendingPublish;
use super::receipt::{Pending, Receipt};
use super::relay;
use super::shared::Shared;
use super::size;
use super::state::ConnectionState;
use super::subscription::Subscription;
use super::subscriptions::{Granted, Wanted};
use super::waiting::{MOMENT, Waiting};
use super::watchdog::Watched;

/// What a broker may add to a packet on its way to the receiver: a subscription identifier, and properties of its own.
const ADDED: usize = 128;

/// How long a broker may say nothing at all while a stop waits for it.
const QUIET: Duration = Duration::from_secs(1);

/// One connection to a broker. Clones are the same connection.
///
/// When the last clone and the last subscription are dropped the connection is closed in the background, with a
/// little time for what is still unacknowledged; [`Link::close`] is the way to know that it was.
#[derive(Clone)]
pub(crate) struct Link(Arc<Inner>);

struct Inner {
    /// As whom it is asked.
    user: Option<String>,
    /// Unbounded, for publishes are bounded by `places` and everything else by its callers: a subscribe has one
    /// waiting.
    commands: mpsc::UnboundedSender<Command>,
    places: Arc<Semaphore>,
    /// What waits in inboxes.
    budget: Arc<Budget>,
    /// The largest packet that we accept.
    own_limit: usize,
    shared: Arc<Shared>,
    next_id: AtomicU64,
    task: TaskTracker,
    /// Where the broker is, and what is told of a wait for it.
    waiting: Waiting,
    /// Whether that was told.
    is_told: AtomicBool,
}

/// Room for one message in the queue of those that are to be published.
#[derive(Debug)]
pub(crate) struct Room(OwnedSemaphorePermit);

impl Link {
    /// Starts to connect and returns at once. Needs a tokio runtime.
    ///
    /// What it is told meanwhile is done as soon as there is a connection. To lose nothing of what a kept session has
    /// queued, subscribe before calling [`Link::ready`].
    pub(crate) fn open(options: LinkOptions) -> Result<Self, ConnectError> {
        options.check()?;
        let address = Address::new(&options)?;
        let waiting = Waiting::new(&address.target);
        let in_url =
            || address.target.credentials.as_ref().map(|credentials| credentials.username().to_owned());
        let user = options.credentials.as_ref().map(CredentialSource::user).or_else(in_url);
        // A token in the url names a user as well.
        let user = match address.target.resource.split_once('?') {
            Some((_, query)) => Some(format!("{}?{query}", user.unwrap_or_default())),
            None => user,
        };
        let runtime = Handle::try_current().map_err(|_| ConnectError::NoRuntime)?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new());
        let places = Arc::new(Semaphore::new(options.queue));
        let budget = Arc::new(Budget::new(options.inbox_bytes));
        let own_limit = usize::try_from(options.max_packet_size).unwrap_or(usize::MAX);
        let actor = Actor::new(ActorParts {
            options,
            address,
            commands: inbox,
            shared: Arc::clone(&shared),
            places: Arc::clone(&places),
            budget: Arc::clone(&budget),
        });
        let task = TaskTracker::new();
        relay::spawn(&task, actor.run(), &shared.pulse, &runtime);
        task.close();
        let next_id = AtomicU64::new(1);
        let is_told = AtomicBool::new(false);
        Ok(Self(Arc::new(Inner {
            user,
            commands,
            places,
            budget,
            own_limit,
            shared,
            next_id,
            task,
            waiting,
            is_told,
        })))
    }

    /// A handler's future, which may compute for long without awaiting: the connection goes on meanwhile where the runtime
    /// has another thread.
    pub(crate) fn watched<F: Future>(&self, handler: F) -> impl Future<Output = F::Output> + use<F> {
        Watched::new(handler, Arc::clone(&self.0.shared.pulse))
    }

    /// Where the broker is: host and port.
    pub(crate) fn broker(&self) -> &str {
        &self.0.waiting.broker
    }

    /// Tells users of the broker apart: the user name, or what stands for the user that a callback names.
    pub(crate) fn user(&self) -> Option<&str> {
        self.0.user.as_deref()
    }

    /// A queue of messages with their acknowledgements, and the handler that fills it; `what` names them in the log.
    pub(crate) fn inbox(&self, what: &'static str) -> (MessageHandler, Inbox) {
        Inbox::new(Arc::clone(&self.0.budget), what, false)
    }

    /// The same for a user's code, which may be slow: up to 1,024 messages and 8 MiB that wait are acknowledged as they come
    /// in, so that they hold up nobody else's acknowledgements.
    pub(crate) fn buffered_inbox(&self, what: &'static str) -> (MessageHandler, Inbox) {
        Inbox::new(Arc::clone(&self.0.budget), what, true)
    }

    /// The same for one reader, who may stop reading or go away: nothing else waits for it for long.
    pub(crate) fn mailbox(&self, what: &'static str) -> (MessageHandler, Mailbox) {
        Mailbox::new(what)
    }

    /// Says that everything is subscribed that this process wants of a session that an earlier one left. Until then
    /// messages that nobody subscribes to wait; from then on `unclaimed` takes them, in memory.
    pub(crate) fn ready(&self, unclaimed: Option<MessageHandler>) {
        let _ = self.0.commands.send(Command::Ready { unclaimed });
    }

    /// Says that this process is about to end: what is left to the session is for the next one.
    pub(crate) fn draining(&self) {
        let _ = self.0.commands.send(Command::Draining);
    }

    /// Unsubscribes a filter that an earlier process left in the session, unless this one uses it as well.
    pub(crate) fn end_filter(&self, filter: String) {
        let _ = self.0.commands.send(Command::EndFilter(filter));
    }

    /// Waits for the first connection, and tells so where that takes longer than a moment. Errors that trying again won't
    /// heal end it at once; it goes on trying all the same until it is closed.
    pub(crate) async fn connected(&self, within: Duration) -> Result<(), ConnectError> {
        let mut state = self.state();
        let mut failure = self.0.shared.failure.subscribe();
        let connected = async {
            tokio::select! {
                biased;
                state = state.wait_for(|state| !matches!(state, ConnectionState::Connecting { .. })) => match state {
                    Ok(state) if matches!(*state, ConnectionState::Connected { .. }) => Ok(()),
                    _ => Err(ConnectError::Closed),
                },
                failure = failure.wait_for(Option::is_some) => {
                    Err(failure.ok().and_then(|failure| failure.clone()).unwrap_or(ConnectError::Closed))
                }
            }
        };
        let mut connected = pin!(tokio::time::timeout(within, connected));
        let outcome = match tokio::time::timeout(MOMENT, &mut connected).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let is_first = !self.0.is_told.swap(true, Ordering::Relaxed);
                let now = self.0.shared.state.borrow().clone();
                let is_told = is_first && self.0.waiting.tell(&now, within).await;
                let outcome = connected.await;
                if is_told && matches!(outcome, Ok(Ok(()))) {
                    self.0.waiting.over();
                }
                outcome
            }
        };
        match outcome {
            Ok(outcome) => outcome,
            Err(_) => {
                let last = match &*self.0.shared.state.borrow() {
                    ConnectionState::Connecting { error, .. } => error.clone(),
                    _ => None,
                };
                Err(ConnectError::Timeout { broker: self.broker().to_owned(), within, last })
            }
        }
    }

    /// What the connection is doing, now and from now on.
    pub(crate) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.0.shared.state.subscribe()
    }

    /// Publishes and waits for the broker's acknowledgement, at QoS 0 for the sending.
    ///
    /// Dropping the future withdraws the message if it was not sent yet.
    pub(crate) async fn publish(&self, message: Message) -> Outcome {
        self.check_size(&message)?;
        let place = self.place().await?;
        Pending::new(self.send(message, true, Some(place))?, &self.0.commands).await
    }

    /// Queues a message, waiting for a place. The outcome is in the receipt; when that is dropped a failure is logged.
    pub(crate) async fn enqueue(&self, message: Message) -> Result<Receipt, PublishError> {
        self.check_size(&message)?;
        let place = self.place().await?;
        self.send(message, false, Some(place))
    }

    /// Waits for room to queue a message: what is to be sent need not be made before there is some.
    pub(crate) async fn room(&self) -> Result<Room, PublishError> {
        self.place().await.map(Room)
    }

    /// The same at once or not at all.
    pub(crate) fn try_room(&self) -> Result<Room, PublishError> {
        Arc::clone(&self.0.places).try_acquire_owned().map(Room).map_err(|error| match error {
            TryAcquireError::NoPermits => PublishError::QueueFull,
            TryAcquireError::Closed => PublishError::Closed,
        })
    }

    /// Queues a message, and has `told` run with its outcome, on the connection's task as a rule: for what is not awaited,
    /// which saves waking a task that has something else to wait for. It must not block.
    pub(crate) fn enqueue_telling(
        &self,
        Room(place): Room,
        message: Message,
        told: impl FnOnce(Outcome) + Send + 'static,
    ) {
        match self.check_size(&message) {
            Ok(()) => {
                let publish = PendingPublish::new(message, Waiter::told(told), false, Some(place));
                // Where the connection is closed, dropping it tells.
                drop(self.0.commands.send(Command::Publish(publish)));
            }
            Err(error) => told(Err(error)),
        }
    }

    /// The same as [`Link::enqueue`] at once or not at all, which suits `Drop`.
    pub(crate) fn try_enqueue(&self, message: Message) -> Result<Receipt, PublishError> {
        self.check_size(&message)?;
        let Room(place) = self.try_room()?;
        self.send(message, false, Some(place))
    }

    /// Queues a control message, as a cancel is: it waits for no place and goes before all others. Its sender bounds how many
    /// there are, by waiting for the outcome of one before it sends the next.
    pub(crate) fn enqueue_control(&self, message: Message) -> Result<Receipt, PublishError> {
        self.check_size(&message)?;
        if self.0.places.is_closed() {
            return Err(PublishError::Closed);
        }
        self.send(message, false, None)
    }

    /// Refuses what can't be sent or wouldn't arrive, as far as it is known now: the broker's limit is known once connected.
    /// Brokers withhold what is larger than a receiver's limit without telling anybody, so it is held to our own, which is
    /// a receiver's that says nothing, and to the receiver's, where that is less.
    pub(crate) fn check_size(&self, message: &Message) -> Result<(), PublishError> {
        message.check()?;
        let size = size::publish(message);
        let (limit, of) = self.limit(message.receiver_limit);
        if size > limit { Err(PublishError::TooLarge { size, limit, of }) } else { Ok(()) }
    }

    /// The largest packet that may go to a receiver that states such a limit, and whose limit that is.
    fn limit(&self, stated: Option<u64>) -> (usize, SizeLimit) {
        let less = |limit: usize| limit.saturating_sub(ADDED);
        let stated = stated.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let limits = [
            (self.max_packet_size(), SizeLimit::Broker),
            (less(self.0.own_limit), SizeLimit::Connection),
            (less(stated.unwrap_or(usize::MAX)), SizeLimit::Receiver),
        ];
        limits.into_iter().min_by_key(|(limit, _)| *limit).unwrap_or(limits[0])
    }

    /// The same without the name.
    pub(crate) fn largest(&self, stated: Option<u64>) -> usize {
        self.limit(stated).0
    }

    /// How many bytes of payload a message may have beside those that it has.
    pub(crate) fn left_of(&self, message: &Message) -> usize {
        // The length itself takes a byte or two more with a larger payload.
        const LENGTH: usize = 8;
        self.largest(message.receiver_limit).saturating_sub(size::publish(message) + LENGTH)
    }

    /// The size and the limit of a message that is too large.
    pub(crate) fn too_large(&self, message: &Message) -> Option<(usize, usize)> {
        match self.check_size(message) {
            Err(PublishError::TooLarge { size, limit, .. }) => Some((size, limit)),
            _ => None,
        }
    }

    /// The largest packet that this connection accepts.
    pub(crate) fn accepts(&self) -> usize {
        self.0.own_limit
    }

    /// Tells that somebody read what an [awaited](MessageHandler::Awaited) message brought: its acknowledgement goes out with
    /// what they publish now, if they do.
    pub(crate) fn flush(&self) {
        if self.0.shared.holds.load(Ordering::Relaxed) {
            drop(self.0.commands.send(Command::Flush));
        }
    }

    /// Counts the sessions that the broker began for this process: 0 while it goes on with that of an earlier one. A new
    /// one tells that the broker may have lost what it was given before.
    pub(crate) fn session(&self) -> u64 {
        self.0.shared.sessions.load(Ordering::Acquire)
    }

    /// Waits for something that needs the broker's answers, for a start: so long at most.
    pub(crate) async fn answered<T>(
        &self,
        what: &'static str,
        within: Duration,
        answer: impl Future<Output = T>,
    ) -> Result<T, ConnectError> {
        let timeout = tokio::time::timeout(within, answer).await;
        timeout.map_err(|_| ConnectError::Unanswered { broker: self.broker().to_owned(), what, within })
    }

    /// Waits for many answers of the broker, for a start: so long at most for each, from the one before. So a slow broker that
    /// has much to answer is waited for while it goes on.
    pub(crate) async fn answered_each<F: Future>(
        &self,
        what: &'static str,
        within: Duration,
        answers: impl IntoIterator<Item = F>,
    ) -> Result<Vec<F::Output>, ConnectError> {
        let mut waiting: FuturesOrdered<_> = answers.into_iter().collect();
        let mut answered = Vec::with_capacity(waiting.len());
        while let Some(answer) = self.answered(what, within, waiting.next()).await? {
            answered.push(answer);
        }
        Ok(answered)
    }

    /// Waits for something that needs the broker's answers, for a stop: so long at most, and not longer than [`QUIET`]
    /// without a sign of life. After one wait that was given up the next ones wait for nothing, until the broker is heard
    /// of again: a stop of many steps takes no longer than one of them where the broker is gone.
    pub(crate) async fn attend<T>(&self, within: Duration, what: impl Future<Output = T>) -> Option<T> {
        let shared = &self.0.shared;
        if shared.is_given_up() {
            return what.now_or_never();
        }
        let mut what = pin!(what);
        let began = Instant::now();
        loop {
            let until = (shared.heard().max(began) + QUIET).min(began + within);
            if let Ok(done) = tokio::time::timeout_at(until.into(), &mut what).await {
                return Some(done);
            }
            let now = Instant::now();
            if now >= began + within || now >= shared.heard().max(began) + QUIET {
                shared.give_up();
                return None;
            }
        }
    }

    /// The current connection's number; 0 while there is none.
    pub(crate) fn epoch(&self) -> u64 {
        match &*self.0.shared.state.borrow() {
            ConnectionState::Connected { epoch, .. } => *epoch,
            _ => 0,
        }
    }

    /// The largest packet that the broker accepts, topic and properties included; unlimited until it says so.
    pub(crate) fn max_packet_size(&self) -> usize {
        self.0.shared.limit.load(Ordering::Relaxed)
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, PublishError> {
        Arc::clone(&self.0.places).acquire_owned().await.map_err(|_| PublishError::Closed)
    }

    fn send(
        &self,
        message: Message,
        withdraw: bool,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Receipt, PublishError> {
        let (outcome, receipt) = oneshot::channel();
        let publish = PendingPublish::new(message, Waiter::Receipt(outcome), withdraw, place);
        self.0.commands.send(Command::Publish(publish)).map_err(|_| PublishError::Closed)?;
        Ok(Receipt::new(receipt))
    }

    /// Subscribes to several filters at once; each has its outcome, in the same order.
    ///
    /// Messages arrive from now on, even before the outcome. Dropping the future undoes the subscriptions.
    pub(crate) async fn subscribe(
        &self,
        filters: Vec<Filter>,
        handler: MessageHandler,
    ) -> Vec<Result<Subscription, SubscribeError>> {
        // All are asked for before the first answer is awaited.
        let asked: Vec<_> = filters.into_iter().map(|filter| self.ask(filter, &handler)).collect();
        let mut results = Vec::with_capacity(asked.len());
        for asked in asked {
            results.push(match asked {
                Err(error) => Err(error),
                Ok((subscription, granted)) => {
                    let closed = || SubscribeError::Closed { filter: subscription.filter().to_owned() };
                    granted.await.unwrap_or_else(|_| Err(closed())).map(|()| subscription)
                }
            });
        }
        results
    }

    /// Subscribes to one filter.
    pub(crate) async fn subscribe_one(
        &self,
        filter: Filter,
        handler: MessageHandler,
    ) -> Result<Subscription, SubscribeError> {
        let text = filter.filter.clone();
        let outcome = self.subscribe(vec![filter], handler).await.pop();
        outcome.unwrap_or(Err(SubscribeError::Closed { filter: text }))
    }

    fn ask(
        &self,
        filter: Filter,
        handler: &MessageHandler,
    ) -> Result<(Subscription, oneshot::Receiver<Granted>), SubscribeError> {
        filter.check()?;
        let subscription = self.subscription(&filter.filter);
        let route = subscription.route(handler.clone());
        let (outcome, granted) = oneshot::channel();
        // A closed connection drops it, which is the answer.
        let _ = self.0.commands.send(Command::Subscribe(Wanted { filter, route, outcome }));
        Ok((subscription, granted))
    }

    fn subscription(&self, filter: &str) -> Subscription {
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        Subscription::new(self.0.commands.clone(), id, filter)
    }

    /// Closes the connection: takes no more publishes, waits until everything is acknowledged on both sides, says
    /// goodbye (so that no will is published) and ends its task. What can't be finished in time is given up.
    pub(crate) async fn close(&self, within: Duration) {
        self.0.places.close();
        let within = if self.0.shared.is_given_up() { Duration::ZERO } else { within };
        let _ = self.0.commands.send(Command::Close { within });
        let closed = self.0.task.wait();
        if self.attend(within, closed).await.is_none() {
            // The nearer deadline decides.
            let _ = self.0.commands.send(Command::Close { within: Duration::ZERO });
            self.0.task.wait().await;
        }
    }

    /// Ends the connection without goodbye, as a crash would: the will speaks. Returns at once.
    pub(crate) fn break_off(&self) {
        self.0.places.close();
        let _ = self.0.commands.send(Command::Abort);
    }

    /// Breaks the connection off and waits until its task has ended.
    #[cfg(test)]
    pub(crate) async fn abort(&self) {
        self.break_off();
        self.0.task.wait().await;
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&*self.0.shared.state.borrow()).finish()
    }
}
