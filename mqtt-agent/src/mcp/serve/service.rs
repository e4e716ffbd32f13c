//! One tool while it is served: from a call's message to its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, OptionFuture, lazy};
use pin_project_lite::pin_project;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::answer::{Answer, encode, encode_sent, refusal};
use super::asked::Asked;
use super::chunks::{self, Large, Plan};
use super::dedup::{Dedup, Key, Seen, Ticket};
use super::served_tool::ServedTool;
use super::shared::Shared;
use super::tally::{InHand, Tally, Times};
use crate::deadline;
use crate::handler::context::{Caller, Context, Invocation};
use crate::handler::layer::{Kind, Layers, Request};
use crate::handler::refusal::{
    busy, canceled, forgotten, invalid_arguments, malformed_call, stopping, timed_out, timed_out_in_queue,
    unavailable,
};
use crate::handler::run::{Outcome, run};
use crate::json;
use crate::link::{Ack, Inbound};
use crate::log_rate::limited;
use crate::measure;
use crate::schema::Arguments;
use crate::serve::{self, Admitted, Busy, Places, ReplyTo, Turn, correlated_id};
use crate::shown::shown;
use crate::spans;
use crate::spawn;
use crate::wire::{
    CallPath, CallRequest, CancelRequest, ErrorBody, ErrorKind, Identifier, Topic, codes, reply_address,
};

/// Of smaller calls the tree of the arguments is not counted: as many as may be in hand take no more than some 100 MB.
const SMALL: usize = 4096;

/// One tool.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) tool: ServedTool,
    pub(super) arguments: Arc<Arguments>,
    pub(super) layers: Layers,
    /// The tool's own places; `None`: as many as the agent has.
    pub(super) places: Option<Arc<Places>>,
    pub(super) dedup: Arc<Dedup>,
    pub(super) tally: Arc<Tally>,
    /// Its calls that are in hand.
    pub(super) running: TaskTracker,
    pub(super) shared: Arc<Shared>,
}

/// A call that was read and may be answered.
struct Accepted {
    asked: Asked,
    arguments: Map<String, Value>,
    reply_to: ReplyTo,
    caller: Caller,
    received: Instant,
    expiry: Option<Duration>,
    path: CallPath,
}

impl Accepted {
    /// Until when its caller waits; `None` if the caller does not say.
    fn deadline(&self) -> Option<Instant> {
        self.expiry.and_then(|left| self.received.checked_add(left))
    }
}

/// A call that is this server's to answer.
struct Begun {
    accepted: Box<Accepted>,
    ticket: Ticket,
    cancellation: CancellationToken,
    /// Among the calls in hand.
    place: Admitted,
}

pin_project! {
    /// Answers a call whose message is acknowledged after the first poll.
    struct Answering<F> {
        #[pin]
        answer: F,
        ack: Option<Ack>,
    }
}

impl<F: Future<Output = ()>> Future for Answering<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = this.answer.poll(cx);
        // The call is known here now: a redelivery would be recognised, so the broker may forget it. A handler that ends
        // at once is answered first, though: the broker would handle our acknowledgement before the answer.
        if let Some(ack) = this.ack.take() {
            ack.in_memory();
        }
        polled
    }
}

/// A call on its way through the layers to its turn.
struct Call<'c> {
    begun: &'c mut Begun,
    times: &'c mut Times,
    /// Until when its answer is waited for.
    answer_by: &'c mut Instant,
    /// Until when it waits for its turn.
    queued_until: Instant,
    callers_deadline: Option<Instant>,
}

impl Service {
    /// Takes a call's message. Runs on the connection's task: hands over to a task of its own, and never waits.
    pub(super) fn receive(self: &Arc<Self>, inbound: Inbound, ack: Ack) {
        if inbound.retain || inbound.is_poison {
            return self.refuse_unworkable(&inbound, ack);
        }
        let asks = serve::Caller::at(inbound.properties.response_topic.as_deref());
        match self.shared.admission.admit_from(asks, inbound.weight()) {
            Ok(place) => {
                let span = spans::handle_call(self.tool.name, inbound.topic(), &inbound.properties.user);
                let serve = Arc::clone(self).serve(inbound, ack.or_leave(), place);
                let serve = self.running.track_future(serve);
                spawn::tracked(&self.shared.tasks, self.shared.link.watched(serve.instrument(span)));
            }
            Err(Busy) => {
                measure::shed(self.tool.name);
                self.refuse_unread(&inbound, busy("calls"));
                ack.refused();
            }
        }
    }

    /// Refuses what is no work (`SUB-15`), or what was left to the session again and again.
    fn refuse_unworkable(&self, inbound: &Inbound, ack: Ack) {
        if inbound.retain {
            limited!(warn, "dropped a retained call: calls must not be retained", tool = self.tool.name, topic = %shown(inbound.topic()));
        } else {
            limited!(error, "refused a call that could not be taken three times", tool = self.tool.name);
            self.refuse_unread(
                inbound,
                unavailable("the server could not take the call; make a new one", codes::POISON),
            );
        }
        ack.refused();
    }

    /// Cancels running calls whose answers go where this cancel says (`MCP-17`). What can't be read or is not running is
    /// logged and dropped.
    pub(super) fn cancel(&self, inbound: &Inbound) {
        if inbound.retain {
            let topic = inbound.topic();
            return limited!(warn, "dropped a retained cancel: cancels must not be retained", topic = %shown(topic));
        }
        let cancel = match CancelRequest::read(&inbound.payload) {
            Ok(cancel) => cancel,
            Err(error) => return limited!(warn, "dropped a cancel", topic = %shown(inbound.topic()), %error),
        };
        let (namespace, client) = (&self.shared.namespace, cancel.client.as_deref());
        let response_topic = inbound.properties.response_topic.as_deref();
        let Some(reply_to) = reply_address(namespace, response_topic, None, client) else {
            return limited!(warn, "dropped a cancel without a safe reply topic", topic = %shown(inbound.topic()));
        };
        let (reply_to, calls): (Arc<str>, _) = (reply_to.into(), cancel.call_ids.len());
        let keys = cancel.call_ids.into_iter().map(|call_id| Key::new(Arc::clone(&reply_to), call_id));
        let running = keys.filter(|key| self.dedup.cancel(key)).count();
        crate::log::debug!(tool = self.tool.name, client = %shown(client.unwrap_or_default()), calls, running, "cancel");
    }

    /// Serves a call in a task of its own. Its message is dropped with the first poll: a handler may run for long, and what
    /// an `async fn` is given it has room for to its end.
    fn serve(self: Arc<Self>, inbound: Inbound, ack: Ack, place: Admitted) -> impl Future<Output = ()> {
        if inbound.is_again {
            return Box::pin(self.serve_again(inbound, ack, place)).left_future();
        }
        lazy(move |_| self.take(inbound, ack, place)).flatten().map(drop).right_future()
    }

    /// The same for a message that may have ended the process that it was delivered to.
    async fn serve_again(self: Arc<Self>, inbound: Inbound, ack: Ack, place: Admitted) {
        measure::redelivered(self.tool.name);
        let ack = ack.in_memory_first().await;
        self.take(inbound, ack, place).await;
    }

    fn take(
        self: Arc<Self>,
        inbound: Inbound,
        ack: Ack,
        place: Admitted,
    ) -> OptionFuture<impl Future<Output = ()> + use<>> {
        let Some(accepted) = self.accept(&inbound) else {
            ack.refused();
            return None.into();
        };
        let Some(begun) = self.begin(accepted, place) else {
            ack.in_memory();
            return None.into();
        };
        Some(Answering { answer: self.answer(begun), ack: Some(ack) }).into()
    }

    /// Enters a call that is new. One that was answered before is answered again.
    fn begin(&self, accepted: Box<Accepted>, place: Admitted) -> Option<Box<Begun>> {
        let cancellation = self.shared.abandon.child_token();
        let key = Key::new(accepted.reply_to.shared_topic(), accepted.asked.call_id.clone());
        match self.dedup.see(key, &cancellation) {
            Seen::New(ticket) => return Some(Box::new(Begun { accepted, ticket, cancellation, place })),
            // Its answer will come.
            Seen::Running => {}
            Seen::Answered(answer) => {
                measure::duplicate(self.tool.name);
                let deadline = self.waited_for(&accepted);
                let Accepted { asked: Asked { call_id, .. }, reply_to, received, .. } = *accepted;
                let answer = answer.unwrap_or_else(|| refusal(&call_id, forgotten(), received));
                Answer { reply_to, call_id, payload: answer, deadline }.send(&self.shared, place);
            }
        }
        None
    }

    /// Reads a call and finds out where its answer goes. What can't be read is refused if there is a safe address,
    /// else dropped (`MCP-9`).
    fn accept(&self, inbound: &Inbound) -> Option<Box<Accepted>> {
        let received = Instant::now();
        let properties = &inbound.properties;
        let reply_to = |payload_topic: Option<&str>, client: Option<&str>, limit: Option<u64>| {
            let namespace = &self.shared.namespace;
            let topic =
                reply_address(namespace, properties.response_topic.as_deref(), payload_topic, client)?;
            Some(ReplyTo::with(topic, properties).limited(limit))
        };
        match CallRequest::read(&inbound.payload) {
            Ok(request) => {
                let client = request.client.as_deref();
                if let Some(Err(error)) = client.map(Identifier::parse) {
                    // A claim becomes part of topics and is remembered for a while; it has to be an identifier (SUB-4).
                    limited!(warn, "refused a call of a client without a usable name", tool = self.tool.name, %error);
                    let reply_to = reply_to(request.response_topic.as_deref(), None, None)?;
                    let message = format!("`client`: {error}");
                    let error = malformed_call(message);
                    reply_to.send_now(
                        &self.shared.link,
                        refusal(&request.call_id, error, received),
                        properties.expiry,
                    );
                    return None;
                }
                let Some(reply_to) =
                    reply_to(request.response_topic.as_deref(), client, request.max_message_bytes)
                else {
                    limited!(warn, "dropped a call without a safe reply topic", tool = self.tool.name, client = %shown(client.unwrap_or_default()));
                    return None;
                };
                let caller = Caller::new(client.unwrap_or_default());
                let reply_to = reply_to.detached_by(&request.call_id);
                let (expiry, path) = (properties.expiry, CallPath::from_user_properties(&properties.user));
                let (asked, arguments) = (Asked::of(&request), request.arguments);
                Some(Box::new(Accepted { asked, arguments, reply_to, caller, received, expiry, path }))
            }
            Err(malformed) => {
                let error = &malformed.error;
                let kind = ErrorKind::InvalidArguments;
                self.tally.answered(Some(&kind), Times::default());
                measure::answered(self.tool.name, Some(kind.as_str()), None, None);
                limited!(warn, "refused a malformed call", tool = self.tool.name, %error);
                let reply_to =
                    reply_to(malformed.response_topic.as_deref(), malformed.client.as_deref(), None)?;
                // Its own id, or else what it is correlated by.
                let call_id = malformed.call_id.clone().or_else(|| correlated_id(properties))?;
                let error = malformed_call(malformed.to_string());
                reply_to.send_now(&self.shared.link, refusal(&call_id, error, received), properties.expiry);
                None
            }
        }
    }

    async fn answer(self: Arc<Self>, mut begun: Box<Begun>) {
        let in_hand = (self.tally.enter(), measure::InHand::enter(self.tool.name));
        let mut times = Times::default();
        let (outcome, answer_by) = self.outcome(&mut begun, &mut times).await;
        if let Some(sending) = self.answered(*begun, outcome, answer_by, times, in_hand) {
            sending.await;
        }
    }

    /// Answers a call. What is left to do for a result in chunks is given back.
    fn answered(
        &self,
        begun: Begun,
        outcome: Outcome,
        answer_by: Instant,
        times: Times,
        in_hand: (InHand<'_>, measure::InHand),
    ) -> Option<BoxFuture<'_, ()>> {
        let Begun { accepted, ticket, place, .. } = begun;
        let Accepted { asked, reply_to, caller, received, .. } = *accepted;
        let call_id = &asked.call_id;
        let error = outcome.as_ref().err();
        self.tally.answered(error.map(|error| &error.kind), times);
        let kind = error.map(|error| error.kind.as_str());
        measure::answered(self.tool.name, kind, times.queue, times.handling);
        drop(in_hand);
        let span = tracing::Span::current();
        span.record("gen_ai.tool.call.id", tracing::field::display(shown(call_id)));
        spans::ended(&span, error.map(|error| error.kind.as_str()));
        crate::log::debug!(
            tool = self.tool.name,
            caller = %shown(caller.claim()),
            call_id = %shown(call_id.as_str()),
            outcome = error.map_or("ok", |error| error.kind.as_str()),
            code = error.and_then(|error| error.code.as_deref()),
            queued = ?times.queue,
            ran = ?times.handling,
            "answered a call"
        );
        let send = move |asked: Asked, reply_to, ticket: Ticket, payload: Bytes| {
            ticket.end(payload.clone());
            Answer { reply_to, call_id: asked.call_id, payload, deadline: answer_by }
                .send(&self.shared, place);
        };
        let payload = match self.plan(&asked, &reply_to, outcome) {
            Ok(Plan::Whole(answered)) => encode(&asked, Ok(answered), received),
            Ok(Plan::Large(large)) => {
                return Some(Box::pin(async move {
                    let payload =
                        self.send_large(large, &asked, &reply_to, &ticket, answer_by, received).await;
                    send(asked, reply_to, ticket, payload);
                }));
            }
            Err(error) => encode(&asked, Err(error), received),
        };
        send(asked, reply_to, ticket, payload);
        None
    }

    /// Whether a result goes in chunks (`MCP-22`).
    fn plan(&self, asked: &Asked, reply_to: &ReplyTo, outcome: Outcome) -> Result<Plan, ErrorBody> {
        chunks::plan(asked, outcome?, self.shared.link.largest(reply_to.limit()))
    }

    /// Sends a result in chunks, until nobody waits for it any more, and gives the response that follows them.
    async fn send_large(
        &self,
        large: Box<Large>,
        asked: &Asked,
        reply_to: &ReplyTo,
        ticket: &Ticket,
        until: Instant,
        received: Instant,
    ) -> Bytes {
        let cancellation = self.shared.abandon.child_token();
        ticket.goes_on(cancellation.clone());
        let topic = self.shared.namespace.stream(self.tool.name, asked.call_id.as_str());
        let (link, transfers) = (&self.shared.link, &self.shared.transfers);
        let sending = large.send(link, transfers, asked, topic, reply_to, until);
        let sent = tokio::select! {
            biased;
            () = cancellation.cancelled() => Err(canceled()),
            sent = sending => sent,
            () = tokio::time::sleep_until(until.into()) => Err(timed_out(self.tool.name, None)),
        };
        match sent {
            Ok(sent) => encode_sent(asked, &sent, received),
            Err(error) => {
                crate::log::debug!(tool = self.tool.name, call_id = %shown(asked.call_id.as_str()), error = %shown(&error.message), "failed to send a result in chunks");
                encode(asked, Err(error), received)
            }
        }
    }

    /// Runs the handler, with what stands around it, and says until when its answer is waited for.
    async fn outcome(&self, begun: &mut Begun, times: &mut Times) -> (Outcome, Instant) {
        let callers_deadline = begun.accepted.deadline();
        let queued_until = self.waited_for(&begun.accepted);
        let mut answer_by = queued_until;
        let mut call = Call { begun, times, answer_by: &mut answer_by, queued_until, callers_deadline };
        let outcome = match self.layers.is_empty() {
            true => self.in_turn(&mut call, None).await,
            false => Box::pin(self.layered(&mut call)).await,
        };
        (outcome, answer_by)
    }

    /// Until when a call is waited for: where its caller does not say, for as long as the tool may take.
    fn waited_for(&self, accepted: &Accepted) -> Instant {
        accepted.deadline().unwrap_or_else(|| deadline::after(accepted.received, self.limit()))
    }

    fn limit(&self) -> Duration {
        self.tool.timeout.unwrap_or(self.shared.limits.timeout)
    }

    /// Hands the call through the layers. It holds no place among the handlers that run meanwhile.
    async fn layered(&self, call: &mut Call<'_>) -> Outcome {
        let (queued_until, begun) = (call.queued_until, &mut *call.begun);
        self.take_room(begun)?;
        let context = Context::new(self.invocation(begun, queued_until, begun.accepted.path.clone()));
        let topic = begun.accepted.reply_to.topic();
        let client = match self.shared.namespace.parse_topic(topic) {
            Some(Topic::Responses(client)) => client.to_owned(),
            _ => topic.to_owned(),
        };
        let arguments = std::mem::take(&mut begun.accepted.arguments);
        let request = Request::new(Kind::Tool, context, arguments, client);
        // However the layers end it, what the handler left running ends with it.
        let ends = begun.cancellation.clone().drop_guard();
        let handle = |request: Request| async move {
            let _ends = ends;
            let (arguments, context) = request.into_call();
            call.begun.accepted.arguments = arguments;
            self.in_turn(call, Some(context)).await
        };
        self.layers.around(request, queued_until, handle).await
    }

    /// Whether the call may wait for its turn.
    fn take_room(&self, begun: &mut Begun) -> Result<(), ErrorBody> {
        let Begun { accepted, cancellation, place, .. } = begun;
        if cancellation.is_cancelled() {
            return Err(canceled());
        }
        if self.shared.stopping.is_cancelled() {
            return Err(stopping());
        }
        if place.bytes() > SMALL {
            // They wait as a tree, which may take many times the message.
            place.grow(json::memory_of_members(&accepted.arguments)).map_err(|Busy| busy("calls"))?;
        }
        Ok(())
    }

    /// Runs the handler when it is the call's turn. With layers there is a context already.
    async fn in_turn(&self, call: &mut Call<'_>, context: Option<Context>) -> Outcome {
        let Call { begun, times, answer_by, queued_until, callers_deadline } = call;
        let accepted = &begun.accepted;
        self.check_caller(&accepted.caller, &accepted.reply_to)?;
        self.take_room(begun)?;
        let Begun { accepted, place, .. } = &mut **begun;
        self.arguments.check(&mut accepted.arguments).map_err(|errors| invalid_arguments(&errors))?;
        let turn = match place.turn_now(self.places.as_ref()) {
            Some(turn) => turn,
            None => Box::pin(self.waited(begun, *queued_until)).await?,
        };
        let began = Instant::now();
        times.queue = Some(began.saturating_duration_since(begun.accepted.received));
        let own_deadline = deadline::within(self.limit());
        let deadline = callers_deadline.map_or(own_deadline, |callers| callers.min(own_deadline));
        let own_limit = callers_deadline.is_none_or(|callers| own_deadline < callers).then(|| self.limit());
        // MCP-15a: the tool's own limit ends the handler, and not the wait for its answer.
        **answer_by = callers_deadline.unwrap_or(own_deadline);
        let arguments = std::mem::take(&mut begun.accepted.arguments);
        let context = match context {
            Some(context) => {
                context.begin(deadline);
                context
            }
            None => {
                let path = std::mem::take(&mut begun.accepted.path);
                Context::new(self.invocation(begun, deadline, path))
            }
        };
        let outcome = run(&self.tool.job, own_limit, arguments, &context, turn).await;
        times.handling = Some(began.elapsed());
        // What the handler left running (its own tasks, its client's calls) ends with it.
        begun.cancellation.cancel();
        if let Some(partials) = context.opened_partials() {
            Box::pin(partials.done()).await;
        }
        outcome
    }

    /// Waits for the call's turn.
    async fn waited(&self, begun: &mut Begun, until: Instant) -> Result<Turn, ErrorBody> {
        let Begun { accepted, cancellation, place, .. } = begun;
        let path = &accepted.path;
        tokio::select! {
            biased;
            turn = place.turn_within(path, self.places.as_ref()) => turn.map_err(|Busy| {
                measure::shed(self.tool.name);
                self.shared.admission.full(path, "calls")
            }),
            () = cancellation.cancelled() => Err(canceled()),
            () = tokio::time::sleep_until(until.into()) => Err(timed_out_in_queue(self.tool.name)),
        }
    }

    fn invocation(&self, begun: &Begun, deadline: Instant, path: CallPath) -> Invocation {
        let Begun { accepted, cancellation, .. } = begun;
        let Accepted { asked, reply_to, caller, .. } = &**accepted;
        Invocation {
            caller: caller.clone(),
            call_id: asked.call_id.clone(),
            handler: self.tool.name,
            deadline,
            cancellation: cancellation.clone(),
            trace: spans::own(reply_to.trace()),
            path,
            holds: Some(self.shared.admission.id()),
            receiver_limit: reply_to.limit(),
            states: Arc::clone(&self.shared.states),
            session: self.shared.handle.clone(),
        }
    }

    /// The server's own look at `allowed_callers`; the broker's rules come first (`MCP-18`). There a claim decides, which
    /// the broker's rules bind to the reply topic alone (`SUB-7`).
    fn check_caller(&self, caller: &Caller, reply_to: &ReplyTo) -> Result<(), ErrorBody> {
        let Some(allowed) = &self.tool.allow else { return Ok(()) };
        let (claim, tool) = (caller.claim(), self.tool.name);
        let refusal = if !allowed.iter().any(|caller| caller == claim) {
            format!("`{claim}` may not call `{tool}`; ask its owner")
        } else if reply_to.topic() != self.shared.namespace.responses(claim) {
            format!("the answer would not go to `{claim}`; ask for it at that client's response topic")
        } else {
            return Ok(());
        };
        Err(ErrorBody::new(ErrorKind::Unauthorized, refusal))
    }

    /// Refuses a call for which there is not even the room to read it; works from the message's properties alone.
    fn refuse_unread(&self, inbound: &Inbound, error: ErrorBody) {
        self.tally.answered(Some(&error.kind), Times::default());
        measure::answered(self.tool.name, Some(error.kind.as_str()), None, None);
        let properties = &inbound.properties;
        let topic = reply_address(&self.shared.namespace, properties.response_topic.as_deref(), None, None);
        let (Some(call_id), Some(topic)) = (correlated_id(properties), topic) else {
            return limited!(warn, "dropped a call: too many are in hand", tool = self.tool.name);
        };
        let reply_to = ReplyTo::with(topic, properties);
        reply_to.send_now(&self.shared.link, refusal(&call_id, error, Instant::now()), properties.expiry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<S, I, A, P, F>(_: impl FnOnce(S, I, A, P) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_call_that_waits_for_its_handler_is_small() {
        let sizes = [size_of_future(Service::serve), size_of::<Begun>(), size_of::<Accepted>()];
        let most = [848, 96, 232];
        assert!(sizes.iter().zip(most).all(|(size, most)| *size <= most), "{sizes:?}, at most {most:?}");
    }
}
