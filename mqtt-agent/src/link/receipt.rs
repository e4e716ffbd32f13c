//! The future outcome of a publish.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::{mpsc, oneshot};

use super::command::Command;
use super::error::PublishError;
use super::outcome::Outcome;

/// The outcome of a queued publish, to come. Dropping it doesn't withdraw the message.
#[derive(Debug)]
pub(crate) struct Receipt(oneshot::Receiver<Outcome>);

impl Receipt {
    pub(super) fn new(outcome: oneshot::Receiver<Outcome>) -> Self {
        Self(outcome)
    }

    /// The outcome, where it is known already. It can be had once.
    pub(crate) fn try_outcome(&mut self) -> Option<Outcome> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(PublishError::Closed)),
        }
    }
}

impl Future for Receipt {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        // The task drops what it never took up only when it ends.
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.unwrap_or(Err(PublishError::Closed)))
    }
}

/// A publish that is being waited for: dropping it withdraws the message.
pub(super) struct Pending<'a> {
    receipt: Receipt,
    commands: &'a mpsc::UnboundedSender<Command>,
    open: bool,
}

impl<'a> Pending<'a> {
    pub(super) fn new(receipt: Receipt, commands: &'a mpsc::UnboundedSender<Command>) -> Self {
        Self { receipt, commands, open: true }
    }
}

impl Future for Pending<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let outcome = Pin::new(&mut self.receipt).poll(cx);
        self.open = outcome.is_pending();
        outcome
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.open {
            self.receipt.0.close();
            let _ = self.commands.send(Command::Withdraw);
        }
    }
}
