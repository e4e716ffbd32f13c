//! One call on the wire: publish it, wait for its answer, and cancel it when nobody waits any more.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::CallError;
use super::look::look;
use crate::discover::SMALL;
use crate::handler::reply::Received;
use crate::kept::Kept;
use crate::link::{Inbound, Message, Outcome, PublishError, Published};
use crate::session::{Answer, Ending, Full, Place, Scope, Session, SessionHandle, ToolWindow};
use crate::wire::{ACCEPTS_CONTENT, CallRequest, ErrorKind, Identifier, Response, codes};

/// What comes of a call.
pub(super) type CallResult = Result<Received, CallError>;

/// One call. Dropping it before its answer cancels the call.
#[derive(Debug)]
pub(super) struct Exchange {
    session: Arc<Session>,
    call_id: Identifier,
    // Until the call is sent.
    arguments: Option<Box<RawValue>>,
    /// Whether it asks for content (`MCP-21`).
    content: bool,
    started: Instant,
    deadline: Instant,
    // One for the whole call: entering one into the runtime's wheel may wake a thread. Made when the call first waits,
    // which is in the runtime.
    alarm: Option<Pin<Box<Sleep>>>,
    scope: Scope,
    window: Arc<ToolWindow>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Waits for a place in the window.
    Waiting,
    /// Has its place, and is not on its way yet: nothing to cancel.
    Prepared(Place),
    /// On its way to a server, or running there, under its number in the window.
    Sent { answer: oneshot::Receiver<Box<Answer>>, number: u64 },
    /// Answered or refused: nothing to cancel any more.
    Ended,
}

impl Exchange {
    pub(super) fn new(
        handle: &SessionHandle,
        tool: &str,
        arguments: Box<RawValue>,
        content: bool,
        deadline: Instant,
    ) -> Result<Box<Self>, CallError> {
        Identifier::parse(tool).map_err(|error| CallError::InvalidName { message: error.to_string() })?;
        Ok(Box::new(Self {
            window: handle.windows().of(tool, Instant::now()),
            session: Arc::clone(handle.session()),
            call_id: Identifier::random(),
            arguments: Some(arguments),
            content,
            started: Instant::now(),
            deadline,
            alarm: None,
            scope: handle.scope().clone(),
            stage: Stage::Waiting,
        }))
    }

    fn tool(&self) -> &Arc<str> {
        self.window.tool()
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(super) fn call_id(&self) -> &Identifier {
        &self.call_id
    }

    pub(super) fn stream_topic(&self) -> String {
        self.session.namespace().stream(self.tool(), self.call_id.as_str())
    }

    /// A step of the call, which ends with the call's deadline and with the handler that makes the call.
    pub(super) async fn bounded<F: Future>(&mut self, step: F) -> Result<F::Output, CallError> {
        tokio::select! {
            biased;
            // First: a handler that is cancelled already starts nothing more.
            () = self.scope.cancelled() => Err(CallError::Canceled),
            done = step => Ok(done),
            () = late(&mut self.alarm, self.deadline) => Err(self.timed_out()),
        }
    }

    /// The whole call.
    pub(super) async fn run(mut self: Box<Self>) -> CallResult {
        let answered = async {
            self.enter().await?;
            // In a box of its own: it needs much room, and only until the call is on its way.
            Box::pin(self.send()).await?;
            self.response().await
        };
        match answered.await {
            Err(error) => {
                // At once, and not only after the look-up.
                self.abandon();
                Err(Box::pin(self.explain(error)).await)
            }
            answer => answer,
        }
    }

    /// Nobody waits for it any more: cancels it where it was sent.
    fn abandon(&mut self) {
        if matches!(self.stage, Stage::Sent { .. }) {
            self.stage = Stage::Ended;
            self.session.pending().forget(&self.call_id);
            self.session.cancels().add(self.window.tool(), self.call_id.clone());
        }
    }

    /// Looks up what a call that was not answered may have suffered from.
    pub(super) async fn explain(&self, error: CallError) -> CallError {
        match error {
            CallError::Timeout { tool, after, .. } => {
                let online =
                    self.session.seen().is_online(self.tool(), look(&self.session, self.tool())).await;
                CallError::Timeout { tool, after, online }
            }
            error => error,
        }
    }

    /// Waits for a place in the tool's window (`SUB-17`).
    pub(super) async fn enter(&mut self) -> Result<(), CallError> {
        let turn = self.window.turn();
        match self.bounded(turn).await? {
            Ok(place) => {
                self.stage = Stage::Prepared(place);
                Ok(())
            }
            Err(Full) => Err(self.busy("too many earlier calls wait to be sent")),
        }
    }

    /// Publishes the call. The broker's word that nobody got it comes as the answer.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        self.send_telling(|| {}).await
    }

    /// Publishes the call, and waits for the broker's word, or for the answer where that comes first.
    pub(super) async fn send_and_hear(&mut self) -> Result<Option<CallResult>, CallError> {
        let (heard, mut word) = oneshot::channel();
        self.send_telling(move || {
            // Nobody listens any more where the answer came first.
            let _ = heard.send(());
        })
        .await?;
        let answer = tokio::select! {
            biased;
            Ok(()) = &mut word => return Ok(None),
            answer = self.answer() => answer?,
        };
        match answer {
            Answer::Arrived { .. } => Ok(Some(self.read(answer))),
            Answer::Unheard(_) => self.read(answer).map(|_| None),
        }
    }

    /// Publishes the call, and has `taken` run when the broker took it.
    async fn send_telling(&mut self, taken: impl FnOnce() + Send + 'static) -> Result<(), CallError> {
        let session = Arc::clone(&self.session);
        self.bounded(session.receive_responses()).await??;
        let mut limit = None;
        if self.arguments.as_ref().is_some_and(|arguments| arguments.get().len() > SMALL) {
            let card = session.namespace().tool_card(self.tool());
            limit = self.bounded(session.receiver_limit(card)).await?;
        }
        let room = self.bounded(session.link().room()).await?.map_err(CallError::Publish)?;
        // From here on nothing is awaited, and the call counts as sent.
        let Stage::Prepared(mut place) = std::mem::replace(&mut self.stage, Stage::Ended) else {
            return Err(CallError::Publish(PublishError::Closed));
        };
        let message = self.message().for_receiver(limit);
        session.cancels().start(session.link(), session.namespace(), session.id());
        let number = place.sent();
        let answer = session.pending().wait(self.call_id.clone(), Some(place));
        self.stage = Stage::Sent { answer, number };
        let (pending, call_id) = (Arc::clone(session.pending()), self.call_id.clone());
        session.link().enqueue_telling(room, message, move |outcome| match outcome {
            Ok(Published { no_subscribers: false }) => taken(),
            outcome => pending.unheard(&call_id, outcome),
        });
        Ok(())
    }

    /// What the broker's word means for the call, if nobody got it.
    fn unheard(&self, outcome: Outcome) -> Option<CallError> {
        match outcome {
            Err(error) => Some(error.into()),
            Ok(Published { no_subscribers: true }) => Some(CallError::Unavailable {
                message: format!("nobody serves `{}` now; start a server of it", self.tool()),
                code: None,
                retry_after: None,
            }),
            Ok(_) => None,
        }
    }

    /// Waits for the result. Cancel-safe: a dropped wait loses no answer.
    pub(super) async fn response(&mut self) -> CallResult {
        let answer = self.answer().await?;
        self.read(answer)
    }

    /// [`response`](Self::response) as a poll; `canceled` is kept between polls.
    pub(super) fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
        canceled: &mut Kept<()>,
    ) -> Poll<CallResult> {
        loop {
            // Made anew with each poll: what it waits for is all kept here, but for the handler that is cancelled.
            if let Poll::Ready(outcome) = pin!(self.response()).poll(cx) {
                return Poll::Ready(outcome);
            }
            ready!(canceled.poll(cx, || {
                let scope = self.scope.clone();
                Box::pin(async move { scope.cancelled().await })
            }));
        }
    }

    /// Waits for the answer, in the same way.
    async fn answer(&mut self) -> Result<Answer, CallError> {
        let Stage::Sent { answer, .. } = &mut self.stage else {
            return Err(CallError::Publish(PublishError::Closed));
        };
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = late(&mut self.alarm, self.deadline) => return Err(self.timed_out()),
            () = self.scope.cancelled() => return Err(CallError::Canceled),
        };
        self.session.link().flush();
        match answer {
            Ok(answer) => Ok(*answer),
            // Nobody waits any more when the client was closed.
            Err(_) => {
                self.stage = Stage::Ended;
                Err(CallError::Publish(PublishError::Closed))
            }
        }
    }

    /// What an answer says. It ends the call.
    fn read(&mut self, answer: Answer) -> CallResult {
        let stage = std::mem::replace(&mut self.stage, Stage::Ended);
        let (payload, after) = match answer {
            Answer::Arrived { inbound: Inbound { payload, .. }, after } => (payload, after),
            Answer::Unheard(outcome) => {
                return Err(self.unheard(outcome).unwrap_or(CallError::Publish(PublishError::Closed)));
            }
        };
        let response = Response::read_for(Some(&self.call_id), &payload)
            .map_err(|error| CallError::InvalidResponse { message: error.cause().to_string() })?;
        if let Stage::Sent { number, .. } = stage {
            self.window.ended(number, ending(&response, after));
        }
        let content = response.content;
        response.outcome.map(|result| Received { result, content }).map_err(CallError::from)
    }

    /// The call's message, once: its arguments are not kept.
    fn message(&mut self) -> Message {
        let namespace = self.session.namespace();
        let client = self.session.id().as_str();
        let responses = namespace.responses(client);
        let arguments = self.arguments.take().unwrap_or_default();
        let limit = self.session.link().accepts() as u64;
        let accepts: &[&str] = if self.content { &[ACCEPTS_CONTENT] } else { &[] };
        let payload = CallRequest::encode(&self.call_id, &arguments, client, &responses, limit, accepts);
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        let correlation = Bytes::copy_from_slice(self.call_id.as_str().as_bytes());
        Message::json(namespace.tool_call(self.tool()), payload)
            .with_expiry(timeout)
            .with_response(responses, correlation)
            .with_trace(self.scope.trace.as_ref())
            .with_path(&self.scope.path)
    }

    fn timed_out(&self) -> CallError {
        match &self.stage {
            Stage::Waiting => {
                return self.busy("earlier calls were not answered before the deadline of this one");
            }
            Stage::Sent { number, .. } => self.window.ended(*number, Ending::TimedOut),
            Stage::Prepared(_) | Stage::Ended => {}
        }
        let after = self.started.elapsed();
        CallError::Timeout {
            tool: self.tool().to_string(),
            after: Duration::from_millis(after.as_millis() as u64),
            online: None,
        }
    }

    /// Never sent, for the calls before it.
    fn busy(&self, why: &str) -> CallError {
        let message = format!("the call of `{}` was not sent: {why}; make fewer calls at once", self.tool());
        CallError::Unavailable { message, code: Some(codes::BUSY.to_owned()), retry_after: None }
    }
}

/// Ends at the call's deadline.
async fn late(alarm: &mut Option<Pin<Box<Sleep>>>, deadline: Instant) {
    alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline.into()))).await;
}

/// What an answer tells of the load.
fn ending(response: &Response, after: Duration) -> Ending {
    match &response.outcome {
        Err(error) if error.kind == ErrorKind::Unavailable && error.code.as_deref() == Some(codes::BUSY) => {
            Ending::Busy
        }
        // What the server itself needed depends on the call; the rest was spent on the way and in queues.
        _ => {
            let server = Duration::from_millis(response.elapsed_ms.unwrap_or(0));
            Ending::Answered { delay: after.saturating_sub(server) }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.abandon();
    }
}
