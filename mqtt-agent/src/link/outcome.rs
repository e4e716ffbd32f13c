//! The outcome of a publish.

use std::fmt;

use tokio::sync::oneshot;

use super::error::PublishError;

/// What became of an accepted publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Published {
    /// The broker knows nobody who subscribes to the topic. Not all brokers tell; never at QoS 0.
    pub(crate) no_subscribers: bool,
}

/// The result of one publish.
pub(crate) type Outcome = Result<Published, PublishError>;

/// Why a message reached nobody, for its span.
pub(crate) fn unsent(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Ok(Published { no_subscribers: false }) => None,
        Ok(Published { no_subscribers: true }) => Some("no_subscribers"),
        Err(PublishError::Denied { .. }) => Some("unauthorized"),
        Err(PublishError::TooLarge { .. }) => Some("too_large"),
        Err(PublishError::Closed) => Some("closed"),
        Err(_) => Some("publish"),
    }
}

/// Who is told of an outcome.
pub(super) enum Waiter {
    /// Somebody awaits it, or has stopped to.
    Receipt(oneshot::Sender<Outcome>),
    /// Code of ours that runs on the connection's task.
    Told(Told),
}

impl Waiter {
    pub(super) fn told(told: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self::Told(Told(Some(Box::new(told))))
    }

    /// Whether nobody awaits it any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Receipt(sender) if sender.is_closed())
    }

    /// Tells. Gives a failure back that nobody awaits.
    pub(super) fn tell(self, outcome: Outcome) -> Option<PublishError> {
        match self {
            Self::Receipt(sender) => sender.send(outcome).err().and_then(Result::err),
            Self::Told(mut told) => {
                if let Some(told) = told.0.take() {
                    told(outcome);
                }
                None
            }
        }
    }
}

impl fmt::Debug for Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receipt(_) => "Receipt",
            Self::Told(_) => "Told",
        })
    }
}

/// Code that is told of an outcome, once. A message that is dropped without one is closed.
pub(super) struct Told(Option<Box<dyn FnOnce(Outcome) + Send>>);

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            told(Err(PublishError::Closed));
        }
    }
}
