//! Which calls of one tool may be in flight, and which wait for answers to earlier ones (`SUB-17`). A state machine
//! without I/O: the code that uses it passes in the events and carries out the results.
//!
//! A broker's queue for a server is bounded and overflows silently, so the caller itself limits its unanswered calls.
//! [`Limit`] decides how many; further calls wait in the order in which they were made.

mod limit;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use limit::Limit;

/// How many calls of one tool may wait. One more ends at once.
const MOST_WAITING: usize = 100_000;

/// How long a call may leave a place unclaimed that it was given. Its future isn't polled then, and others go on.
pub(crate) const OFFER: Duration = Duration::from_millis(50);

/// How long a call that was sent takes a place while others wait. After that it has left the broker's queue, or is lost: a
/// tool that runs for minutes is not kept from running more calls at once.
const ON_THE_WIRE: Duration = Duration::from_secs(1);

/// How long a call keeps its place before it is sent, while others wait. It subscribes and looks things up meanwhile. Its
/// future may be kept without being polled, and the broker may be slow.
const PREPARING: Duration = Duration::from_secs(1);

/// What a call is to do that wants a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// It has a place, under this number.
    Go(u64),
    /// It waits, under this number, until [`Window::next`] gives out its waiter.
    Wait(u64),
    /// Too many wait already.
    Refuse,
}

/// The calls of one tool. `W` wakes a waiting call.
#[derive(Debug)]
pub(crate) struct Window<W> {
    limit: Limit,
    /// Places that are taken.
    taken: usize,
    /// The oldest first.
    waiting: BTreeMap<u64, W>,
    /// Calls that were given a place and have not claimed it yet, and since when.
    offered: BTreeMap<u64, Instant>,
    /// Calls that did not claim a place in time: they wait again as soon as they are polled.
    asleep: BTreeSet<u64>,
    /// Calls that have a place and were not sent yet, and since when.
    preparing: BTreeMap<u64, Instant>,
    /// The number of the next call until it is sent.
    next_call: u64,
    /// Calls that were sent: the number of the next one.
    sent: u64,
    /// Those that take a place, and since when. The oldest first.
    on_the_wire: BTreeMap<u64, Instant>,
    /// Whether somebody calls [`Window::lapse`] from time to time.
    watched: bool,
}

impl<W> Window<W> {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            limit: Limit::new(now),
            taken: 0,
            waiting: BTreeMap::new(),
            offered: BTreeMap::new(),
            asleep: BTreeSet::new(),
            preparing: BTreeMap::new(),
            next_call: 0,
            sent: 0,
            on_the_wire: BTreeMap::new(),
            watched: false,
        }
    }

    fn has_room(&self) -> bool {
        self.taken < self.limit.places()
    }

    /// A call wants a place.
    pub(crate) fn want(&mut self, waiter: W, now: Instant) -> Want {
        let has_room = self.waiting.is_empty() && self.has_room();
        if !has_room && self.waiting.len() + self.asleep.len() >= MOST_WAITING {
            return Want::Refuse;
        }
        let number = self.next_call;
        self.next_call += 1;
        if has_room {
            self.taken += 1;
            self.preparing.insert(number, now);
            return Want::Go(number);
        }
        self.waiting.insert(number, waiter);
        Want::Wait(number)
    }

    /// Gives a free place to the call that waited longest. To be asked after each event until there is none.
    pub(crate) fn next(&mut self, now: Instant) -> Option<W> {
        if !self.has_room() {
            return None;
        }
        let (number, waiter) = self.waiting.pop_first()?;
        self.offered.insert(number, now);
        self.taken += 1;
        Some(waiter)
    }

    /// A call that waits is polled: whether it has a place now.
    pub(crate) fn claim(&mut self, number: u64, waiter: W, now: Instant) -> bool {
        if self.offered.remove(&number).is_some() {
            self.preparing.insert(number, now);
            return true;
        }
        self.asleep.remove(&number);
        self.waiting.insert(number, waiter);
        false
    }

    /// Takes the places back that were not claimed in time, and where calls wait those of calls that were sent long ago or
    /// prepare for long. Whether to come again after [`OFFER`]; if not, the next event says when somebody has to.
    pub(crate) fn lapse(&mut self, now: Instant) -> bool {
        let lapsed: Vec<u64> = self
            .offered
            .iter()
            .filter(|(_, since)| now.saturating_duration_since(**since) >= OFFER)
            .map(|(number, _)| *number)
            .collect();
        for number in lapsed {
            self.offered.remove(&number);
            self.asleep.insert(number);
            self.freed();
        }
        let mut wanted = self.waiting.len();
        while wanted > 0
            && let Some(oldest) = self.on_the_wire.first_entry()
            && now.saturating_duration_since(*oldest.get()) >= ON_THE_WIRE
        {
            oldest.remove();
            self.freed();
            wanted -= 1;
        }
        let is_slow = |since: &Instant| now.saturating_duration_since(*since) >= PREPARING;
        let slow = self.preparing.iter().filter(|(_, since)| is_slow(since)).map(|(number, _)| *number);
        let slow: Vec<u64> = slow.take(wanted).collect();
        for number in slow {
            self.left(number);
        }
        self.watched = self.may_lapse();
        self.watched
    }

    /// As long as a call waits, a place may be taken back for it: those before it may be sent at any time.
    fn may_lapse(&self) -> bool {
        !self.offered.is_empty() || !self.waiting.is_empty()
    }

    /// Whether somebody has to begin to call [`Window::lapse`] each [`OFFER`]. To be asked after each event.
    pub(crate) fn needs_watch(&self) -> bool {
        !self.watched && self.may_lapse()
    }

    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Somebody begins.
    pub(crate) fn watch(&mut self) {
        self.watched = true;
    }

    /// A call that was not sent is not wanted any more. What was given to it is given back.
    pub(crate) fn left(&mut self, number: u64) {
        if self.offered.remove(&number).is_some() || self.preparing.remove(&number).is_some() {
            self.freed();
        }
        self.waiting.remove(&number);
        self.asleep.remove(&number);
    }

    /// A call is sent from its place: the number that its outcome is told with. `None` if it has lost the place: it has to
    /// wait for another one.
    pub(crate) fn sent(&mut self, number: u64, now: Instant) -> Option<u64> {
        self.preparing.remove(&number)?;
        let number = self.sent;
        self.sent += 1;
        self.on_the_wire.insert(number, now);
        Some(number)
    }

    /// A call that was sent was answered, ended or dropped. Its place is free again, if it wasn't already.
    pub(crate) fn off_the_wire(&mut self, call: u64) {
        if self.on_the_wire.remove(&call).is_some() {
            self.freed();
        }
    }

    fn freed(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// A call was answered. `delay` is the time that it and its answer spent on the way.
    pub(crate) fn answered(&mut self, call: u64, delay: Duration, now: Instant) {
        let wanted = !self.waiting.is_empty() || !self.has_room();
        self.limit.answered(call, self.sent, delay, wanted, now);
    }

    /// A server answered that it has no room for the call.
    pub(crate) fn busy(&mut self, call: u64, now: Instant) {
        self.limit.busy(call, self.sent, now);
    }

    /// A call was not answered in time.
    pub(crate) fn timed_out(&mut self, call: u64) {
        self.limit.timed_out(call, self.sent);
    }
}
