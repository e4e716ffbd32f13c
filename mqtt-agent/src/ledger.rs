//! [`Ledger`]: how many bytes are kept in memory for peers, and whether there is room for more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are kept, up to a limit. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    used: Arc<AtomicUsize>,
    most: usize,
}

/// What one thing takes; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    used: Arc<AtomicUsize>,
    weight: usize,
}

impl Ledger {
    pub(crate) fn new(most: usize) -> Self {
        Self { used: Arc::default(), most }
    }

    /// A share for one thing more; `None` where there is no room. One thing is taken however large it is.
    pub(crate) fn take(&self, weight: usize) -> Option<Share> {
        let enter = |used: usize| {
            let after = used.saturating_add(weight);
            (used == 0 || after <= self.most).then_some(after)
        };
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter).ok()?;
        Some(Share { used: Arc::clone(&self.used), weight })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.fetch_sub(self.weight, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_refused_until_something_is_given_back() {
        let ledger = Ledger::new(10);
        let large = ledger.take(100);
        assert!(large.is_some(), "one is taken however large it is");
        assert!(ledger.take(1).is_none());
        drop(large);
        let (_five, _other) = (ledger.take(5).unwrap(), ledger.take(5).unwrap());
        assert!(ledger.take(1).is_none());
    }
}
