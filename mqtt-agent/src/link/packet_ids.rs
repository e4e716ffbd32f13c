//! Packet ids: one range that publishes and subscriptions share.

/// Counts through the packet ids and passes over those in use.
#[derive(Debug)]
pub(super) struct PacketIds {
    last: u16,
}

impl Default for PacketIds {
    /// From the middle: brokers count theirs from 1, and mochi-mqtt (2.7.9) takes a packet of ours for the end of a
    /// message of its own that has the same id. Few connections come so far that both meet.
    fn default() -> Self {
        Self { last: u16::MAX / 2 }
    }
}

impl PacketIds {
    /// A packet id that is not in use. Fewer are ever in use than there are: windows are smaller.
    pub(super) fn next(&mut self, taken: impl Fn(u16) -> bool) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !taken(self.last) {
                return self.last;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_round_without_0_and_pass_over_what_is_in_use() {
        let mut ids = PacketIds { last: u16::MAX - 1 };
        let given: Vec<u16> = (0..3).map(|_| ids.next(|id| id == 1)).collect();
        assert_eq!(given, [u16::MAX, 2, 3]);
    }
}
