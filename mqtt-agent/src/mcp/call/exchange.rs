//! One call on the wire: publish it, wait for its answer, and cancel it when nobody waits any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::CallError;
use crate::client::{Client, Core};
use crate::link::{Message, PublishError, Published};
use crate::wire::{CallRequest, CancelRequest, Identifier, Response, TraceContext};

/// One call. Dropping it before its answer cancels the call.
#[derive(Debug)]
pub(super) struct Exchange {
    core: Arc<Core>,
    tool: String,
    call_id: Identifier,
    arguments: Box<RawValue>,
    started: Instant,
    deadline: Instant,
    cancellation: Option<CancellationToken>,
    trace: Option<TraceContext>,
    answer: oneshot::Receiver<Bytes>,
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
            cancellation: client.scope().cancellation.clone(),
            trace: client.scope().trace.clone(),
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

    /// Bounds a step of the call by its deadline.
    pub(super) async fn within_deadline<F: Future>(&self, step: F) -> Result<F::Output, CallError> {
        tokio::time::timeout_at(self.deadline.into(), step).await.map_err(|_| self.timed_out())
    }

    /// The whole call.
    pub(super) async fn run(mut self) -> Result<Box<RawValue>, CallError> {
        self.send().await?;
        self.response().await
    }

    /// Publishes the call, and waits for the broker's word.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        let deadline = self.deadline;
        let cancelled = cancelled(self.cancellation.clone());
        let sent = async {
            self.core.receive_responses().await?;
            self.stage = Stage::Sent;
            self.core.link().publish(self.message()).await.map_err(CallError::from)
        };
        let outcome = tokio::select! {
            biased;
            // First: a handler that is cancelled already starts nothing more.
            () = cancelled => return Err(CallError::Canceled),
            outcome = tokio::time::timeout_at(deadline.into(), sent) => outcome,
        };
        match outcome {
            Err(_) => Err(self.timed_out()),
            Ok(Err(error)) => Err(self.ended(error)),
            Ok(Ok(Published { no_subscribers: true })) => Err(self.ended(CallError::Unavailable {
                message: format!("nobody serves `{}` now; start a server of it", self.tool),
                code: None,
            })),
            Ok(Ok(_)) => Ok(()),
        }
    }

    /// Waits for the answer. Cancel-safe: a dropped wait loses no answer.
    pub(super) async fn response(&mut self) -> Result<Box<RawValue>, CallError> {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer,
            () = tokio::time::sleep_until(self.deadline.into()) => return Err(self.timed_out()),
            () = cancelled(self.cancellation.clone()) => return Err(CallError::Canceled),
        };
        let Ok(payload) = answer else {
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
        let message = Message::json(namespace.tool_call(&self.tool), payload).with_expiry(timeout);
        let user = self.trace.iter().flat_map(TraceContext::to_user_properties);
        user.fold(message.with_response(responses, correlation), |message, (key, value)| {
            message.with_user(key, value)
        })
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

async fn cancelled(token: Option<CancellationToken>) {
    match token {
        Some(token) => token.cancelled_owned().await,
        None => std::future::pending().await,
    }
}
