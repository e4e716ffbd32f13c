//! The order of this client's acknowledgements: the order of receipt, in whatever order messages are settled.

use std::collections::VecDeque;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// The received and not yet acknowledged messages of one connection. Pure bookkeeping.
///
/// MQTT wants acknowledgements in the order of receipt. A message that is left to the session is passed over: it is never
/// acknowledged on this connection, and those behind it are.
#[derive(Debug, Default)]
pub(super) struct Acks {
    epoch: u64,
    /// The place of the front entry; places count on, so that an entry is found by subtraction.
    first: u64,
    open: VecDeque<Open>,
    /// How many were left to the session.
    left: usize,
    /// When the first of them was.
    left_since: Option<Instant>,
    /// Who waits until the broker has an acknowledgement that is encoded.
    encoded: Vec<oneshot::Sender<()>>,
    /// The same for those behind which a PINGREQ is encoded, with its number.
    asked: VecDeque<(u64, oneshot::Sender<()>)>,
    /// How many PINGREQ were encoded on this connection, and how many were answered.
    pings: u64,
    pongs: u64,
}

#[derive(Debug)]
struct Open {
    packet: u16,
    /// Who still has to say what becomes of it.
    parties: u32,
    left: bool,
    /// Acknowledged all the same, even where a handler leaves it.
    given_up: bool,
    /// Tells the message from others when it comes again.
    print: u64,
    /// Who waits until the broker has its acknowledgement.
    arrived: Vec<oneshot::Sender<()>>,
    /// When it is acknowledged though nothing was said of it, where that may be.
    soon: Option<Instant>,
}

impl Acks {
    /// Starts anew: the broker delivers again what an earlier connection left open, with new packet ids.
    pub(super) fn reset(&mut self, epoch: u64) {
        *self = Self { epoch, ..Self::default() };
    }

    /// Enters a received message and returns its place; so many parties will say what becomes of it.
    pub(super) fn received(&mut self, packet: u16, print: u64, parties: u32) -> u64 {
        let place = self.first + self.open.len() as u64;
        self.open.push_back(Open {
            packet,
            parties,
            left: false,
            given_up: false,
            print,
            arrived: Vec::new(),
            soon: None,
        });
        place
    }

    /// Says how many parties a message has that was entered before they were known, and what tells it from others: only
    /// one that somebody may leave to the session needs that. `soon`: when it is acknowledged though nothing is said of it.
    pub(super) fn share(&mut self, place: u64, parties: u32, print: u64, soon: Option<Instant>) {
        let epoch = self.epoch;
        if let Some(open) = self.find(epoch, place) {
            (open.parties, open.print, open.soon) = (parties, print, soon);
        }
    }

    /// When the message that holds up the others is acknowledged though nothing was said of it.
    pub(super) fn soon(&self) -> Option<Instant> {
        let front = self.open.front().filter(|front| front.parties > 0)?;
        front.soon
    }

    /// Notes what one party said. One of an earlier connection is ignored: its packet id means nothing any more. Returns
    /// the message's print when it is left to the session now.
    pub(super) fn settle(&mut self, epoch: u64, place: u64, left: bool, now: Instant) -> Option<u64> {
        let open = self.find(epoch, place)?;
        open.parties = open.parties.saturating_sub(1);
        if !left || open.given_up || std::mem::replace(&mut open.left, true) {
            return None;
        }
        let print = open.print;
        self.left += 1;
        self.left_since.get_or_insert(now);
        Some(print)
    }

    /// Notes who waits until the broker has a message's acknowledgement. One of an earlier connection is told at once: the
    /// broker delivers the message again.
    pub(super) fn tell(&mut self, epoch: u64, place: u64, arrived: oneshot::Sender<()>) {
        if epoch == self.epoch && place < self.first {
            // It was acknowledged soon, before anybody said anything; that the broker has it is still to be seen.
            self.encoded.push(arrived);
        } else if let Some(open) = self.find(epoch, place) {
            open.arrived.push(arrived);
        }
    }

    /// Whether a PINGREQ is to follow what is encoded: its answer says that the broker has taken the acknowledgements
    /// before it. That they are written does not: they are lost with what the broker had not read when the process died.
    pub(super) fn wants_ping(&self) -> bool {
        !self.encoded.is_empty()
    }

    /// A PINGREQ is encoded.
    pub(super) fn pinged(&mut self) {
        self.pings += 1;
        let number = self.pings;
        self.asked.extend(self.encoded.drain(..).map(|waiting| (number, waiting)));
    }

    /// A PINGRESP came. They come in the order of what they answer; one that nobody asked for answers nothing.
    pub(super) fn ponged(&mut self) {
        self.pongs = (self.pongs + 1).min(self.pings);
        while self.asked.front().is_some_and(|(number, _)| *number <= self.pongs) {
            let asked = self.asked.pop_front();
            // An error says that nobody waits any more.
            let _ = asked.map(|(_, waiting)| waiting.send(()));
        }
    }

    /// Acknowledges a message after all that was left to the session.
    pub(super) fn give_up(&mut self, place: u64) {
        let epoch = self.epoch;
        let Some(open) = self.find(epoch, place) else { return };
        open.given_up = true;
        if std::mem::replace(&mut open.left, false) {
            self.left -= 1;
            if self.left == 0 {
                self.left_since = None;
            }
        }
    }

    fn find(&mut self, epoch: u64, place: u64) -> Option<&mut Open> {
        let index = place.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.filter(|_| epoch == self.epoch).and_then(|index| self.open.get_mut(index))
    }

    /// The next packet id to acknowledge.
    pub(super) fn next(&mut self, now: Instant) -> Option<u16> {
        let is_due = |open: &Open| open.parties == 0 || open.soon.is_some_and(|soon| soon <= now);
        while let Some(front) = self.open.front().filter(|front| is_due(front)) {
            let (packet, left) = (front.packet, front.left);
            let arrived = self.open.pop_front().map(|open| open.arrived);
            self.first += 1;
            if !left {
                self.encoded.extend(arrived.into_iter().flatten());
                return Some(packet);
            }
        }
        None
    }

    /// Whether nothing is left to be acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.open.iter().all(|open| open.parties == 0 && open.left)
    }

    /// How many messages were left to the session on this connection.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// When the first of them was left.
    pub(super) fn left_since(&self) -> Option<Instant> {
        self.left_since
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::time::Duration;

    use tokio::sync::oneshot::error::TryRecvError;

    use super::*;
    use proptest::prelude::*;

    fn drain(acks: &mut Acks) -> Vec<u16> {
        std::iter::from_fn(|| acks.next(Instant::now())).collect()
    }

    fn done(acks: &mut Acks, epoch: u64, place: u64) {
        assert_eq!(acks.settle(epoch, place, false, Instant::now()), None);
    }

    #[test]
    fn a_stale_epoch_acknowledges_nothing() {
        let mut acks = Acks::default();
        acks.reset(1);
        let old = acks.received(7, 0, 1);
        acks.reset(2);
        acks.received(9, 0, 1);
        done(&mut acks, 1, old);
        assert_eq!(acks.next(Instant::now()), None);
    }

    #[test]
    fn a_message_that_is_left_holds_nobody_up() {
        let mut acks = Acks::default();
        acks.reset(1);
        let places: Vec<_> = (1..=3).map(|packet| acks.received(packet, u64::from(packet), 1)).collect();
        assert_eq!(acks.settle(1, places[1], true, Instant::now()), Some(2));
        done(&mut acks, 1, places[2]);
        assert!(drain(&mut acks).is_empty(), "the first one is still open");
        assert!(!acks.is_empty());
        done(&mut acks, 1, places[0]);
        assert_eq!(drain(&mut acks), [1, 3]);
        assert!(acks.is_empty());
        assert_eq!(acks.left(), 1);
    }

    #[test]
    fn a_message_of_several_subscriptions_is_acknowledged_by_the_last_and_left_by_any() {
        let mut acks = Acks::default();
        acks.reset(1);
        let (a, b) = (acks.received(1, 0, 2), acks.received(2, 0, 2));
        done(&mut acks, 1, a);
        assert_eq!(acks.next(Instant::now()), None);
        done(&mut acks, 1, a);
        assert_eq!(acks.next(Instant::now()), Some(1));
        assert!(acks.settle(1, b, true, Instant::now()).is_some());
        done(&mut acks, 1, b);
        assert_eq!(acks.next(Instant::now()), None);
        assert_eq!(acks.left(), 1);
    }

    #[test]
    fn what_is_given_up_is_acknowledged() {
        let mut acks = Acks::default();
        acks.reset(1);
        let place = acks.received(5, 0, 1);
        assert!(acks.settle(1, place, true, Instant::now()).is_some());
        acks.give_up(place);
        assert_eq!(acks.next(Instant::now()), Some(5));
        assert_eq!((acks.left(), acks.left_since()), (0, None));
    }

    #[test]
    fn whoever_waits_for_an_acknowledgement_is_told_when_the_broker_answers_what_came_after_it() {
        let mut acks = Acks::default();
        acks.reset(1);
        let (earlier, place) = (acks.received(1, 0, 1), acks.received(2, 0, 1));
        let (sender, mut arrived) = oneshot::channel();
        acks.tell(1, place, sender);
        done(&mut acks, 1, place);
        assert_eq!(acks.next(Instant::now()), None);
        assert!(!acks.wants_ping(), "it waits for the earlier one");
        acks.pinged();
        done(&mut acks, 1, earlier);
        assert_eq!(drain(&mut acks), [1, 2]);
        assert!(acks.wants_ping());
        acks.pinged();
        assert!(!acks.wants_ping());
        acks.ponged();
        assert!(arrived.try_recv().is_err(), "that answers the PINGREQ before it");
        acks.ponged();
        assert_eq!(arrived.try_recv(), Ok(()));
    }

    #[test]
    fn all_who_wait_for_one_acknowledgement_are_told() {
        let mut acks = Acks::default();
        acks.reset(1);
        let place = acks.received(1, 0, 2);
        let mut arrived: Vec<_> = (0..2)
            .map(|_| {
                let (sender, arrived) = oneshot::channel();
                acks.tell(1, place, sender);
                done(&mut acks, 1, place);
                arrived
            })
            .collect();
        assert_eq!(drain(&mut acks), [1]);
        acks.pinged();
        assert!(arrived.iter_mut().all(|arrived| arrived.try_recv() == Err(TryRecvError::Empty)));
        acks.ponged();
        assert!(arrived.iter_mut().all(|arrived| arrived.try_recv() == Ok(())));
    }

    #[test]
    fn whoever_waits_for_an_acknowledgement_that_went_out_before_is_told_no_earlier() {
        let (mut acks, now) = (Acks::default(), Instant::now());
        acks.reset(1);
        let place = acks.received(1, 0, 1);
        acks.share(place, 1, 0, Some(now));
        assert_eq!(acks.next(now), Some(1));
        let (sender, mut arrived) = oneshot::channel();
        acks.tell(1, place, sender);
        done(&mut acks, 1, place);
        assert!(acks.wants_ping());
        acks.pinged();
        assert_eq!(arrived.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        acks.ponged();
        assert_eq!(arrived.try_recv(), Ok(()));
    }

    #[test]
    fn an_answer_that_nobody_asked_for_answers_no_later_question() {
        let mut acks = Acks::default();
        acks.reset(1);
        acks.ponged();
        let mut arrived: Vec<_> = (1..=2)
            .map(|packet| {
                let (sender, arrived) = oneshot::channel();
                let place = acks.received(packet, 0, 1);
                acks.tell(1, place, sender);
                done(&mut acks, 1, place);
                assert_eq!(drain(&mut acks), [packet]);
                acks.pinged();
                arrived
            })
            .collect();
        acks.ponged();
        assert_eq!(arrived[0].try_recv(), Ok(()));
        assert!(arrived[1].try_recv().is_err(), "its PINGREQ is not answered");
        acks.ponged();
        assert_eq!(arrived[1].try_recv(), Ok(()));
    }

    #[test]
    fn what_nothing_is_said_of_is_acknowledged_soon_where_that_may_be() {
        const SOON: Duration = Duration::from_millis(200);
        let (mut acks, now) = (Acks::default(), Instant::now());
        acks.reset(1);
        let places: Vec<_> = (1..=3).map(|packet| acks.received(packet, 0, 1)).collect();
        acks.share(places[0], 1, 0, Some(now + SOON));
        assert_eq!((acks.next(now), acks.soon()), (None, Some(now + SOON)));
        assert_eq!(acks.next(now + SOON), Some(1));
        // What is said of it now means nothing.
        done(&mut acks, 1, places[0]);
        assert_eq!((acks.next(now + SOON * 2), acks.soon()), (None, None));
        done(&mut acks, 1, places[2]);
        done(&mut acks, 1, places[1]);
        assert_eq!(drain(&mut acks), [2, 3]);
    }

    proptest! {
        #[test]
        fn acknowledgements_leave_in_the_order_of_receipt(
            order in Just((1..=50u16).collect::<Vec<_>>()).prop_shuffle(),
            left in proptest::collection::vec(any::<bool>(), 50),
        ) {
            let mut acks = Acks::default();
            acks.reset(1);
            let places: Vec<u64> = (1..=50).map(|packet| acks.received(packet, 0, 1)).collect();
            let mut out = Vec::new();
            for packet in order {
                let index = usize::from(packet) - 1;
                acks.settle(1, places[index], left[index], Instant::now());
                out.extend(drain(&mut acks));
            }
            let expected: Vec<u16> = (1..=50).filter(|packet| !left[usize::from(*packet) - 1]).collect();
            prop_assert_eq!(out, expected);
            prop_assert!(acks.is_empty());
        }
    }
}
