//! The order of our acknowledgements: as the messages were received, however they are finished.

use std::collections::VecDeque;

/// The received and not yet acknowledged messages of one connection.
#[derive(Debug, Default)]
pub(super) struct Acks {
    epoch: u64,
    /// The place of the front entry; places count on, so that an entry is found by subtraction.
    first: u64,
    open: VecDeque<Open>,
}

#[derive(Debug)]
struct Open {
    packet: u16,
    done: bool,
    /// Never to be acknowledged on this connection, and so nothing behind it.
    withheld: bool,
}

impl Acks {
    /// Starts anew: the broker delivers again what an earlier connection left open, with new packet ids.
    pub(super) fn reset(&mut self, epoch: u64) {
        *self = Self { epoch, first: 0, open: VecDeque::new() };
    }

    /// Enters a received message and returns its place.
    pub(super) fn received(&mut self, packet: u16) -> u64 {
        let place = self.first + self.open.len() as u64;
        self.open.push_back(Open { packet, done: false, withheld: false });
        place
    }

    /// Marks a message as finished. One of an earlier connection is ignored: its packet id means nothing any more.
    pub(super) fn done(&mut self, epoch: u64, place: u64) {
        if let Some(open) = self.find(epoch, place) {
            open.done = true;
        }
    }

    /// Marks a message as one that is left to the session.
    pub(super) fn withhold(&mut self, epoch: u64, place: u64) {
        if let Some(open) = self.find(epoch, place) {
            open.withheld = true;
        }
    }

    fn find(&mut self, epoch: u64, place: u64) -> Option<&mut Open> {
        let index = place.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.filter(|_| epoch == self.epoch).and_then(|index| self.open.get_mut(index))
    }

    /// The packet id that may be acknowledged next.
    pub(super) fn next(&self) -> Option<u16> {
        self.open.front().filter(|open| open.done).map(|open| open.packet)
    }

    /// Removes what [`Acks::next`] returned, once it was handed over.
    pub(super) fn pop(&mut self) {
        if self.open.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// Whether nothing is left to be acknowledged: what waits behind a withheld message never will be.
    pub(super) fn is_empty(&self) -> bool {
        match self.open.front() {
            None => true,
            Some(front) => front.withheld && self.open.iter().all(|open| open.done || open.withheld),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    fn drain(acks: &mut Acks) -> Vec<u16> {
        let mut out = Vec::new();
        while let Some(packet) = acks.next() {
            out.push(packet);
            acks.pop();
        }
        out
    }

    #[test]
    fn a_stale_epoch_acknowledges_nothing() {
        let mut acks = Acks::default();
        acks.reset(1);
        let old = acks.received(7);
        acks.reset(2);
        acks.received(9);
        acks.done(1, old);
        assert_eq!(acks.next(), None);
    }

    #[test]
    fn a_withheld_message_holds_back_those_behind_it_and_nothing_is_waited_for() {
        let mut acks = Acks::default();
        acks.reset(1);
        let places: Vec<_> = (1..=3).map(|packet| acks.received(packet)).collect();
        acks.withhold(1, places[1]);
        acks.done(1, places[2]);
        assert!(!acks.is_empty(), "the first one is still open");
        acks.done(1, places[0]);
        assert_eq!(drain(&mut acks), [1]);
        assert!(acks.is_empty());
    }

    proptest! {
        #[test]
        fn acknowledgements_leave_in_the_order_of_receipt(order in Just((1..=50u16).collect::<Vec<_>>()).prop_shuffle()) {
            let mut acks = Acks::default();
            acks.reset(1);
            let places: Vec<u64> = (1..=50).map(|packet| acks.received(packet)).collect();
            let mut out = Vec::new();
            for packet in order {
                acks.done(1, places[usize::from(packet) - 1]);
                out.extend(drain(&mut acks));
            }
            prop_assert_eq!(out, (1..=50).collect::<Vec<_>>());
            prop_assert!(acks.is_empty());
        }
    }
}
