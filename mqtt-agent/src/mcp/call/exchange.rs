//! A call on the wire: publishes it, waits for its answer, and cancels it when it is dropped.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pin_project_lite::pin_project;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::{Instrument, Span};

use super::CallError;
use super::asks::Asks;
use super::assembly::{Assembly, Saved, Sink, Whole};
use super::look::look;
use crate::discover::SMALL;
use crate::handler::reply::{Apart, Received};
use crate::link::{Inbound, Message, Outcome, PublishError, Published, unsent};
use crate::session::{Answer, Ending, Full, Place, Scope, Session, SessionHandle, ToolWindow};
use crate::spans;
use crate::wire::{CallRequest, Chunks, ErrorKind, Identifier, Response, codes};

/// The result of a call.
pub(super) type CallResult = Result<Received, CallError>;

/// One call. Dropping it before its answer cancels the call.
#[derive(Debug)]
pub(super) struct Exchange {
    handle: SessionHandle,
    call_id: Identifier,
    // Until the call is sent.
    arguments: Option<Box<RawValue>>,
    asks: Asks,
    /// Of a call that takes its result in chunks (`MCP-22`).
    large: Option<Box<Large>>,
    started: Instant,
    deadline: Instant,
    // One for the whole call: entering one into the runtime's wheel may wake a thread. Made when the call first waits,
    // which is in the runtime.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Completes when the handler is cancelled that makes the call. Made as the alarm is.
    canceled: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    window: Arc<ToolWindow>,
    span: Span,
    stage: Stage,
}

/// A result in chunks while they come.
#[derive(Debug, Default)]
struct Large {
    assembly: Option<Assembly>,
    /// Where they go, if not into memory.
    file: Option<PathBuf>,
    saved: Option<Saved>,
}

/// What a call brought whose result goes into a file.
pub(super) enum ToFile {
    /// It came in chunks and is there.
    Saved(Saved),
    /// One message held it.
    Small(Received),
}

#[derive(Debug)]
enum Stage {
    /// Waiting for a slot in the window.
    Waiting,
    /// Has its slot, but is not sent yet: nothing to cancel. While it prepares, the slot may be taken back.
    Prepared(Place),
    /// Sent to a server, with its number in the window.
    Sent { answer: oneshot::Receiver<Box<Answer>>, number: u64 },
    /// Answered or refused: nothing to cancel.
    Ended,
}

impl Exchange {
    pub(super) fn new(
        handle: &SessionHandle,
        tool: &str,
        arguments: Box<RawValue>,
        asks: Asks,
        deadline: Instant,
    ) -> Result<Box<Self>, CallError> {
        Identifier::parse(tool).map_err(|error| CallError::InvalidName { message: error.to_string() })?;
        Ok(Box::new(Self {
            window: handle.windows().of(tool, Instant::now()),
            handle: handle.clone(),
            call_id: Identifier::random(),
            arguments: Some(arguments),
            asks,
            large: asks.chunks.map(|_| Box::default()),
            started: Instant::now(),
            deadline,
            alarm: None,
            canceled: None,
            span: Span::none(),
            stage: Stage::Waiting,
        }))
    }

    fn tool(&self) -> &Arc<str> {
        self.window.tool()
    }

    pub(super) fn session(&self) -> &Arc<Session> {
        self.handle.session()
    }

    fn scope(&self) -> &Scope {
        self.handle.scope()
    }

    /// Begins the call's span, in which its steps run. Not before it is polled: where it was made may have another span.
    pub(super) fn begin(&mut self) -> Span {
        self.span = spans::call(self.tool(), self.call_id.as_str(), self.scope().trace.as_ref());
        self.span.clone()
    }

    /// Notes in the call's span how it ended.
    pub(super) fn ended<T>(&self, outcome: &Result<T, CallError>) {
        spans::ended(&self.span, outcome.as_ref().err().map(CallError::kind));
    }

    pub(super) fn call_id(&self) -> &Identifier {
        &self.call_id
    }

    pub(super) fn stream_topic(&self) -> String {
        self.session().namespace().stream(self.tool(), self.call_id.as_str())
    }

    /// Runs a step of the call until the call's deadline, or until the calling handler ends.
    pub(super) fn bounded<F: Future>(&mut self, step: F) -> Bounded<'_, F> {
        Bounded { exchange: self, step }
    }

    /// Ready when the calling handler is cancelled.
    fn poll_canceled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(token) = &self.handle.scope().cancellation else { return Poll::Pending };
        let canceled = self.canceled.get_or_insert_with(|| Box::pin(token.clone().cancelled_owned()));
        canceled.as_mut().poll(cx)
    }

    /// Ready at the call's deadline.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline.into()))).as_mut().poll(cx)
    }

    /// Has what comes in chunks written to a file.
    pub(super) fn save_to_file(&mut self, path: &Path) {
        if let Some(large) = &mut self.large {
            large.file = Some(path.to_owned());
        }
    }

    /// The whole call.
    pub(super) async fn run(mut self: Box<Self>) -> CallResult {
        self.ran().await
    }

    /// The whole call, of which a result in chunks goes into the file.
    pub(super) async fn run_to_file(mut self: Box<Self>) -> Result<ToFile, CallError> {
        let received = self.ran().await?;
        let saved = self.large.as_mut().and_then(|large| large.saved.take());
        Ok(saved.map_or(ToFile::Small(received), ToFile::Saved))
    }

    async fn ran(&mut self) -> CallResult {
        let span = self.begin();
        let error = match self.steps().instrument(span).await {
            Err(error) => error,
            answer => {
                self.ended(&answer);
                return answer;
            }
        };
        // At once, and not only after the look-up.
        let span = self.span.clone();
        span.in_scope(|| self.abandon());
        let outcome = Err(Box::pin(self.explain(error).instrument(span)).await);
        self.ended(&outcome);
        outcome
    }

    async fn steps(&mut self) -> CallResult {
        self.enter().await?;
        if self.large.is_some() {
            Box::pin(self.take_chunks()).await?;
        }
        self.send().await?;
        self.response().await
    }

    /// Cancels the call if it was sent.
    pub(super) fn abandon(&mut self) {
        // Nothing more is kept of what still comes.
        self.large = None;
        if matches!(self.stage, Stage::Sent { .. }) {
            self.stage = Stage::Ended;
            self.session().pending().forget(&self.call_id);
            self.session().cancels().add(self.window.tool(), self.call_id.clone());
        }
    }

    /// Looks up why a call may not have been answered.
    pub(super) async fn explain(&self, error: CallError) -> CallError {
        match error {
            CallError::Timeout { tool, after, option, .. } => {
                let online =
                    self.session().seen().is_online(self.tool(), look(self.session(), self.tool())).await;
                CallError::Timeout { tool, after, online, option }
            }
            error => error,
        }
    }

    /// Waits for a place in the tool's window (`SUB-17`).
    pub(super) async fn enter(&mut self) -> Result<(), CallError> {
        self.stage = Stage::Waiting;
        let turn = self.window.turn();
        match self.bounded(turn).await? {
            Ok(place) => {
                self.stage = Stage::Prepared(place);
                Ok(())
            }
            Err(Full) => Err(self.busy("too many earlier calls wait to be sent")),
        }
    }

    /// Publishes the call. A PUBACK that reports no receiver arrives as the answer.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        self.send_telling(|| {}).await
    }

    /// Publishes the call, and waits for the PUBACK, or for the answer if that comes first.
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
            answer = poll_fn(|cx| self.poll_answer(cx)) => answer?,
        };
        match answer {
            Answer::Arrived { .. } => Ok(Some(self.read(answer))),
            Answer::Unheard(_) => self.read(answer).map(|_| None),
        }
    }

    /// Publishes the call, and runs `taken` when the broker has acknowledged it.
    async fn send_telling(&mut self, taken: impl FnOnce() + Send + 'static) -> Result<(), CallError> {
        // Many calls may wait here at a time: what most of them don't need has its room in boxes.
        let session = Arc::clone(self.session());
        if !session.receives_responses() {
            self.bounded(Box::pin(session.receive_responses())).await??;
        }
        let mut limit = None;
        if self.arguments.as_ref().is_some_and(|arguments| arguments.get().len() > SMALL) {
            let card = session.namespace().tool_card(self.tool());
            limit = self.bounded(Box::pin(session.receiver_limit(card))).await?;
        }
        let number = self.number().await?;
        let room = match session.link().try_room() {
            Err(PublishError::QueueFull) => self.bounded(Box::pin(session.link().room())).await?,
            room => room,
        };
        let room = room.map_err(CallError::Publish)?;
        // From here on nothing is awaited, and the call counts as sent.
        let Stage::Prepared(place) = std::mem::replace(&mut self.stage, Stage::Ended) else {
            return Err(CallError::Publish(PublishError::Closed));
        };
        let message = self.message().for_receiver(limit);
        let (client, inherited) = (session.id().as_str(), self.scope().trace.as_ref());
        let sending = spans::publish(&message.topic, client, message.payload.len(), inherited);
        let message = message.with_trace(spans::given(&sending, inherited).as_deref());
        session.cancels().start(session.link(), session.namespace(), session.id());
        let answer = session.pending().wait(self.call_id.clone(), Some(place));
        self.stage = Stage::Sent { answer, number };
        let (pending, call_id) = (Arc::clone(session.pending()), self.call_id.clone());
        session.link().enqueue_telling(room, message, move |outcome| {
            spans::ended(&sending, unsent(&outcome));
            drop(sending);
            match outcome {
                Ok(Published { no_subscribers: false }) => taken(),
                outcome => pending.unheard(&call_id, outcome),
            }
        });
        Ok(())
    }

    /// The call is prepared: its number in the window.
    async fn number(&mut self) -> Result<u64, CallError> {
        loop {
            if let Stage::Prepared(place) = &mut self.stage
                && let Some(number) = place.sent()
            {
                return Ok(number);
            }
            // It prepared for long, and others got its place.
            Box::pin(self.enter()).await?;
        }
    }

    /// The error for a PUBACK that reports no receiver.
    fn unheard(&self, outcome: Outcome) -> Option<CallError> {
        match outcome {
            Err(error) => Some(error.into()),
            Ok(Published { no_subscribers: true }) => Some(CallError::Unavailable {
                message: format!(
                    "nobody serves `{}` now; look at its name, or start a server of it",
                    self.tool()
                ),
                code: None,
                retry_after: None,
            }),
            Ok(_) => None,
        }
    }

    /// Subscribes to the chunks of the result, before the call leaves.
    async fn take_chunks(&mut self) -> Result<(), CallError> {
        let (Some(large), Some(limit)) = (&self.large, self.asks.chunks) else { return Ok(()) };
        let file = large.file.clone();
        let sink = match file {
            // Before the call: a file that can't be written is an error before the tool runs.
            Some(path) => self.bounded(Sink::file(path)).await?.map_err(CallError::Chunks)?,
            None => Sink::memory(),
        };
        let (session, topic, call_id) =
            (Arc::clone(self.session()), self.stream_topic(), self.call_id.clone());
        let opened = Assembly::open(session.link(), topic, call_id, limit, sink);
        let assembly = self.bounded(opened).await??;
        if let Some(large) = &mut self.large {
            large.assembly = Some(assembly);
        }
        Ok(())
    }

    /// Waits for the result. Cancel safe: no answer is lost.
    pub(super) async fn response(&mut self) -> CallResult {
        let answer = poll_fn(|cx| self.poll_answer(cx)).await?;
        let in_chunks = match self.read_whole(answer) {
            Ok(outcome) => return outcome,
            Err(response) => response,
        };
        Box::pin(self.put_together(in_chunks)).await
    }

    /// Reads an answer that holds the result; gives back one whose result is in chunks.
    fn read_whole(&mut self, answer: Answer) -> Result<CallResult, Box<Response>> {
        match self.read_response(answer) {
            Ok(response) if response.chunks.is_some() && response.outcome.is_ok() && self.large.is_some() => {
                Err(Box::new(response))
            }
            response => Ok(response.and_then(received)),
        }
    }

    /// Waits for what is left of a result in chunks.
    async fn put_together(&mut self, response: Box<Response>) -> CallResult {
        let Response { content, chunks, .. } = *response;
        let invalid = |message: String| CallError::InvalidResponse { message };
        let chunks = chunks.as_deref().map(Chunks::read).transpose();
        let chunks = chunks.map_err(|error| invalid(error.cause().to_string()))?;
        let assembly = self.large.as_mut().and_then(|large| large.assembly.take());
        let (Some(assembly), Some(chunks)) = (assembly, chunks) else {
            return Err(CallError::Publish(PublishError::Closed));
        };
        let is_of_block = chunks.is_of_block();
        let Chunks { bytes, media_type, .. } = chunks.clone();
        let mut whole = Received { result: RawValue::NULL.to_owned(), content, bytes: Apart::default() };
        match self.bounded(assembly.whole(chunks)).await?.map_err(CallError::Chunks)? {
            Whole::File => {
                if let Some(large) = &mut self.large {
                    large.saved = Some(Saved { bytes, media_type });
                }
            }
            Whole::Bytes(bytes) if is_of_block => whole.bytes = Apart(Some((bytes.into(), media_type))),
            Whole::Bytes(bytes) => whole.result = json_of(bytes).await.map_err(invalid)?,
        }
        Ok(whole)
    }

    /// [`response`](Self::response) as a poll, for a call that takes no chunks.
    pub(super) fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<CallResult> {
        let answer = ready!(self.poll_answer(cx))?;
        Poll::Ready(self.read(answer))
    }

    /// Waits for the answer. What it waits for is all kept here: a poll that is not gone on with loses nothing.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, CallError>> {
        let Stage::Sent { answer, .. } = &mut self.stage else {
            return Poll::Ready(Err(CallError::Publish(PublishError::Closed)));
        };
        let Poll::Ready(answer) = Pin::new(answer).poll(cx) else {
            if self.poll_late(cx).is_ready() {
                return Poll::Ready(Err(self.timed_out()));
            }
            if self.poll_canceled(cx).is_ready() {
                return Poll::Ready(Err(CallError::Canceled));
            }
            let assembly = self.large.as_mut().and_then(|large| large.assembly.as_mut());
            return match assembly.map(|assembly| assembly.poll_failure(cx)) {
                Some(Poll::Ready(error)) => Poll::Ready(Err(CallError::Chunks(error))),
                _ => Poll::Pending,
            };
        };
        self.session().link().flush();
        match answer {
            Ok(answer) => Poll::Ready(Ok(*answer)),
            // Nobody waits any more when the client was closed.
            Err(_) => {
                self.stage = Stage::Ended;
                Poll::Ready(Err(CallError::Publish(PublishError::Closed)))
            }
        }
    }

    /// Reads an answer, which ends the call.
    fn read(&mut self, answer: Answer) -> CallResult {
        self.read_response(answer).and_then(received)
    }

    fn read_response(&mut self, answer: Answer) -> Result<Response, CallError> {
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
        Ok(response)
    }

    /// The call's message. It consumes the arguments.
    fn message(&mut self) -> Message {
        let arguments = self.arguments.take().unwrap_or_default();
        let namespace = self.session().namespace();
        let client = self.session().id().as_str();
        let responses = namespace.responses(client);
        let limit = self.session().link().accepts() as u64;
        let words = self.asks.words();
        let payload = CallRequest::encode(&self.call_id, &arguments, client, &responses, limit, words);
        let timeout = self.deadline.saturating_duration_since(Instant::now());
        let correlation = Bytes::copy_from_slice(self.call_id.as_str().as_bytes());
        Message::json(namespace.tool_call(self.tool()), payload)
            .with_expiry(timeout)
            .with_response(responses, correlation)
            .with_path(&self.scope().path)
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
            option: "timeout",
        }
    }

    /// The error of a call that was not sent because of earlier ones.
    fn busy(&self, why: &str) -> CallError {
        let message = format!("the call of `{}` was not sent: {why}; make fewer calls at once", self.tool());
        CallError::Unavailable { message, code: Some(codes::BUSY.to_owned()), retry_after: None }
    }
}

/// A result that one message held.
fn received(response: Response) -> CallResult {
    let Response { outcome, content, chunks, .. } = response;
    let result = outcome?;
    if chunks.is_some() && result.get() == "null" {
        let message = "its result is in chunks, which the call did not ask for".to_owned();
        return Err(CallError::InvalidResponse { message });
    }
    Ok(Received { result, content, bytes: Apart::default() })
}

/// What came in chunks as JSON. Checking it takes a while.
async fn json_of(bytes: Vec<u8>) -> Result<Box<RawValue>, String> {
    let read = move || {
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        RawValue::from_string(text).map_err(|error| error.to_string())
    };
    spawn_blocking(read).await.unwrap_or_else(|_| Err("it was not read to its end".to_owned()))
}

/// What an answer says about the load.
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

pin_project! {
    /// A step of a call, in no more room than it needs: `select!` has room for it twice.
    pub(super) struct Bounded<'e, F> {
        exchange: &'e mut Exchange,
        #[pin]
        step: F,
    }
}

impl<F: Future> Future for Bounded<'_, F> {
    type Output = Result<F::Output, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // First: a handler that is cancelled already starts nothing more.
        if this.exchange.poll_canceled(cx).is_ready() {
            return Poll::Ready(Err(CallError::Canceled));
        }
        if let Poll::Ready(done) = this.step.poll(cx) {
            return Poll::Ready(Ok(done));
        }
        this.exchange.poll_late(cx).map(|()| Err(this.exchange.timed_out()))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Sent { .. }) {
            spans::ended(&self.span, Some("canceled"));
        }
        self.abandon();
    }
}
