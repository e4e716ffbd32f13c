//! [`Inbox`]: a queue of received messages with their acknowledgements.
//!
//! A message at QoS 1 is never dropped here. Unread messages wait in memory and are charged to the connection's
//! [`Budget`]; above the budget, the socket is not read any more. Messages at QoS 0, which have no flow control, have
//! their own limit, and are dropped above it.

use crate::log_rate::limited;
use crate::shown::shown;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc;

use super::ack::Ack;
use super::budget::{Budget, Charge};
use super::inbound::{Inbound, MessageHandler};

/// How many messages wait in one inbox that no acknowledgement holds back: those at QoS 0, and those that were acknowledged
/// as they came in.
const LOOSE: usize = 1024;

/// How many bytes of them.
const LOOSE_BYTES: usize = 8 << 20;

/// A message that waits to be read. Dropped unread, it is left to the session.
struct Unread {
    message: Option<(Inbound, Ack)>,
    weight: usize,
    charge: Option<Charge>,
    /// What waits without an acknowledgement, it among them.
    loose: Option<Arc<Loose>>,
}

/// What waits in one inbox and is not held back by acknowledgements.
#[derive(Debug, Default)]
struct Loose {
    messages: AtomicUsize,
    bytes: AtomicUsize,
}

impl Loose {
    /// Whether one more may wait.
    fn has_room(&self) -> bool {
        self.messages.load(Ordering::Acquire) < LOOSE && self.bytes.load(Ordering::Acquire) < LOOSE_BYTES
    }

    fn enter(&self, weight: usize) {
        self.messages.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(weight, Ordering::AcqRel);
    }

    fn leave(&self, weight: usize) {
        self.messages.fetch_sub(1, Ordering::AcqRel);
        self.bytes.fetch_sub(weight, Ordering::AcqRel);
    }
}

impl Unread {
    /// The message is charged until it is settled; one that nothing is awaited of until it is read.
    fn take(mut self) -> Option<(Inbound, Ack)> {
        let (inbound, mut ack) = self.message.take()?;
        ack.carry(self.charge.take());
        Some((inbound, ack))
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(loose) = &self.loose {
            loose.leave(self.weight);
        }
        if let Some((_, ack)) = self.message.take() {
            ack.leave();
        }
    }
}

/// The reading end. Dropping it leaves what is unread, and what still comes, to the session.
pub(crate) struct Inbox(mpsc::UnboundedReceiver<Unread>);

impl Inbox {
    /// An inbox and the handler that fills it; `what` names its messages in the log. With `ahead`, messages are acknowledged
    /// as they come in, ahead of being read, as long as not too many wait.
    pub(super) fn new(budget: Arc<Budget>, what: &'static str, ahead: bool) -> (MessageHandler, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let loose = Arc::new(Loose::default());
        let handler = MessageHandler::acknowledging(move |inbound, mut ack| {
            let weight = inbound.weight();
            let mut counted = None;
            let has_room = loose.has_room();
            // Of what nobody reads any more nothing is acknowledged. Whoever handles what comes again waits for the broker to
            // have that.
            if ack.is_awaited() && ahead && has_room && !sender.is_closed() {
                ack = ack.in_memory_at_once(inbound.is_again).unwrap_or_else(Ack::none);
            } else if !ack.is_awaited() && !has_room {
                limited!(warn, "dropped {what} at QoS 0: too many wait already", topic = %shown(inbound.topic()));
                return ack.refused();
            }
            if !ack.is_awaited() {
                loose.enter(weight);
                counted = Some(Arc::clone(&loose));
            }
            let charge = Some(budget.charge(weight));
            let message = Some((inbound.detached(), ack));
            // Given back where nobody reads any more: dropping it leaves the message to the session.
            drop(sender.send(Unread { message, weight, charge, loose: counted }));
        });
        (handler, Self(receiver))
    }

    /// [`recv`](Self::recv) as a poll.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Inbound, Ack)>> {
        loop {
            let Some(unread) = ready!(self.0.poll_recv(cx)) else { return Poll::Ready(None) };
            if let Some(message) = unread.take() {
                return Poll::Ready(Some(message));
            }
        }
    }

    /// The next message; `None` when nothing will come any more.
    pub(crate) async fn recv(&mut self) -> Option<(Inbound, Ack)> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Takes no more: what comes from now on is left to the session. What is there can still be read.
    pub(crate) fn close(&mut self) {
        self.0.close();
    }

    /// Whether it takes no more.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Inbox").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::pin::pin;
    use std::time::Instant;

    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::*;
    use crate::link::message::{Properties, QoS};

    fn inbound(qos: QoS, bytes: usize) -> Inbound {
        Inbound {
            topic: Bytes::from_static(b"t"),
            payload: Bytes::from(vec![0; bytes]),
            qos,
            retain: false,
            received: Instant::now(),
            is_again: false,
            is_poison: false,
            is_identified: false,
            properties: Properties::default(),
        }
    }

    fn give(handler: &MessageHandler, inbound: Inbound, ack: Ack) {
        let MessageHandler::Acknowledging(take) = handler else { panic!("{handler:?}") };
        take(inbound, ack);
    }

    fn waiting(inbox: &mut Inbox) -> usize {
        inbox.close();
        std::iter::from_fn(|| inbox.0.try_recv().ok()?.take()).map(|(_, ack)| ack.in_memory()).count()
    }

    #[test]
    fn at_qos_0_so_many_messages_wait_and_so_many_bytes_and_more_are_dropped() {
        let budget = Arc::new(Budget::new(usize::MAX));
        for (bytes, most) in [(0, LOOSE), (1 << 20, LOOSE_BYTES >> 20)] {
            let (handler, mut inbox) = Inbox::new(Arc::clone(&budget), "a message", true);
            (0..2 * most).for_each(|_| give(&handler, inbound(QoS::AtMostOnce, bytes), Ack::none()));
            assert_eq!(waiting(&mut inbox), most, "of {bytes} bytes");
        }
    }

    #[test]
    fn at_qos_1_as_many_are_acknowledged_ahead_and_more_wait_unacknowledged() {
        let budget = Arc::new(Budget::new(usize::MAX));
        for (bytes, most) in [(0, LOOSE), (1 << 20, LOOSE_BYTES >> 20)] {
            let (handler, mut inbox) = Inbox::new(Arc::clone(&budget), "a message", true);
            let (settle, mut settled) = mpsc::unbounded_channel();
            for place in 0..2 * most {
                give(&handler, inbound(QoS::AtLeastOnce, bytes), Ack::new(1, place as u64, settle.clone()));
            }
            assert_eq!(std::iter::from_fn(|| settled.try_recv().ok()).count(), most, "of {bytes} bytes");
            assert_eq!(waiting(&mut inbox), 2 * most, "nothing is dropped");
        }
    }

    #[tokio::test]
    async fn what_comes_again_is_acknowledged_ahead_too_and_handled_when_the_broker_has_that() {
        let (handler, mut inbox) = Inbox::new(Arc::new(Budget::new(usize::MAX)), "a message", true);
        let (settle, mut settled) = mpsc::unbounded_channel();
        let again = Inbound { is_again: true, ..inbound(QoS::AtLeastOnce, 1) };
        give(&handler, again, Ack::new(1, 0, settle));
        // Unread.
        let settlement = settled.try_recv().unwrap();
        assert!(!settlement.left);
        let (_, ack) = inbox.recv().await.unwrap();
        let mut first = pin!(ack.in_memory_first());
        assert!(first.as_mut().now_or_never().is_none());
        settlement.arrived.unwrap().send(()).unwrap();
        assert!(first.now_or_never().is_some());
        assert!(settled.try_recv().is_err(), "it is acknowledged once");
    }

    #[test]
    fn what_comes_after_the_end_of_reading_is_left_to_the_session() {
        let budget = Arc::new(Budget::new(usize::MAX));
        let (handler, mut inbox) = Inbox::new(budget, "a message", true);
        inbox.close();
        let (settle, mut settled) = mpsc::unbounded_channel();
        give(&handler, inbound(QoS::AtLeastOnce, 1), Ack::new(1, 0, settle));
        assert!(settled.try_recv().unwrap().left);
    }
}
