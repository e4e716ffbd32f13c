//! Handles the loss of a connection: what is sent again, and who is notified.

use crate::shown::quoting;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::Actor;
use super::disconnect::{Ended, TAKEN_OVER};
use super::hold::Hold;
use super::phase::{Closing, Phase};
use super::state::ConnectionState;

/// How long a connection has to hold for the next attempt to be fast again.
const HELD: Duration = Duration::from_secs(5);
/// A connection that the broker ends sooner tells that something is wrong.
const SHORT: Duration = Duration::from_secs(2);
/// So many short connections in a row are no accident.
const SHORT_ONES: u32 = 3;

impl Actor {
    /// Takes back what was under way, and tells.
    pub(super) fn lost(&mut self, ended: &Ended) {
        let error = ended.text.as_str();
        if let Some(since) = self.connected_at.take() {
            let held = since.elapsed();
            // Two clients that take one id from each other hold it for about as long as the other pauses; resetting
            // then would let them fight for ever at full speed.
            if held >= HELD && (!ended.by_broker || held >= self.backoff.step() * 2) {
                self.backoff.reset();
            }
            self.attempt = 1;
            self.is_connected = false;
            self.stuck_since = None;
            self.hold = Hold::default();
            self.publishes.lost(ended.blame);
            self.subscriptions.lost(ended.blame);
            self.parked.take();
            // Late acknowledgements of this connection then find nothing.
            self.acks.reset(self.epoch);
            if self.closing.is_none() {
                crate::log::warn!(error = %quoting(error), held_ms = held.as_millis(), "lost the connection to the broker");
                self.count_short(ended, held);
            }
        } else {
            self.attempt = self.attempt.saturating_add(1);
            crate::log::warn!(error = %quoting(error), attempt = self.attempt - 1, "failed to connect to the broker");
            self.shared.failure.send_replace(ended.failure.as_deref().cloned());
        }
        if let Some(Closing { phase: Phase::Leaving | Phase::Left, deadline }) = &mut self.closing {
            // Nothing is left to do but to go.
            *deadline = Instant::now();
        }
        let error = Some(ended.text.as_str().into());
        self.shared.state.send_replace(ConnectionState::Connecting { attempt: self.attempt, error });
    }

    fn count_short(&mut self, ended: &Ended, held: Duration) {
        let client_id = self.options.client_id.as_str().to_owned();
        if ended.reason == Some(TAKEN_OVER) {
            crate::log::error!(
                client_id,
                "another client with the same id took the connection over; give each agent its own id, or each of its \
                 processes its own `.instance(..)`"
            );
            self.tell_of_twin(&format!(
                "another client with the id `{client_id}` took the connection over; give each agent its own id, or each \
                 of its processes its own `.instance(..)`"
            ));
        }
        if held >= SHORT || !ended.by_broker {
            self.short_ones = 0;
            return;
        }
        self.short_ones += 1;
        if self.short_ones.is_multiple_of(SHORT_ONES) && ended.reason != Some(TAKEN_OVER) {
            crate::log::error!(
                client_id,
                connections = self.short_ones,
                "the broker ends each connection soon after it was made; most often another client has the same id: give each \
                 process its own `.instance(..)`, or look into the broker's log"
            );
            self.tell_of_twin(&format!(
                "the broker ends each connection of `{client_id}` soon after it was made; most often another client has the \
                 same id: give each process its own `.instance(..)`, or look into the broker's log"
            ));
        }
    }

    /// Tells once that two clients share an id: both would go on for ever, and half of what is sent to them would find the
    /// other.
    fn tell_of_twin(&mut self, text: &str) {
        if !std::mem::replace(&mut self.twin_is_told, true) {
            crate::log::note(text);
        }
    }
}
