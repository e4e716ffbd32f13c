//! The acknowledgement of a received message, which the code has to give explicitly.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::budget::Charge;

/// Shows that a store has what a message brought; only a store's success makes one.
pub(crate) trait Evidence {}

/// How long a message that comes again waits for its acknowledgement: those of earlier messages go out before.
const OUT: Duration = Duration::from_secs(10);

/// The right, and the duty, to say what becomes of a received message.
///
/// As long as it is kept the broker counts the message against our Receive Maximum, and the acknowledgements of later
/// messages wait behind it. It ends by one of its methods. One that is dropped leaves the message to the session, and is
/// logged. At QoS 0 there is nothing to acknowledge, and all of this does nothing.
#[must_use = "say what becomes of the message: in_memory, stored, refused or leave"]
pub(crate) struct Ack {
    state: State,
    /// What the message takes of the connection's budget until it is settled.
    charge: Option<Charge>,
}

enum State {
    /// Somebody has to say what becomes of the message.
    Open(Token),
    /// It is acknowledged, and this tells when the broker has that.
    Said(oneshot::Receiver<()>),
    /// There is nothing to say.
    Over,
}

/// One message's place in the order of acknowledgements of one connection.
struct Token {
    epoch: u64,
    place: u64,
    settle: mpsc::UnboundedSender<Settlement>,
    /// Whether it may be dropped without a word.
    leaves_when_dropped: bool,
}

/// What was said about one message.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) epoch: u64,
    pub(super) place: u64,
    /// Whether it stays with the session, to be delivered again on the next connection.
    pub(super) left: bool,
    /// Who waits until the broker has its acknowledgement.
    pub(super) arrived: Option<oneshot::Sender<()>>,
}

impl Settlement {
    /// It is acknowledged.
    pub(super) fn done(epoch: u64, place: u64) -> Self {
        Self { epoch, place, left: false, arrived: None }
    }

    /// It stays with the session.
    pub(super) fn left(epoch: u64, place: u64) -> Self {
        Self { left: true, ..Self::done(epoch, place) }
    }
}

impl Ack {
    pub(super) fn new(epoch: u64, place: u64, settle: mpsc::UnboundedSender<Settlement>) -> Self {
        let token = Token { epoch, place, settle, leaves_when_dropped: false };
        Self { state: State::Open(token), charge: None }
    }

    /// Keeps the message charged until it is settled; one that nothing is awaited of is read now, and that is all.
    pub(super) fn carry(&mut self, charge: Option<Charge>) {
        self.charge = charge.filter(|_| self.is_awaited());
    }

    /// For a message at QoS 0, or one that is acknowledged already.
    pub(crate) fn none() -> Self {
        Self { state: State::Over, charge: None }
    }

    /// Acknowledges: the message is taken in memory, by contract. A crash from now on loses it.
    pub(crate) fn in_memory(mut self) {
        self.settle(false);
    }

    /// The same at once, whether or not the message comes again. Of one that does this is given back: whoever handles it waits
    /// [first](Self::in_memory_first), and nobody else meanwhile.
    pub(crate) fn in_memory_at_once(self, is_again: bool) -> Option<Self> {
        if is_again {
            return Some(self.say());
        }
        self.in_memory();
        None
    }

    /// The same for a message that may have ended an earlier process: it is handled when the broker has the acknowledgement,
    /// so that it cannot come a third time. What says later what becomes of it says nothing any more. Waits 10 s at the most,
    /// and not for a connection that is lost.
    pub(crate) async fn in_memory_first(self) -> Self {
        let mut this = self.say();
        if let State::Said(arrived) = this.take() {
            drop(timeout(OUT, arrived).await);
        }
        this
    }

    /// Acknowledges, and keeps what tells when the broker has that.
    fn say(mut self) -> Self {
        self.state = match self.take() {
            State::Open(Token { epoch, place, settle, .. }) => {
                let (sender, arrived) = oneshot::channel();
                // Fails when the connection is closed; then there is nothing to wait for.
                let _ = settle.send(Settlement { arrived: Some(sender), ..Settlement::done(epoch, place) });
                State::Said(arrived)
            }
            state => state,
        };
        self
    }

    /// Acknowledges: a store has what the message brought.
    pub(crate) fn stored(mut self, _evidence: &impl Evidence) {
        self.settle(false);
    }

    /// Acknowledges: the message is refused, and its sender was told so where it has an address.
    pub(crate) fn refused(mut self) {
        self.settle(false);
    }

    /// Leaves the message to the session: it is delivered again on the next connection. It takes a place of our Receive
    /// Maximum until this one ends, so the connection is renewed when one has waited for 10 s.
    pub(crate) fn leave(mut self) {
        self.settle(true);
    }

    /// Says now what becomes of the message should its task be ended half-way: it is left to the session.
    pub(crate) fn or_leave(mut self) -> Self {
        if let State::Open(token) = &mut self.state {
            token.leaves_when_dropped = true;
        }
        self
    }

    /// Whether the broker waits for it: nothing does at QoS 0.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Over)
    }

    fn settle(&mut self, left: bool) {
        if let State::Open(Token { epoch, place, settle, .. }) = self.take() {
            // Fails when the connection is closed; then there is nothing to acknowledge.
            let _ = settle.send(Settlement { left, ..Settlement::done(epoch, place) });
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        let is_forgotten = matches!(&self.state, State::Open(token)
            if !token.leaves_when_dropped && !token.settle.is_closed());
        self.settle(true);
        if is_forgotten {
            crate::log::warn!(
                "dropped an acknowledgement without an outcome; the message is left to the session and comes again"
            );
            #[cfg(test)]
            assert!(std::thread::panicking(), "an acknowledgement was dropped without an outcome");
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_awaited() { "Ack(pending)" } else { "Ack(none)" })
    }
}
