//! The connection's one tokio task. It owns the socket and all state; all other code sends commands.
//!
//! It works in rounds: it takes all available input (packets, commands, settled acknowledgements, the timer), and then
//! writes everything that waits at once. A round is one poll function that does all it can without waiting, so that no
//! packet is ever half read when another event comes first. `receive` handles packets, `send` writes, `closing` ends
//! the connection, and `reconnect` handles its loss.

use crate::log_rate::limited;
use std::future::poll_fn;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ack::Settlement;
use super::acks::Acks;
use super::backoff::Backoff;
use super::budget::Budget;
use super::capabilities::{Capabilities, Shown};
use super::command::Command;
use super::copies::Copies;
use super::dial::{Address, dial};
use super::disconnect::Ended;
use super::error::PublishError;
use super::hold::{Hold, Next};
use super::inbound::{Inbound, MessageHandler};
use super::left::Left;
use super::options::LinkOptions;
use super::packet_ids::PacketIds;
use super::parked::Parked;
use super::phase::{ABANDONED, Closing};
use super::publishes::Publishes;
use super::shared::Shared;
use super::state::ConnectionState;
use super::subscriptions::Subscriptions;
use super::wire::Wire;

/// How many commands, settlements or packets are taken in one round, so that none keeps the others waiting.
pub(super) const ROUND: usize = 64;

/// How many reads look for the broker's last words after a write failed.
const LAST_READS: usize = 16;

/// Stands for "no alarm".
pub(super) const FAR: Duration = Duration::from_secs(24 * 3600);

/// Why the connection's loop was left.
enum Exit {
    /// The connection is lost; another is to be made.
    Lost(Ended),
    /// It is over.
    Stop,
}

pub(super) struct Actor {
    pub(super) options: Arc<LinkOptions>,
    address: Arc<Address>,
    commands: mpsc::UnboundedReceiver<Command>,
    settlements: mpsc::UnboundedReceiver<Settlement>,
    /// For the acknowledgements that are handed out.
    pub(super) settle: mpsc::UnboundedSender<Settlement>,
    pub(super) shared: Arc<Shared>,
    places: Arc<Semaphore>,
    budget: Arc<Budget>,

    pub(super) ids: PacketIds,
    pub(super) publishes: Publishes,
    pub(super) subscriptions: Subscriptions,
    pub(super) acks: Acks,
    pub(super) left: Left,
    /// Received before anybody subscribed to them, from a session that an earlier process left.
    pub(super) parked: Parked,
    /// Whether the session of an earlier process was found.
    pub(super) resumed: bool,
    /// Whether this process is about to end: then the connection isn't renewed for what is left to the session.
    pub(super) is_draining: bool,
    /// Takes what nobody subscribes to, in a session that an earlier process left.
    pub(super) unclaimed: Option<MessageHandler>,
    pub(super) copies: Copies,
    /// Messages that may be copies, each with its place in the order of acknowledgements where it has one.
    pub(super) held: Vec<(Inbound, Option<u64>)>,
    /// Whether acknowledgements wait for those who were handed messages in this round.
    pub(super) hold: Hold,
    /// Reused, so that routing doesn't allocate.
    pub(super) found: Vec<MessageHandler>,

    /// Whether there is a connection.
    pub(super) is_connected: bool,
    /// Whether a session left by an earlier process is to be thrown away.
    pub(super) clean_start: bool,
    /// Counts connections.
    pub(super) epoch: u64,
    pub(super) broker: Capabilities,
    pub(super) shown: Shown,
    /// Ours, or what the broker wants instead.
    pub(super) keep_alive: Duration,
    pub(super) connected_at: Option<Instant>,
    /// When the broker was last heard of.
    pub(super) heard: Instant,
    /// When the packets of this round were looked at.
    pub(super) round_began: std::time::Instant,
    /// When something was written last.
    pub(super) written: Instant,
    /// Since when nothing of what is unsent could be written.
    pub(super) stuck_since: Option<Instant>,
    is_reading_stopped: bool,
    /// Whether a PINGREQ is unanswered.
    pub(super) pinged: bool,
    pub(super) closing: Option<Closing>,
    /// No handle is left, so that there are no commands to wait for.
    abandoned: bool,
    alarm: Pin<Box<Sleep>>,

    pub(super) backoff: Backoff,
    pub(super) attempt: u32,
    pub(super) short_ones: u32,
    /// Whether it was told that another client has the same id.
    pub(super) twin_is_told: bool,

    batch: Vec<Command>,
    settled: Vec<Settlement>,
}

/// What the actor is made of.
pub(super) struct ActorParts {
    pub(super) options: LinkOptions,
    pub(super) address: Arc<Address>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) shared: Arc<Shared>,
    pub(super) places: Arc<Semaphore>,
    pub(super) budget: Arc<Budget>,
}

impl Actor {
    /// Needs a runtime, for its timer.
    pub(super) fn new(parts: ActorParts) -> Self {
        let ActorParts { options, address, commands, shared, places, budget } = parts;
        let (settle, settlements) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            broker: Capabilities::unknown(options.window),
            keep_alive: options.keep_alive,
            backoff: Backoff::new(options.max_backoff),
            clean_start: options.clean_start,
            options: Arc::new(options),
            address,
            commands,
            settlements,
            settle,
            shared,
            places,
            budget,
            ids: PacketIds::default(),
            publishes: Publishes::default(),
            subscriptions: Subscriptions::default(),
            acks: Acks::default(),
            left: Left::default(),
            parked: Parked::default(),
            resumed: false,
            is_draining: false,
            unclaimed: None,
            copies: Copies::default(),
            held: Vec::new(),
            hold: Hold::default(),
            found: Vec::new(),
            is_connected: false,
            epoch: 0,
            shown: Shown::default(),
            connected_at: None,
            heard: now,
            round_began: now.into_std(),
            written: now,
            stuck_since: None,
            is_reading_stopped: false,
            pinged: false,
            closing: None,
            abandoned: false,
            alarm: Box::pin(sleep_until(now + FAR)),
            attempt: 1,
            short_ones: 0,
            twin_is_told: false,
            batch: Vec::new(),
            settled: Vec::new(),
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
        let mut attempt =
            Box::pin(dial(Arc::clone(&self.address), Arc::clone(&self.options), self.clean_start));
        let made = loop {
            if self.step(None).is_break() {
                return Exit::Stop;
            }
            self.set_alarm();
            let made = poll_fn(|cx| {
                if let Poll::Ready(made) = attempt.as_mut().poll(cx) {
                    return Poll::Ready(Some(made));
                }
                if self.poll_commands(cx) { Poll::Ready(None) } else { Poll::Pending }
            })
            .await;
            if self.take_commands().is_break() {
                return Exit::Stop;
            }
            if let Some(made) = made {
                break made;
            }
        };
        drop(attempt);
        let (mut wire, ack) = match made {
            Ok(made) => made,
            Err(ended) => return Exit::Lost(ended),
        };
        self.connected(&ack);
        match self.rounds(&mut wire).await {
            Exit::Lost(ended) => {
                if let Some(reason) = ended.tell {
                    self.last_word(&mut wire, reason).await;
                }
                Exit::Lost(ended)
            }
            Exit::Stop => Exit::Stop,
        }
    }

    /// The rounds of a connection.
    async fn rounds(&mut self, wire: &mut Wire) -> Exit {
        loop {
            // What the stream gave before it ended is still taken.
            let more = match self.receive_all(wire) {
                Ok(more) => more,
                Err(ended) => return Exit::Lost(ended),
            };
            // A receiver may have an answer, or the next call, in a moment: these then go out in one
            // write, together with the acknowledgements.
            let may_wait = self.closing.is_none() && !self.is_draining;
            let next = self.hold.after_packets(Instant::now(), may_wait);
            self.shared.holds.store(self.hold.until().is_some(), Ordering::Relaxed);
            if next == Next::Yield {
                yield_now().await;
                poll_fn(|cx| Poll::Ready(self.poll_commands(cx))).await;
                if self.take_commands().is_break() {
                    return Exit::Stop;
                }
            }
            if self.step(Some(wire)).is_break() {
                return Exit::Stop;
            }
            if let Some(ended) = self.overdue(Instant::now()) {
                return Exit::Lost(ended);
            }
            self.set_alarm();
            let read = poll_fn(|cx| self.poll_round(cx, wire, more)).await;
            if self.take_commands().is_break() {
                return Exit::Stop;
            }
            if let Err(error) = read {
                // Packets that came before the end are looked at, a goodbye of the broker among them.
                let ended = self.receive_rest(wire).unwrap_or_else(|| Ended::io(&error));
                return Exit::Lost(ended);
            }
        }
    }

    /// Writes what is encoded, and takes what is there: ready when there is something to look at.
    fn poll_round(&mut self, cx: &mut Context<'_>, wire: &mut Wire, more: bool) -> Poll<io::Result<()>> {
        let mut ready = more;
        if wire.has_unsent() {
            let mut written = 0;
            match wire.poll_write(cx, &mut written) {
                Poll::Ready(Ok(())) => {
                    self.stuck_since = None;
                    self.written = Instant::now();
                    // There may be more to encode.
                    ready |= self.has_room() || self.subscriptions.has_room() || self.is_leaving();
                }
                Poll::Ready(Err(error)) => {
                    // The broker may have said why before it hung up.
                    for _ in 0..LAST_READS {
                        if !matches!(wire.poll_read(cx), Poll::Ready(Ok(()))) {
                            break;
                        }
                    }
                    return Poll::Ready(Err(error));
                }
                Poll::Pending if written > 0 => self.stuck_since = Some(Instant::now()),
                Poll::Pending => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                }
            }
        }
        if more {
            // What was read is looked at first, or a flood of small packets would come in faster than it is taken.
        } else if self.budget.poll_free(cx) {
            self.is_reading_stopped = false;
            wire.expect_write(self.hold.until().is_some());
            match wire.poll_read(cx) {
                Poll::Ready(Ok(())) => ready = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        } else {
            // The silence is ours.
            self.heard = Instant::now();
            if !std::mem::replace(&mut self.is_reading_stopped, true) {
                limited!(
                    warn,
                    "stopped reading from the broker: too many bytes of messages wait to be handled"
                );
            }
        }
        ready |= self.poll_commands(cx);
        if ready { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Takes commands, settlements and the alarm as they are there.
    fn poll_commands(&mut self, cx: &mut Context<'_>) -> bool {
        let mut ready = false;
        if !self.abandoned {
            match self.commands.poll_recv_many(cx, &mut self.batch, ROUND) {
                Poll::Ready(0) => {
                    self.abandoned = true;
                    self.close(ABANDONED);
                    ready = true;
                }
                Poll::Ready(_) => ready = true,
                Poll::Pending => {}
            }
        }
        ready |= self.settlements.poll_recv_many(cx, &mut self.settled, ROUND).is_ready();
        ready |= self.alarm.as_mut().poll(cx).is_ready();
        ready
    }

    /// Sees to it that the next alarm rings. A later one is left alone until it rings, which saves the timer's work.
    fn set_alarm(&mut self) {
        let at = self.next_alarm();
        if at < self.alarm.deadline() || self.alarm.is_elapsed() {
            self.alarm.as_mut().reset(at);
        }
    }

    /// Waits before the next attempt, and goes on taking commands.
    async fn pause(&mut self) -> ControlFlow<()> {
        let until = Instant::now() + self.backoff.next(fastrand::f64());
        let mut over = Box::pin(sleep_until(until));
        loop {
            self.step(None)?;
            self.set_alarm();
            let done = poll_fn(|cx| {
                if over.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(true);
                }
                if self.poll_commands(cx) { Poll::Ready(false) } else { Poll::Pending }
            })
            .await;
            self.take_commands()?;
            if done {
                return ControlFlow::Continue(());
            }
        }
    }

    /// Carries out what was taken. Settlements first: a message that is settled before a close is acknowledged.
    fn take_commands(&mut self) -> ControlFlow<()> {
        if !(self.settled.is_empty() && self.batch.is_empty()) {
            self.hold.reacted();
        }
        let mut settled = std::mem::take(&mut self.settled);
        for settlement in settled.drain(..) {
            self.settle(settlement);
        }
        self.settled = settled;
        let mut batch = std::mem::take(&mut self.batch);
        let mut flow = ControlFlow::Continue(());
        for command in batch.drain(..) {
            if flow.is_continue() {
                flow = self.command(command);
            }
        }
        self.batch = batch;
        flow?;
        self.ring()
    }

    fn command(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Publish(publish) if self.closing.is_some() => {
                publish.resolve(Err(PublishError::Closed));
            }
            Command::Publish(publish) => self.publishes.push(publish),
            // Somebody was heard of: that is all.
            Command::Flush => {}
            Command::Withdraw => self.publishes.sweep(),
            // Dropping the request says that the connection is closed.
            Command::Subscribe(_) if self.closing.is_some() => {}
            Command::Subscribe(wanted) => {
                self.subscriptions.subscribe(wanted);
                self.unpark();
            }
            Command::Unsubscribe { id, done } => self.subscriptions.unsubscribe(id, done),
            Command::Ready { unclaimed } => self.ready(unclaimed),
            Command::Draining => self.is_draining = true,
            Command::EndFilter(filter) => self.subscriptions.end_filter(&filter),
            Command::Close { within } => {
                // Whatever was settled before is in the channel by now.
                while let Ok(settlement) = self.settlements.try_recv() {
                    self.settle(settlement);
                }
                self.close(within);
            }
            Command::Abort => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Actor {
    /// However the task ends: nobody is left waiting.
    fn drop(&mut self) {
        self.places.close();
        self.commands.close();
        self.settlements.close();
        self.publishes.fail();
        self.shared.state.send_replace(ConnectionState::Stopped);
    }
}
