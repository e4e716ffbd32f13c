//! [`Mailbox`]: received messages for one reader, who may be slow, or stop reading, or go away.
//!
//! Nothing else on the connection waits long for that reader. Acknowledgements are sent in the order of receipt, and
//! the broker sends only a limited number of messages without them, so an unread message would delay all others. While
//! few messages wait, they are acknowledged on arrival. Further messages are held back, so that a slow reader misses
//! nothing; a reader that reads nothing for a while misses messages. A mailbox has its own limits, and does not use the
//! connection's [`Budget`](super::budget), which stops reading from the socket.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::ack::Ack;
use super::inbound::{Inbound, MessageHandler};
use crate::log_rate::limited;
use crate::shown::shown;

/// How many messages wait that were acknowledged as they came in, or at QoS 0.
const AHEAD: usize = 1024;

/// How many bytes of them.
const AHEAD_BYTES: usize = 8 << 20;

/// How many bytes wait beside them whose acknowledgements are held back.
const HELD_BYTES: usize = 32 << 20;

/// So long acknowledgements are held back for a reader who reads nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What waits in one mailbox.
#[derive(Debug)]
struct Waiting {
    ahead: AtomicUsize,
    ahead_bytes: AtomicUsize,
    held_bytes: AtomicUsize,
    missed: AtomicU64,
    began: Instant,
    /// When something was read last, in milliseconds since it began.
    read: AtomicU64,
    patience: Duration,
}

impl Waiting {
    fn new(patience: Duration) -> Self {
        Self {
            ahead: AtomicUsize::new(0),
            ahead_bytes: AtomicUsize::new(0),
            held_bytes: AtomicUsize::new(0),
            missed: AtomicU64::new(0),
            began: Instant::now(),
            read: AtomicU64::new(0),
            patience,
        }
    }

    /// Whether one more may wait that is not held back.
    fn has_room(&self) -> bool {
        self.ahead.load(Ordering::Acquire) < AHEAD && self.ahead_bytes.load(Ordering::Acquire) < AHEAD_BYTES
    }

    /// Whether one more may be held back.
    fn may_hold(&self, weight: usize) -> bool {
        let read = Duration::from_millis(self.read.load(Ordering::Acquire));
        let is_read = self.began.elapsed() < read.saturating_add(self.patience);
        is_read && self.held_bytes.load(Ordering::Acquire).saturating_add(weight) <= HELD_BYTES
    }

    fn miss(&self, inbound: &Inbound, what: &str) {
        self.missed.fetch_add(1, Ordering::AcqRel);
        limited!(warn, "dropped {what}: too many wait already, and nobody reads them", topic = %shown(inbound.topic()));
    }

    fn reads(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.read.store(now, Ordering::Release);
    }
}

/// A message that waits to be read.
struct Unread {
    message: Option<(Inbound, Ack)>,
    weight: usize,
    is_held: bool,
    waiting: Arc<Waiting>,
}

impl Unread {
    fn new(inbound: Inbound, ack: Ack, waiting: &Arc<Waiting>) -> Self {
        let (weight, is_held) = (inbound.weight(), ack.is_awaited());
        if is_held {
            waiting.held_bytes.fetch_add(weight, Ordering::AcqRel);
        } else {
            waiting.ahead.fetch_add(1, Ordering::AcqRel);
            waiting.ahead_bytes.fetch_add(weight, Ordering::AcqRel);
        }
        Self { message: Some((inbound.detached(), ack)), weight, is_held, waiting: Arc::clone(waiting) }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Self { weight, is_held, waiting, .. } = self;
        if *is_held {
            waiting.held_bytes.fetch_sub(*weight, Ordering::AcqRel);
        } else {
            waiting.ahead.fetch_sub(1, Ordering::AcqRel);
            waiting.ahead_bytes.fetch_sub(*weight, Ordering::AcqRel);
        }
        if let Some((_, ack)) = self.message.take() {
            // It was for this reader alone, and nobody misses it.
            ack.refused();
        }
    }
}

/// The reading end. Dropping it drops what is unread, and what still comes.
pub(crate) struct Mailbox {
    what: &'static str,
    /// The handlers' own ends: where those are gone, the mailbox is closed.
    sender: mpsc::WeakUnboundedSender<Unread>,
    messages: mpsc::UnboundedReceiver<Unread>,
    waiting: Arc<Waiting>,
}

impl Mailbox {
    /// A mailbox and the handler that fills it; `what` names its messages in the log.
    pub(super) fn new(what: &'static str) -> (MessageHandler, Self) {
        Self::with(what, PATIENCE)
    }

    fn with(what: &'static str, patience: Duration) -> (MessageHandler, Self) {
        let (sender, messages) = mpsc::unbounded_channel();
        let mailbox =
            Self { what, messages, sender: sender.downgrade(), waiting: Arc::new(Waiting::new(patience)) };
        (mailbox.handler_of(sender), mailbox)
    }

    /// A handler for a further subscription, whose messages come between the others as they arrive; `None` once the connection
    /// is closed.
    pub(crate) fn handler(&self) -> Option<MessageHandler> {
        self.sender.upgrade().map(|sender| self.handler_of(sender))
    }

    fn handler_of(&self, sender: mpsc::UnboundedSender<Unread>) -> MessageHandler {
        let (what, waiting) = (self.what, Arc::clone(&self.waiting));
        MessageHandler::acknowledging_after(waiting.patience, move |inbound, mut ack| {
            if sender.is_closed() {
                return ack.refused();
            }
            let has_room = waiting.has_room();
            let is_kept = has_room || (ack.is_awaited() && waiting.may_hold(inbound.weight()));
            if !is_kept {
                waiting.miss(&inbound, what);
                return ack.refused();
            }
            // What comes again, too: its reader holds up nothing. Nobody waits for the broker to have it.
            if ack.is_awaited() && has_room {
                std::mem::replace(&mut ack, Ack::none()).in_memory();
            }
            // Given back where nobody reads any more, and acknowledged when it is dropped.
            drop(sender.send(Unread::new(inbound, ack, &waiting)));
        })
    }

    /// [`recv`](Self::recv) as a poll.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Inbound>> {
        loop {
            let Some(mut unread) = ready!(self.messages.poll_recv(cx)) else { return Poll::Ready(None) };
            if let Some((inbound, ack)) = unread.message.take() {
                ack.in_memory();
                self.waiting.reads();
                return Poll::Ready(Some(inbound));
            }
        }
    }

    /// The next message; `None` when nothing will come any more.
    pub(crate) async fn recv(&mut self) -> Option<Inbound> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// How many messages were dropped because too many waited.
    pub(crate) fn missed(&self) -> u64 {
        self.waiting.missed.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Mailbox").field(&self.messages.len()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::link::ack::Settlement;
    use crate::link::message::{Properties, QoS};

    /// A mailbox, and what is said of its messages.
    struct Filled {
        handler: MessageHandler,
        mailbox: Option<Mailbox>,
        settle: mpsc::UnboundedSender<Settlement>,
        settled: mpsc::UnboundedReceiver<Settlement>,
        given: u64,
    }

    impl Filled {
        fn new(patience: Duration) -> Self {
            let (handler, mailbox) = Mailbox::with("a message", patience);
            let (settle, settled) = mpsc::unbounded_channel();
            Self { handler, mailbox: Some(mailbox), settle, settled, given: 0 }
        }

        fn give(&mut self, qos: QoS, bytes: usize, is_again: bool) {
            let inbound = Inbound {
                topic: Bytes::from_static(b"t"),
                payload: Bytes::from(vec![0; bytes]),
                qos,
                retain: false,
                received: Instant::now(),
                is_again,
                is_poison: false,
                is_identified: false,
                properties: Properties::default(),
            };
            let MessageHandler::AcknowledgingSoon(_, take) = &self.handler else {
                panic!("{:?}", self.handler)
            };
            let ack = match qos {
                QoS::AtMostOnce => Ack::none(),
                QoS::AtLeastOnce => Ack::new(1, self.given, self.settle.clone()),
            };
            self.given += 1;
            take(inbound, ack);
        }

        /// How many were acknowledged; none is left to the session.
        fn acknowledged(&mut self) -> usize {
            let settled = std::iter::from_fn(|| self.settled.try_recv().ok());
            settled.inspect(|settlement| assert!(!settlement.left)).count()
        }

        fn read(&mut self) -> Option<Inbound> {
            futures_util::FutureExt::now_or_never(self.mailbox.as_mut()?.recv())?
        }

        fn missed(&self) -> u64 {
            self.mailbox.as_ref().map_or(0, Mailbox::missed)
        }
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn few_are_acknowledged_as_they_come_and_more_when_they_are_read() {
        for (bytes, ahead) in [(0, AHEAD), (1 << 20, AHEAD_BYTES >> 20)] {
            let mut filled = Filled::new(LONG);
            (0..ahead + 8).for_each(|_| filled.give(QoS::AtLeastOnce, bytes, false));
            assert_eq!(filled.acknowledged(), ahead, "of {bytes} bytes");
            let read = std::iter::from_fn(|| filled.read()).count();
            assert_eq!((read, filled.acknowledged(), filled.missed()), (ahead + 8, 8, 0));
        }
    }

    #[test]
    fn what_comes_again_waits_for_no_reader_either() {
        let mut filled = Filled::new(LONG);
        filled.give(QoS::AtLeastOnce, 1, true);
        assert_eq!(filled.acknowledged(), 1);
    }

    #[test]
    fn what_comes_while_nobody_reads_is_dropped_and_counted() {
        let mut filled = Filled::new(Duration::ZERO);
        (0..AHEAD + 8).for_each(|_| filled.give(QoS::AtLeastOnce, 0, false));
        assert_eq!((filled.acknowledged(), filled.missed()), (AHEAD + 8, 8));
    }

    #[test]
    fn so_many_bytes_are_held_back_and_more_are_dropped() {
        let mut filled = Filled::new(LONG);
        (0..100).for_each(|_| filled.give(QoS::AtLeastOnce, 1 << 20, false));
        let kept = std::iter::from_fn(|| filled.read()).count();
        assert!(kept <= (AHEAD_BYTES + HELD_BYTES) >> 20, "{kept}");
        assert_eq!(filled.missed() as usize, 100 - kept);
        filled.give(QoS::AtLeastOnce, 1 << 20, false);
        filled.read().unwrap();
    }

    #[test]
    fn at_qos_0_what_has_no_room_is_dropped() {
        let mut filled = Filled::new(LONG);
        (0..AHEAD + 8).for_each(|_| filled.give(QoS::AtMostOnce, 0, false));
        assert_eq!(filled.missed(), 8);
    }

    #[test]
    fn what_nobody_reads_any_more_is_acknowledged() {
        let mut filled = Filled::new(LONG);
        (0..=AHEAD).for_each(|_| filled.give(QoS::AtLeastOnce, 1, false));
        assert_eq!(filled.acknowledged(), AHEAD, "the last one is held back");
        filled.mailbox = None;
        filled.give(QoS::AtLeastOnce, 1, true);
        assert_eq!(filled.acknowledged(), 2);
    }
}
