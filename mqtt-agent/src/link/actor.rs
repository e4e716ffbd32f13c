//! The connection's one task. It owns the client library's event loop and all state; everybody else sends commands.
//!
//! `poll()` is kept pinned while commands are taken, so that it is never cancelled half-way through a packet, and
//! nothing here awaits anything but it: what can't be handed over at once stays in a queue of ours until the next
//! event. What an event means is in `events`.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::{AsyncClient, MqttOptions, MqttState};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

use super::acks::Acks;
use super::backoff::Backoff;
use super::ended::Ended;
use super::entry::Entry;
use super::error::PublishError;
use super::handle::Shared;
use super::inbound::{Inbound, Sink};
use super::options::LinkOptions;
use super::outgoing::{OutOfStep, Outgoing};
use super::state::ConnectionState;
use super::subscriptions::{Subscriptions, Wanted};

/// How long to finish when every handle was dropped without closing.
const ABANDONED: Duration = Duration::from_secs(2);
/// How long the broker may take to hang up after our goodbye. Closing first could throw the goodbye away: with
/// unread data in our socket the system resets the connection.
pub(super) const HANG_UP: Duration = Duration::from_millis(500);
/// Stands for "no alarm".
pub(super) const FAR: Duration = Duration::from_secs(24 * 3600);

/// What handles ask of the task.
pub(super) enum Command {
    Publish(Box<Entry>),
    /// Somebody stopped waiting for a publish.
    Withdraw,
    Subscribe(Wanted),
    Unsubscribe {
        id: u64,
        done: Option<oneshot::Sender<()>>,
    },
    /// The message stays with the session: it is never acknowledged on this connection.
    Withhold {
        epoch: u64,
        place: u64,
    },
    Acknowledge {
        epoch: u64,
        place: u64,
    },
    Close {
        within: Duration,
    },
    Abort,
}

/// How far closing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for acknowledgements.
    Draining,
    /// The goodbye is handed over.
    Leaving,
    /// It is sent; the broker is to hang up.
    Left,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Closing {
    pub(super) phase: Phase,
    pub(super) deadline: Instant,
}

/// Why the connection's loop was left.
enum Exit {
    /// The connection is lost; another is to be made.
    Lost(Ended),
    /// It is over.
    Stop,
}

pub(super) struct Actor {
    /// What was asked for.
    pub(super) given: LinkOptions,
    /// The same for the client library, which changes its copy as the broker tells: each connection gets a new one.
    pub(super) options: MqttOptions,
    commands: mpsc::UnboundedReceiver<Command>,
    /// For acknowledgements; weak, so that the task ends with the last handle.
    pub(super) own: mpsc::WeakUnboundedSender<Command>,
    pub(super) shared: Arc<Shared>,
    places: Arc<Semaphore>,

    pub(super) outgoing: Outgoing,
    pub(super) subscriptions: Subscriptions,
    pub(super) acks: Acks,
    /// Received before anybody subscribed to them, from a session that an earlier process left.
    pub(super) parked: Vec<(Inbound, Vec<usize>)>,
    pub(super) park_until: Option<Instant>,
    /// Reused, so that routing doesn't allocate.
    pub(super) found: Vec<Sink>,

    /// There while connected.
    pub(super) client: Option<AsyncClient>,
    /// Counts connections.
    pub(super) epoch: u64,
    pub(super) window: usize,
    /// Whether the broker knows subscription identifiers.
    pub(super) identifiers: bool,
    pub(super) limit: usize,
    /// Ours, or what the broker wants instead.
    pub(super) keep_alive: Duration,
    pub(super) connected_at: Option<Instant>,
    /// When the broker was last heard of.
    pub(super) heard: Instant,
    /// The client library's state of the last connection, for a session that goes on.
    pub(super) carried: Option<MqttState>,
    pub(super) closing: Option<Closing>,
    /// No handle is left, so that there are no commands to wait for.
    abandoned: bool,

    pub(super) backoff: Backoff,
    pub(super) attempt: u32,
    pub(super) short_ones: u32,
}

impl Actor {
    pub(super) fn new(
        given: LinkOptions,
        options: MqttOptions,
        commands: mpsc::UnboundedReceiver<Command>,
        own: mpsc::WeakUnboundedSender<Command>,
        shared: Arc<Shared>,
        places: Arc<Semaphore>,
    ) -> Self {
        Self {
            window: usize::from(given.window),
            keep_alive: given.keep_alive,
            backoff: Backoff::new(given.max_backoff),
            given,
            options,
            commands,
            own,
            shared,
            places,
            outgoing: Outgoing::default(),
            subscriptions: Subscriptions::default(),
            acks: Acks::default(),
            parked: Vec::new(),
            park_until: None,
            found: Vec::new(),
            client: None,
            epoch: 0,
            identifiers: true,
            limit: usize::MAX,
            connected_at: None,
            heard: Instant::now(),
            carried: None,
            closing: None,
            abandoned: false,
            attempt: 1,
            short_ones: 0,
        }
    }

    /// Connects again and again until it is told to stop.
    pub(super) async fn run(mut self) {
        loop {
            let Exit::Lost(ended) = self.connection().await else { return };
            self.lost(&ended);
            if self.pause().await.is_break() {
                return;
            }
        }
    }

    /// One connection, from the attempt to its end.
    async fn connection(&mut self) -> Exit {
        // A new event loop each time, so that nothing stale is left in it.
        let (client, mut events) = AsyncClient::new(self.options.clone(), self.given.requests());
        let mut alarm = pin!(sleep_until(Instant::now() + FAR));
        loop {
            let polled = {
                let mut poll = pin!(events.poll());
                loop {
                    if self.step().is_break() {
                        return Exit::Stop;
                    }
                    let at = self.next_alarm();
                    // A later one is left alone until it rings, which saves the timer's work at each event.
                    if at < alarm.deadline() || alarm.is_elapsed() {
                        alarm.as_mut().reset(at);
                    }
                    tokio::select! {
                        polled = &mut poll => break Some(polled),
                        command = self.commands.recv(), if !self.abandoned => {
                            if self.command(command).is_break() {
                                return Exit::Stop;
                            }
                        }
                        () = &mut alarm => {
                            if self.alarm().is_break() {
                                return Exit::Stop;
                            }
                            if self.stalled() {
                                break None;
                            }
                        }
                    }
                }
            };
            let ended = match polled {
                Some(Ok(event)) => match self.event(event, &client, &mut events) {
                    Ok(()) => {
                        // Buffered packets come without waiting; a flood of them must not keep others from running,
                        // those least of all whose acknowledgements it waits for.
                        consume_budget().await;
                        continue;
                    }
                    Err(OutOfStep) => Ended::ours("the client library lost track of its packets"),
                },
                Some(Err(error)) if self.client.is_some() => Ended::connection(&error),
                Some(Err(error)) => Ended::attempt(&error),
                None => Ended::ours("the broker gave no sign of life"),
            };
            self.salvage(&client, &mut events);
            return Exit::Lost(ended);
        }
    }

    /// Waits before the next attempt, and goes on taking commands.
    async fn pause(&mut self) -> ControlFlow<()> {
        let until = Instant::now() + self.backoff.next(fastrand::f64());
        let mut alarm = pin!(sleep_until(until));
        loop {
            self.step()?;
            alarm.as_mut().reset(self.next_alarm().min(until));
            tokio::select! {
                command = self.commands.recv(), if !self.abandoned => self.command(command)?,
                () = &mut alarm => {
                    self.alarm()?;
                    if Instant::now() >= until {
                        return ControlFlow::Continue(());
                    }
                }
            }
        }
    }

    fn command(&mut self, command: Option<Command>) -> ControlFlow<()> {
        match command {
            Some(Command::Publish(entry)) if self.closing.is_some() => {
                entry.resolve(Err(PublishError::Closed));
            }
            Some(Command::Publish(entry)) => self.outgoing.push(entry),
            Some(Command::Withdraw) => self.outgoing.sweep(),
            // Dropping the request says that the connection is closed.
            Some(Command::Subscribe(_)) if self.closing.is_some() => {}
            Some(Command::Subscribe(wanted)) => {
                self.subscriptions.subscribe(wanted);
                self.unpark();
            }
            Some(Command::Unsubscribe { id, done }) => self.subscriptions.unsubscribe(id, done),
            Some(Command::Acknowledge { epoch, place }) => self.acks.done(epoch, place),
            Some(Command::Withhold { epoch, place }) => self.acks.withhold(epoch, place),
            Some(Command::Close { within }) => self.close(within),
            Some(Command::Abort) => return ControlFlow::Break(()),
            None => {
                self.abandoned = true;
                self.close(ABANDONED);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Actor {
    /// However the task ends: nobody is left waiting.
    fn drop(&mut self) {
        self.places.close();
        self.commands.close();
        self.outgoing.fail();
        self.shared.state.send_replace(ConnectionState::Stopped);
    }
}
