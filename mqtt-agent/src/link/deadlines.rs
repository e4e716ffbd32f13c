//! What the connection's task does because of the time: closing, the broker's silence, messages that expire.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::{Actor, Closing, FAR, Phase};

/// How long a goodbye may take that is only said because time is up.
const LAST_WORD: Duration = Duration::from_millis(250);

impl Actor {
    pub(super) fn close(&mut self, within: Duration) {
        let now = Instant::now();
        let deadline = now.checked_add(within).unwrap_or(now + FAR);
        match &mut self.closing {
            // Whoever is in more of a hurry decides.
            Some(closing) => closing.deadline = closing.deadline.min(deadline),
            None => self.closing = Some(Closing { phase: Phase::Draining, deadline }),
        }
    }

    /// What is to be done after each command and each event.
    pub(super) fn step(&mut self) -> ControlFlow<()> {
        self.pump();
        let Some(closing) = &mut self.closing else { return ControlFlow::Continue(()) };
        if closing.phase == Phase::Draining {
            // What is parked stays unacknowledged: it is for the next process of this session.
            let acknowledged = self.acks.is_empty() || !self.parked.is_empty();
            let finished = self.outgoing.is_empty() && self.subscriptions.nothing_waits() && acknowledged;
            match &self.client {
                None if self.outgoing.is_empty() => return ControlFlow::Break(()),
                Some(client) if finished && client.try_disconnect().is_ok() => closing.phase = Phase::Leaving,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn next_alarm(&self) -> Instant {
        let stall = self.client.is_some().then(|| self.heard + self.patience());
        let closing = self.closing.map(|closing| closing.deadline);
        let parked = self.park_until.filter(|_| !self.parked.is_empty());
        let all = [stall, closing, parked, self.outgoing.earliest()];
        all.into_iter().flatten().min().unwrap_or_else(|| Instant::now() + FAR)
    }

    /// How long the broker may be silent. The client library pings once in a keep-alive, and each ping is answered;
    /// but it doesn't notice a broker that hangs while it writes.
    pub(super) fn patience(&self) -> Duration {
        self.keep_alive.saturating_mul(3) / 2
    }

    pub(super) fn stalled(&self) -> bool {
        self.client.is_some() && self.heard.elapsed() >= self.patience()
    }

    pub(super) fn alarm(&mut self) -> ControlFlow<()> {
        let now = Instant::now();
        self.outgoing.expire(now);
        if self.park_until.is_some_and(|until| until <= now) {
            self.park_until = None;
            for (inbound, _) in self.parked.drain(..) {
                tracing::debug!(
                    topic = inbound.topic(),
                    "nobody subscribes to a message of an earlier session"
                );
            }
        }
        if let Some(closing) = &mut self.closing
            && closing.deadline <= now
        {
            match &self.client {
                Some(client) if closing.phase == Phase::Draining && client.try_disconnect().is_ok() => {
                    *closing = Closing { phase: Phase::Leaving, deadline: now + LAST_WORD };
                }
                _ => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }
}
