//! One call on the wire: publish it, wait for its answer, and cancel it when nobody waits any more.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::CallError;
use crate::client::{Client, Core, Scope};
use crate::link::{Inbound, Message, PublishError, Published};
use crate::wire::{CallRequest, CancelRequest, Identifier, Response};

/// One call. Dropping it before its answer cancels the call.
#[derive(Debug)]
pub(super) struct Exchange {
    core: Arc<Core>,
    tool: String,
    call_id: Identifier,
    arguments: Box<RawValue>,
    started: Instant,
    deadline: Instant,
    // One for the whole call: entering one into the runtime's wheel may wake a thread.
    alarm: Pin<Box<Sleep>>,
    scope: Scope,
    answer: oneshot::Receiver<Inbound>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not on its way yet: nothing to cancel.
    Prepared,
    /// On its way to a server, or running there.
    Sent,
    /// Answered or refused: nothing to cancel any more.
    Ended,
}

impl Exchange {
    pub(super) fn new(
        client: &Client,
        tool: &str,
        arguments: Box<RawValue>,
        deadline: Instant,
    ) -> Result<Self, CallError> {
        Identifier::parse(tool).map_err(|error| CallError::InvalidName { message: error.to_string() })?;
        let core = Arc::clone(client.core());
        let call_id = Identifier::random();
        Ok(Self {
            answer: core.pending().wait(call_id.clone()),
            core,
            tool: tool.to_owned(),
            call_id,
            arguments,
            started: Instant::now(),
            deadline,
            alarm: Box::pin(sleep_until(deadline.into())),
            scope: client.scope().clone(),
            stage: Stage::Prepared,
        })
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(super) fn call_id(&self) -> &Identifier {
        &self.call_id
    }

    pub(super) fn stream_topic(&self) -> String {
        self.core.namespace().stream(&self.tool, self.call_id.as_str())
    }

    /// A step of the call, which ends with the call's deadline and with the handler that makes the call.
    pub(super) async fn bounded<F: Future>(&mut self, step: F) -> Result<F::Output, CallError> {
        tokio::select! {
            biased;
            // First: a handler that is cancelled already starts nothing more.
            () = self.scope.cancelled() => Err(CallError::Canceled),
            done = step => Ok(done),
            () = &mut self.alarm => Err(self.timed_out()),
        }
    }

    /// The whole call.
    pub(super) async fn run(mut self) -> Result<Box<RawValue>, CallError> {
        self.send().await?;
        self.response().await
    }

    /// Publishes the call, and waits for the broker's word.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        let core = Arc::clone(&self.core);
        self.bounded(core.receive_responses()).await??;
        let message = self.message();
        self.stage = Stage::Sent;
        let outcome = self.bounded(core.link().publish(message)).await?;
        match outcome {
            Err(error) => Err(self.ended(error.into())),
            Ok(Published { no_subscribers: true }) => Err(self.ended(CallError::Unavailable {
                message: format!("nobody serves `{}` now; start a server of it", self.tool),
                code: None,
            })),
            Ok(_) => Ok(()),
        }
    }

    /// Waits for the answer. Cancel-safe: a dropped wait loses no answer.
    pub(super) async fn response(&mut self) -> Result<Box<RawValue>, CallError> {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer,
            () = &mut self.alarm => return Err(self.timed_out()),
            () = self.scope.cancelled() => return Err(CallError::Canceled),
        };
        let Ok(Inbound { payload, .. }) = answer else {
            // Nobody waits any more: the client was closed.
            return Err(self.ended(CallError::Publish(PublishError::Closed)));
        };
        self.stage = Stage::Ended;
        let response = Response::read(&payload)
            .map_err(|error| CallError::InvalidResponse { message: error.to_string() })?;
        response.outcome.map_err(CallError::from)
    }

    fn message(&self) -> Message {
        let namespace = self.core.namespace();
        let client = self.core.id().as_str();
        let responses = namespace.responses(client);
        let payload = CallRequest::encode(&self.call_id, &self.arguments, client, &responses);
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        let correlation = Bytes::copy_from_slice(self.call_id.as_str().as_bytes());
        Message::json(namespace.tool_call(&self.tool), payload)
            .with_expiry(timeout)
            .with_response(responses, correlation)
            .with_trace(self.scope.trace.as_ref())
    }

    fn ended(&mut self, error: CallError) -> CallError {
        self.stage = Stage::Ended;
        error
    }

    fn timed_out(&self) -> CallError {
        let after = self.started.elapsed();
        CallError::Timeout { tool: self.tool.clone(), after: Duration::from_millis(after.as_millis() as u64) }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.core.pending().forget(&self.call_id);
        if self.stage != Stage::Sent {
            return;
        }
        let client = Some(self.core.id().as_str().to_owned());
        let cancel = CancelRequest { call_id: self.call_id.clone(), client };
        let message = Message::json(self.core.namespace().cancel(&self.tool), cancel.to_bytes());
        // Best effort: a server that does not hear of it ends at the call's own deadline.
        if let Err(error) = self.core.link().try_enqueue(message.with_expiry(Duration::from_secs(60))) {
            tracing::debug!(tool = self.tool, %error, "a cancel was not sent");
        }
    }
}
