//! Our acknowledgements of QoS 1 messages: when a message is done with, and in the order of receipt.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::handle::Command;

/// One message's acknowledgement, sent when it is dropped.
#[derive(Debug)]
pub(super) struct Ack {
    pub(super) commands: mpsc::UnboundedSender<Command>,
    /// The connection that it came over; on a later one its packet id means another message.
    pub(super) epoch: u64,
    pub(super) packet_id: u16,
}

impl Drop for Ack {
    fn drop(&mut self) {
        // Fails when the connection has ended: then the broker delivers again.
        drop(self.commands.send(Command::Ack { epoch: self.epoch, packet_id: self.packet_id }));
    }
}

/// The messages of one connection that are not acknowledged yet, in the order of receipt.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged(VecDeque<(u16, bool)>);

impl Unacknowledged {
    pub(super) fn received(&mut self, packet_id: u16) {
        self.0.push_back((packet_id, false));
    }

    pub(super) fn done(&mut self, packet_id: u16) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.0 == packet_id && !entry.1) {
            entry.1 = true;
        }
    }

    /// The next packet id whose acknowledgement may leave.
    pub(super) fn next(&mut self) -> Option<u16> {
        match self.0.front() {
            Some((_, true)) => self.0.pop_front().map(|(packet_id, _)| packet_id),
            _ => None,
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_leave_in_the_order_of_receipt() {
        let mut unacknowledged = Unacknowledged::default();
        for packet_id in [7, 3, 9] {
            unacknowledged.received(packet_id);
        }
        unacknowledged.done(9);
        unacknowledged.done(3);
        assert_eq!(unacknowledged.next(), None);
        unacknowledged.done(7);
        let order: Vec<_> = std::iter::from_fn(|| unacknowledged.next()).collect();
        assert_eq!(order, [7, 3, 9]);
    }
}
