//! [`Bounded`]: a limit for what a watch knows, beside the limit for what arrives.

use super::latest::BYTES;
use crate::ledger::{Ledger, Share};
use crate::log_rate::limited;
use crate::shown::shown;

/// How many bytes are known. A valid card stays known when its topic's next one cannot be read (`SUB-11`), so it is counted
/// here and not only where it arrived.
#[derive(Debug)]
pub(crate) struct Bounded {
    ledger: Ledger,
    full: bool,
}

impl Bounded {
    pub(crate) fn within(bytes: usize) -> Self {
        Self { ledger: Ledger::new(bytes), full: false }
    }

    /// What a name takes; `None` where there is no room for it.
    pub(crate) fn take(&mut self, name: &str, weight: usize) -> Option<Share> {
        let share = self.ledger.take(weight);
        if share.is_none() {
            self.full = true;
            limited!(warn, "dropped a card: more came than are kept", name = %shown(name));
        }
        share
    }

    /// Whether something was dropped for want of room.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }
}

impl Default for Bounded {
    fn default() -> Self {
        Self::within(BYTES)
    }
}
