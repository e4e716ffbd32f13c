//! A request on a topic: sent with a Response Topic, and matched with its answer by Correlation Data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::Instrument;

use super::call::CallError;
use crate::link::{Inbound, Message, PublishError, Published, unsent};
use crate::session::{Answer, Session, SessionHandle};
use crate::shown::shown;
use crate::spans;
use crate::wire::{Identifier, Response};

/// Sends a request and waits for its answer: as long as `timeout` says, which the caller's `option` sets, else the session's
/// timeout.
pub(crate) async fn ask(
    handle: &SessionHandle,
    message: Message,
    timeout: Option<Duration>,
    option: &'static str,
) -> Result<Inbound, CallError> {
    let (session, scope) = (handle.session(), handle.scope());
    let until = handle.deadline(timeout);
    let timeout = timeout.unwrap_or_else(|| session.timeout());
    let topic = Arc::clone(&message.topic);
    let inherited = scope.trace.as_ref();
    let span = spans::request(&topic, inherited);

    let id = Identifier::random();
    let waiting = Waiting { session, id: id.clone() };
    let answer = session.pending().wait(id.clone(), None);
    let asked = async {
        session.receive_responses().await?;
        let correlation = Bytes::copy_from_slice(id.as_str().as_bytes());
        let message = message
            .with_response(session.namespace().responses(session.id().as_str()), correlation)
            .with_expiry(until.saturating_duration_since(Instant::now()))
            .with_path(&scope.path);
        let client = session.id().as_str();
        let sending = spans::publish(&topic, client, message.payload.len(), inherited);
        let message = message.with_trace(spans::given(&sending, inherited).as_deref());
        let published = session.link().publish(message).instrument(sending.clone()).await;
        spans::ended(&sending, unsent(&published));
        drop(sending);
        if let Published { no_subscribers: true } = published? {
            let message = format!("nobody answers `{topic}` now; start a server of it");
            return Err(CallError::Unavailable { message, code: None, retry_after: None });
        }
        let answer = answer.await;
        session.link().flush();
        match answer.map(|answer| *answer) {
            Ok(Answer::Arrived { inbound, .. }) => Ok(inbound),
            _ => Err(CallError::Publish(PublishError::Closed)),
        }
    };
    let outcome = tokio::select! {
        biased;
        () = scope.cancelled() => Err(CallError::Canceled),
        outcome = tokio::time::timeout_at(until.into(), asked.instrument(span.clone())) => {
            outcome.unwrap_or_else(|_| Err(CallError::Timeout { tool: topic.to_string(), after: timeout, online: None, option }))
        }
    };
    drop(waiting);
    match &outcome {
        Ok(answer) if !span.is_disabled() => spans::ended(&span, failed(answer).as_deref()),
        outcome => spans::ended(&span, outcome.as_ref().err().map(CallError::kind)),
    }
    outcome
}

/// The type of the error that a handler answered with.
fn failed(answer: &Inbound) -> Option<String> {
    let mut user = answer.properties.user.iter();
    user.find(|(key, value)| key == "status" && value == "error")?;
    let error = Response::read(&answer.payload).ok()?.outcome.err()?;
    Some(shown(error.kind.as_str()).to_string())
}

/// Dropping it stops expecting the answer.
struct Waiting<'s> {
    session: &'s Session,
    id: Identifier,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.session.pending().forget(&self.id);
    }
}
