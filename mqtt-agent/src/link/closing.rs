//! The timers of the connection's task, and its end: closing, an unresponsive broker, expiring messages, messages that
//! were left to the session.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::actor::{Actor, FAR};
use super::codec::encode;
use super::disconnect::Ended;
use super::phase::{Closing, Phase};
use super::wire::Wire;

/// How long the broker may take to hang up after our goodbye. Closing first could throw the goodbye away: with unread data
/// in our socket the system resets the connection.
const HANG_UP: Duration = Duration::from_millis(500);

/// How long a goodbye may take that is only said because time is up.
const LAST_WORD: Duration = Duration::from_millis(250);

/// MQTT's reason for a goodbye after which the Will is published all the same.
const WITH_WILL: u8 = 0x04;

/// How long a message that was left to the session may take one of our places.
const LEFT: Duration = Duration::from_secs(10);

impl Actor {
    pub(super) fn close(&mut self, within: Duration) {
        self.decide_copies();
        let now = Instant::now();
        let deadline = now.checked_add(within).unwrap_or(now + FAR);
        match &mut self.closing {
            // The nearer deadline decides.
            Some(closing) => closing.deadline = closing.deadline.min(deadline),
            None => self.closing = Some(Closing { phase: Phase::Draining, deadline }),
        }
    }

    /// What is to be done in each round: encodes what may be sent, and goes on with closing. Without a connection there is
    /// nothing to encode.
    pub(super) fn step(&mut self, wire: Option<&mut Wire>) -> ControlFlow<()> {
        let Some(wire) = wire else {
            let over = self.closing.is_some() && self.publishes.is_empty();
            return if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        };
        self.pump(wire);
        let now = Instant::now();
        // Nothing follows a goodbye.
        if !self.is_leaving() && (self.ping_at() <= now || self.acks.wants_ping()) {
            encode::pingreq(&mut wire.unsent);
            self.acks.pinged();
            (self.pinged, self.written) = (true, now);
        }
        let Some(closing) = &mut self.closing else { return ControlFlow::Continue(()) };
        // What is parked stays unacknowledged: it is for the next process of this session.
        let acknowledged = self.acks.is_empty() || !self.parked.is_empty();
        let finished = self.publishes.is_empty() && self.subscriptions.nothing_waits() && acknowledged;
        match closing.phase {
            Phase::Draining if finished => {
                closing.phase = Phase::Leaving;
                encode::disconnect(&mut wire.unsent, 0);
            }
            // Time is up. What was to be said may not have arrived, so the Will is to speak.
            Phase::Draining if closing.deadline <= now => {
                *closing = Closing { phase: Phase::Leaving, deadline: now + LAST_WORD };
                encode::disconnect(&mut wire.unsent, WITH_WILL);
            }
            Phase::Leaving if !wire.has_unsent() => {
                *closing = Closing { phase: Phase::Left, deadline: now + HANG_UP };
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Sends a DISCONNECT with a reason, if that is possible at once.
    pub(super) async fn last_word(&mut self, wire: &mut Wire, reason: u8) {
        // What was handled is not to come again.
        self.acknowledge_all(wire);
        encode::disconnect(&mut wire.unsent, reason);
        let said = async {
            poll_fn(|cx| wire.poll_write(cx, &mut 0)).await?;
            // Until the broker hangs up: a socket that is closed with unread data resets the connection, and the word is lost.
            while poll_fn(|cx| wire.poll_read(cx)).await.is_ok() {
                wire.forget_read();
            }
            Ok::<(), std::io::Error>(())
        };
        let _ = timeout(LAST_WORD, said).await;
    }

    pub(super) fn next_alarm(&self) -> Instant {
        let silent = self.is_connected.then(|| self.heard + self.patience());
        let ping = (self.is_connected && !self.is_leaving()).then(|| self.ping_at());
        let stuck = self.stuck_since.map(|since| since + self.patience());
        let closing = self.closing.map(|closing| closing.deadline);
        let renews = self.closing.is_none() && !self.is_draining;
        let left = self.acks.left_since().filter(|_| renews).map(|since| since + LEFT);
        let (copies, hold) = (self.copies.decides_at(), self.hold.until());
        let soon = self.acks.soon().filter(|_| hold.is_none() && self.closing.is_none());
        let all = [silent, ping, stuck, closing, left, copies, hold, soon, self.publishes.earliest()];
        all.into_iter().flatten().min().unwrap_or_else(|| Instant::now() + FAR)
    }

    /// How long the broker may be silent, or take nothing.
    fn patience(&self) -> Duration {
        self.keep_alive.saturating_mul(3) / 2
    }

    /// When the next PINGREQ is due: when nothing was written or nothing was heard for a keep-alive.
    fn ping_at(&self) -> Instant {
        let heard = if self.pinged { self.heard + FAR } else { self.heard + self.keep_alive };
        heard.min(self.written + self.keep_alive)
    }

    /// Why the connection is to be given up now, if it is.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Ended> {
        let patience = self.patience();
        if self.heard + patience <= now {
            return Some(Ended::ours("the broker gave no sign of life"));
        }
        if self.stuck_since.is_some_and(|since| since + patience <= now) {
            return Some(Ended::ours("the broker took nothing of what was sent"));
        }
        if self.closing.is_none() && !self.is_draining {
            let quarter = usize::from(self.options.announced_receive_maximum()).div_ceil(4);
            let waited = self.acks.left_since().is_some_and(|since| since + LEFT <= now);
            if waited || self.acks.left() >= quarter {
                let mut ended = Ended::ours("messages that were left to the session are to come again");
                ended.tell = Some(0x00);
                return Some(ended);
            }
        }
        None
    }

    /// What is due by the clock.
    pub(super) fn ring(&mut self) -> ControlFlow<()> {
        let now = Instant::now();
        self.publishes.expire(now);
        if self.copies.decides_at().is_some_and(|at| at <= now) {
            self.decide_copies();
        }
        let late = self.closing.is_some_and(|closing| {
            closing.deadline <= now && !(self.is_connected && closing.phase == Phase::Draining)
        });
        if late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
