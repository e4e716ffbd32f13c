//! One served handler: from a message to the end of its handling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::Shared;
use crate::deadline;
use crate::handler::context::{Caller, Context, Delivery, Invocation};
use crate::handler::layer::{AgentLayers, Kind, Layers, Request};
use crate::handler::param::Need;
use crate::handler::refusal::{busy, canceled, malformed_payload, stopping, timed_out_in_queue};
use crate::handler::registry::{HandlerDef, HandlerKind};
use crate::handler::run::{Job, Outcome, run};
use crate::link::{Ack, Inbound, Message};
use crate::log_rate::limited;
use crate::measure;
use crate::serve::{self, Admitted, Busy, Places, ReplyTo, Turn, correlated_id, own_places, send_now};
use crate::shown::{quoting, shown};
use crate::spans;
use crate::spawn;
use crate::wire::{CallPath, ErrorBody, Identifier, Response, Topic, TraceContext};

/// One handler.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) def: &'static HandlerDef,
    pub(super) shared: Arc<Shared>,
    /// The name of the parameter that the payload fills.
    payload: Option<&'static str>,
    /// The handler's own places; `None`: as many as the agent has.
    places: Option<Arc<Places>>,
    /// None around an `#[on]` handler: nobody waits for what comes of it.
    layers: Layers,
    /// Whether it was told that a Response Topic is not allowed.
    told_reply_topic: AtomicBool,
}

/// What is known of a message beside it.
struct Delivered {
    call_id: Identifier,
    trace: Option<TraceContext>,
    until: Instant,
    /// The handler's own limit, where that ends before the message's expiry.
    own_limit: Option<Duration>,
    /// Ends with the handler.
    cancellation: CancellationToken,
}

impl Served {
    pub(super) fn new(def: &'static HandlerDef, layers: &AgentLayers, shared: Arc<Shared>) -> Self {
        let payload = def.args.iter().find(|arg| matches!(arg.need, Need::Argument { .. }));
        let places = own_places(def.concurrency);
        let (payload, told_reply_topic) = (payload.map(|arg| arg.name), AtomicBool::new(false));
        let layers = match def.kind {
            HandlerKind::On => Layers::default(),
            HandlerKind::Request => layers.of(def.layers),
        };
        Self { def, shared, payload, places, layers, told_reply_topic }
    }

    /// Handles a message, after the broker has its acknowledgement where it comes again.
    pub(super) async fn handle(&self, inbound: Inbound, again: Option<Ack>) {
        first(again).await;
        self.on(inbound).await;
    }

    /// Handles a message that nobody waits for. What goes wrong is logged.
    async fn on(&self, inbound: Inbound) {
        let topic = inbound.topic().to_owned();
        let (received, begins) = (inbound.received, Instant::now());
        if expiry(&inbound, received).is_some_and(|expiry| expiry <= begins) {
            limited!(warn, "dropped a message that expired before its turn came", handler = self.def.name, topic = %shown(&topic));
            return;
        }
        let until = self.until(&inbound, received, begins);
        let cancellation = self.shared.abandon.child_token();
        let trace = TraceContext::from_user_properties(&inbound.properties.user);
        let own_limit = self.own_limit(&inbound, until);
        let delivered = Delivered { call_id: Identifier::random(), trace, until, own_limit, cancellation };
        let span = self.span(&inbound, false);
        let outcome = self.run(inbound, delivered, ()).instrument(span.clone()).await;
        spans::ended(&span, outcome.as_ref().err().map(|error| error.kind.as_str()));
        if let Err(error) = outcome {
            let (kind, at) = (error.kind.as_str(), self.def.location);
            limited!(warn, "failed to handle a message", handler = self.def.name, %at, topic = %shown(&topic), kind, error = %quoting(&error.message));
        }
    }

    /// Takes a request. Runs on the connection's task: hands over to a task of its own, and never waits.
    pub(super) fn request(self: &Arc<Self>, inbound: Inbound, ack: Ack) {
        if inbound.retain {
            let (handler, topic) = (self.def.name, inbound.topic());
            limited!(warn, "dropped a retained request: requests must not be retained", handler, topic = %shown(topic));
            return ack.refused();
        }
        let received = inbound.received;
        let Some(reply_to) = ReplyTo::of_request(&inbound.properties) else {
            let topic = inbound.topic();
            limited!(warn, "dropped a request without a usable Response Topic", handler = self.def.name, topic = %shown(topic));
            return ack.refused();
        };
        if !self.shared.replies.allow(self.def, reply_to.topic()) {
            self.refuse_reply_topic(reply_to.topic());
            return ack.refused();
        }
        let until = self.until(&inbound, received, received);
        // What it is correlated by, where that can be an id.
        let call_id = correlated_id(&inbound.properties).unwrap_or_else(Identifier::random);
        let asks = serve::Caller::at(inbound.properties.response_topic.as_deref());
        match self.shared.admission.admit_from(asks, inbound.weight()) {
            Ok(mut place) => {
                let (this, span) = (Arc::clone(self), self.span(&inbound, true));
                let again = ack.in_memory_at_once(inbound.is_again);
                let answering = async move {
                    first(again).await;
                    let trace = reply_to.trace().cloned();
                    let cancellation = this.shared.abandon.child_token();
                    let (id, own_limit) = (call_id.clone(), this.own_limit(&inbound, until));
                    let delivered = Delivered { call_id: id, trace, until, own_limit, cancellation };
                    let outcome = match this.layers.is_empty() {
                        true => this.in_turn(&mut place, inbound, delivered).await,
                        false => {
                            let topic = reply_to.topic();
                            Box::pin(this.layered(&mut place, inbound, delivered, topic)).await
                        }
                    };
                    place.is_settled();
                    spans::ended(&Span::current(), outcome.as_ref().err().map(|error| error.kind.as_str()));
                    let answer = answer(&reply_to, &call_id, outcome, until);
                    if let Err(error) = this.shared.client.session().link().publish(answer).await {
                        limited!(warn, "failed to send an answer", topic = %shown(reply_to.topic()), %error);
                    }
                    drop(place);
                };
                let link = self.shared.client.session().link();
                spawn::tracked(&self.shared.tasks, link.watched(answering.instrument(span)));
            }
            Err(Busy) => {
                let link = self.shared.client.session().link();
                send_now(link, answer(&reply_to, &call_id, Err(busy("requests")), until));
                ack.refused();
            }
        }
    }

    /// The span of a message. What is retained is older than the subscription, and belongs to no trace that goes on.
    fn span(&self, inbound: &Inbound, answers: bool) -> Span {
        let HandlerDef { name, topic, .. } = *self.def;
        let user: &[_] = if inbound.retain { &[] } else { &inbound.properties.user };
        spans::handle_message(name, topic.template, inbound.topic(), answers, user)
    }

    /// Says once what to write: the requester could fill the log otherwise.
    fn refuse_reply_topic(&self, topic: &str) {
        let handler = self.def.name;
        if self.told_reply_topic.swap(true, Ordering::Relaxed) {
            return crate::log::debug!(handler, topic = %shown(topic), "refused a request with a Response Topic that is not allowed");
        }
        let at = self.def.location;
        crate::log::warn!(
            handler,
            %at,
            topic = %shown(topic),
            "refused a request with a Response Topic that is not allowed; further ones are not told. Allow it with \
             `#[request(.., reply = \"answers/+\")]` or `Agent::reply_topics(..)`, or have the client ask from \
             `{{namespace}}/mcp/clients/{{id}}/responses`"
        );
    }

    /// Waits for a turn, and runs the handler.
    async fn in_turn(&self, place: &mut Admitted, inbound: Inbound, delivered: Delivered) -> Outcome {
        let path = CallPath::from_user_properties(&inbound.properties.user);
        let turn = self.turn(place, &path, &delivered).await?;
        self.run(inbound, delivered, turn).await
    }

    async fn turn(
        &self,
        place: &mut Admitted,
        path: &CallPath,
        delivered: &Delivered,
    ) -> Result<Turn, ErrorBody> {
        if self.shared.stopping.is_cancelled() {
            return Err(stopping());
        }
        tokio::select! {
            biased;
            turn = place.turn_within(path, self.places.as_ref()) => {
                turn.map_err(|Busy| self.shared.admission.full(path, "requests"))
            }
            () = delivered.cancellation.cancelled() => Err(canceled()),
            () = tokio::time::sleep_until(delivered.until.into()) => Err(timed_out_in_queue(self.def.name)),
        }
    }

    /// Hands a request through the layers. It holds no place among the handlers that run meanwhile.
    async fn layered(
        &self,
        place: &mut Admitted,
        inbound: Inbound,
        delivered: Delivered,
        reply_topic: &str,
    ) -> Outcome {
        let (received, path) = (inbound.received, CallPath::from_user_properties(&inbound.properties.user));
        let client = match self.shared.client.session().namespace().parse_topic(reply_topic) {
            Some(Topic::Responses(client)) => client,
            _ => reply_topic,
        };
        let (arguments, context) = self.call(inbound, &delivered)?;
        let request = Request::new(Kind::Request, context, arguments, client);
        let handle = |request: Request| {
            let (path, delivered) = (&path, &delivered);
            async move {
                let turn = self.turn(place, path, delivered).await?;
                let (arguments, context) = request.into_call();
                self.handled(received, delivered.own_limit, arguments, context, turn).await
            }
        };
        let outcome = self.layers.around(request, delivered.until, handle).await;
        // Also where a layer answered without the handler.
        delivered.cancellation.cancel();
        outcome
    }

    /// The handler's own limit, where that is what ends it.
    fn own_limit(&self, inbound: &Inbound, until: Instant) -> Option<Duration> {
        let ends_first = expiry(inbound, inbound.received).is_none_or(|expiry| until < expiry);
        ends_first.then(|| self.limit())
    }

    fn limit(&self) -> Duration {
        self.def.timeout.unwrap_or(self.shared.limits.timeout)
    }

    /// When nobody waits any more: the message's expiry, which counts from its receipt, or the handler's own limit.
    fn until(&self, inbound: &Inbound, received: Instant, begins: Instant) -> Instant {
        let own = deadline::after(begins, self.limit());
        expiry(inbound, received).map_or(own, |expiry| expiry.min(own))
    }

    async fn run(&self, inbound: Inbound, delivered: Delivered, turn: impl Send + 'static) -> Outcome {
        let received = inbound.received;
        let (arguments, context) = self.call(inbound, &delivered)?;
        self.handled(received, delivered.own_limit, arguments, context, turn).await
    }

    /// What the handler is called with.
    fn call(
        &self,
        inbound: Inbound,
        delivered: &Delivered,
    ) -> Result<(Map<String, Value>, Context), ErrorBody> {
        let arguments = self.arguments(&inbound.payload)?;
        let topic = inbound.topic().to_owned();
        let Inbound { payload, retain, properties, .. } = inbound;
        let Delivered { call_id, trace, until, cancellation, .. } = delivered;
        let holds = (self.def.kind == HandlerKind::Request).then(|| self.shared.admission.id());
        let context = Context::with(
            Invocation {
                caller: Caller::new(""),
                call_id: call_id.clone(),
                handler: self.def.name,
                deadline: *until,
                cancellation: cancellation.clone(),
                trace: spans::own(trace.as_ref()),
                path: CallPath::from_user_properties(&properties.user),
                holds,
                receiver_limit: None,
                states: Arc::clone(&self.shared.states),
                session: self.shared.client.handle().clone(),
            },
            Delivery { template: self.def.topic, topic, payload, retained: retain, user: properties.user },
        );
        Ok((arguments, context))
    }

    async fn handled(
        &self,
        received: Instant,
        own_limit: Option<Duration>,
        arguments: Map<String, Value>,
        context: Context,
        turn: impl Send + 'static,
    ) -> Outcome {
        let began = Instant::now();
        let HandlerDef { name, handler, location, .. } = *self.def;
        let job = Job { name, handler: handler.into(), location };
        let outcome = run(&job, own_limit, arguments, &context, turn).await;
        // What the handler left running ends with it.
        context.cancellation().cancel();
        let error = outcome.as_ref().err();
        measure::handled(name, error.map(|error| error.kind.as_str()), began.elapsed());
        crate::log::debug!(
            handler = name,
            call_id = %shown(context.call_id()),
            outcome = error.map_or("ok", |error| error.kind.as_str()),
            code = error.and_then(|error| error.code.as_deref()),
            queued = ?began.saturating_duration_since(received),
            ran = ?began.elapsed(),
            "handled a message"
        );
        outcome
    }

    /// The payload as the one argument. An empty payload is none, as when a retained message is removed.
    fn arguments(&self, payload: &[u8]) -> Result<Map<String, Value>, ErrorBody> {
        let mut arguments = Map::new();
        if let Some(name) = self.payload.filter(|_| !payload.is_empty()) {
            let value = serde_json::from_slice(payload).map_err(|error| malformed_payload(&error))?;
            arguments.insert(name.to_owned(), value);
        }
        Ok(arguments)
    }
}

/// Waits until the broker has the acknowledgement of a message that comes again: it may have ended the process that it was
/// delivered to.
async fn first(again: Option<Ack>) {
    if let Some(ack) = again {
        drop(ack.in_memory_first().await);
    }
}

/// When the message expires, if it does.
fn expiry(inbound: &Inbound, received: Instant) -> Option<Instant> {
    inbound.properties.expiry.and_then(|left| received.checked_add(left))
}

/// The value's own JSON, or the error response of the MCP profile with the user property `status: error`.
fn answer(reply_to: &ReplyTo, call_id: &Identifier, outcome: Outcome, until: Instant) -> Message {
    match outcome {
        Ok(answered) => reply_to.message_until(String::from(Box::<str>::from(answered.value)), until),
        Err(error) => {
            let response = Response::refused(call_id.clone(), error);
            reply_to.message_until(response.to_bytes(), until).with_user("status", "error")
        }
    }
}
