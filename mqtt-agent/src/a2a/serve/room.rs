//! [`Room`]: a limit for what waits in memory for a store that fails, beside the tasks in hand.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one place takes at least, and how many bytes it counts.
const UNIT: usize = 64 << 10;

/// So many messages or tasks, or so many units of bytes.
#[derive(Debug)]
pub(super) struct Room {
    units: u32,
    free: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new(units: u32) -> Self {
        Self { units, free: Arc::new(Semaphore::new(units as usize)) }
    }

    /// Takes a place for so many bytes, if there is one. However large it is, it has one where nothing else waits.
    pub(super) fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.units);
        Arc::clone(&self.free).try_acquire_many_owned(units).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_holds_so_many_and_so_many_bytes_and_what_is_larger_alone() {
        let room = Room::new(4);
        let small: Vec<_> = (0..4).map(|_| room.take(0).unwrap()).collect();
        assert!(room.take(0).is_none());
        drop(small);
        let large = room.take(3 * UNIT).unwrap();
        assert!(room.take(2 * UNIT).is_none() && room.take(UNIT).is_some());
        drop(large);
        let huge = room.take(usize::MAX).unwrap();
        assert!(room.take(0).is_none());
        drop(huge);
        assert!(room.take(0).is_some());
    }
}
