//! One tool while it is served: from a call's message to its answer.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::Limits;
use super::answer::{encode, send, send_again};
use super::dedup::{Dedup, Key, Seen, Ticket};
use super::look::Room;
use crate::deadline;
use crate::handler::context::{Caller, Context, Invocation, States};
use crate::handler::registry::ToolDef;
use crate::handler::run::{Job, canceled, invalid_arguments, run, timed_out, unavailable};
use crate::link::{Ack, Inbound, Link, Outcome, PublishError, Published};
use crate::schema::Arguments;
use crate::serve::{Admission, Admitted, Busy, ReplyTo, correlated_id};
use crate::session::SessionHandle;
use crate::spawn;
use crate::wire::{CallRequest, CancelRequest, ErrorBody, ErrorKind, Identifier, Namespace, reply_address};

/// What all tools of a server share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) namespace: Namespace,
    pub(super) handle: SessionHandle,
    pub(super) states: Arc<States>,
    pub(super) limits: Limits,
    /// Owns the task of every call.
    pub(super) tasks: TaskTracker,
    /// Cancelled when the grace of a stop is over.
    pub(super) abandon: CancellationToken,
    /// Cancelled when no more work is taken.
    pub(super) stopping: CancellationToken,
    /// Calls in hand, those that are still being read included.
    pub(super) admission: Arc<Admission>,
    /// What the servers of this process know of all servers' cards.
    pub(super) room: Arc<Room>,
    /// The server's card as it was announced last.
    pub(super) announced: Mutex<Bytes>,
    /// Who sends an answer again that nobody received.
    pub(super) retriers: Semaphore,
}

/// One tool.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) tool: &'static ToolDef,
    pub(super) arguments: Arguments,
    /// The tool's own places; `None`: as many as the agent has.
    pub(super) places: Option<Arc<Semaphore>>,
    pub(super) dedup: Arc<Dedup>,
    pub(super) shared: Arc<Shared>,
}

/// A call that was read and may be answered.
struct Accepted {
    request: CallRequest,
    reply_to: ReplyTo,
    caller: Caller,
    received: Instant,
    expiry: Option<Duration>,
}

/// A call that is this server's to answer.
struct Begun {
    accepted: Box<Accepted>,
    ticket: Ticket,
    cancellation: CancellationToken,
    /// Among the calls in hand.
    place: Admitted,
}

impl Service {
    /// Takes a call's message. Runs on the connection's task: hands over to a task of its own, and never waits.
    pub(super) fn receive(self: &Arc<Self>, inbound: Inbound, ack: Ack) {
        if inbound.retain || inbound.is_poison {
            return self.refuse_unworkable(&inbound, ack);
        }
        match self.shared.admission.admit(inbound.weight()) {
            Ok(place) => {
                let span = tracing::debug_span!(
                    "execute_tool",
                    gen_ai.tool.name = self.tool.name,
                    messaging.system = "mqtt",
                    messaging.destination.name = inbound.topic(),
                );
                let serve = Arc::clone(self).serve(inbound, ack.or_leave(), place);
                spawn::tracked(&self.shared.tasks, serve.instrument(span));
            }
            Err(Busy) => {
                self.refuse_unread(&inbound, busy());
                ack.refused();
            }
        }
    }

    /// Refuses what is no work (`SUB-15`), or what was left to the session again and again.
    fn refuse_unworkable(&self, inbound: &Inbound, ack: Ack) {
        if inbound.retain {
            tracing::warn!(
                tool = self.tool.name,
                topic = inbound.topic(),
                "dropped a retained call: what is retained is no work"
            );
        } else {
            tracing::error!(tool = self.tool.name, "refused a call that could not be taken three times");
            self.refuse_unread(
                inbound,
                unavailable("the server could not take the call; make a new one", "poison"),
            );
        }
        ack.refused();
    }

    /// Cancels running calls whose answers go where this cancel says (`MCP-17`). What can't be read or is not running is
    /// logged and dropped.
    pub(super) fn cancel(&self, inbound: &Inbound) {
        let cancel = match CancelRequest::read(&inbound.payload) {
            Ok(cancel) => cancel,
            Err(error) => return tracing::warn!(topic = inbound.topic(), %error, "dropped a cancel"),
        };
        let (namespace, client) = (&self.shared.namespace, cancel.client.as_deref());
        let response_topic = inbound.properties.response_topic.as_deref();
        let Some(reply_to) = reply_address(namespace, response_topic, None, client) else {
            return tracing::warn!(topic = inbound.topic(), "dropped a cancel without a safe reply topic");
        };
        let (reply_to, calls): (Arc<str>, _) = (reply_to.into(), cancel.call_ids.len());
        let keys = cancel.call_ids.into_iter().map(|call_id| Key::new(Arc::clone(&reply_to), call_id));
        let running = keys.filter(|key| self.dedup.cancel(key)).count();
        tracing::debug!(tool = self.tool.name, client, calls, running, "cancel");
    }

    async fn serve(self: Arc<Self>, inbound: Inbound, ack: Ack, place: Admitted) {
        let Some(accepted) = self.accept(&inbound) else { return ack.refused() };
        drop(inbound);
        let Some(begun) = self.begin(accepted, place) else { return ack.in_memory() };
        // The call is known here now: a redelivery would be recognised, so the broker may forget it. A handler that ends
        // at once is answered first, though: the broker would handle our acknowledgement before the answer.
        let mut answer = std::pin::pin!(self.answer(begun));
        let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx).is_ready())).await;
        ack.in_memory();
        if !at_once {
            answer.await;
        }
    }

    /// Enters a call that is new. One that was answered before is answered again.
    fn begin(&self, accepted: Box<Accepted>, place: Admitted) -> Option<Box<Begun>> {
        let cancellation = self.shared.abandon.child_token();
        let key = Key::new(accepted.reply_to.topic(), accepted.request.call_id.clone());
        match self.dedup.see(key, &cancellation) {
            Seen::New(ticket) => return Some(Box::new(Begun { accepted, ticket, cancellation, place })),
            // Its answer will come.
            Seen::Running => {}
            Seen::Answered(answer) => {
                let Accepted { request, reply_to, received, .. } = *accepted;
                let answer = answer.unwrap_or_else(|| encode(&request.call_id, Err(forgotten()), received));
                self.send(reply_to, request.call_id, answer, received, place);
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
                    tracing::warn!(tool = self.tool.name, %error, "a call of a client without a usable name was refused");
                    let reply_to = reply_to(request.response_topic.as_deref(), None, None)?;
                    let message = format!("`client`: {error}");
                    let error = malformed_call(message);
                    reply_to.send_now(&self.shared.link, encode(&request.call_id, Err(error), received));
                    return None;
                }
                let Some(reply_to) =
                    reply_to(request.response_topic.as_deref(), client, request.max_message_bytes)
                else {
                    tracing::warn!(
                        tool = self.tool.name,
                        client,
                        "a call without a safe reply topic was dropped"
                    );
                    return None;
                };
                let caller = Caller::new(client.unwrap_or_default());
                Some(Box::new(Accepted { request, reply_to, caller, received, expiry: properties.expiry }))
            }
            Err(malformed) => {
                tracing::warn!(tool = self.tool.name, error = %malformed, "a malformed call was refused");
                let reply_to =
                    reply_to(malformed.response_topic.as_deref(), malformed.client.as_deref(), None)?;
                // Its own id, or else what it is correlated by.
                let call_id = malformed.call_id.clone().or_else(|| correlated_id(properties))?;
                let error = malformed_call(malformed.to_string());
                reply_to.send_now(&self.shared.link, encode(&call_id, Err(error), received));
                None
            }
        }
    }

    async fn answer(&self, mut begun: Box<Begun>) {
        let (outcome, answer_by) = self.outcome(&mut begun).await;
        let Begun { accepted, ticket, place, .. } = *begun;
        let Accepted { request: CallRequest { call_id, .. }, reply_to, received, .. } = *accepted;
        let payload = encode(&call_id, outcome, received);
        ticket.end(payload.clone());
        self.send(reply_to, call_id, payload, answer_by, place);
    }

    /// Runs the handler when it is the call's turn, and says until when its answer is waited for.
    async fn outcome(&self, begun: &mut Begun) -> (crate::handler::run::Outcome, Instant) {
        let Begun { accepted, cancellation, place, .. } = begun;
        let Accepted { request: CallRequest { call_id, arguments, .. }, reply_to, caller, received, expiry } =
            &mut **accepted;
        let (received, expiry) = (*received, *expiry);
        let callers_deadline = expiry.and_then(|left| received.checked_add(left));
        let limit = self.tool.timeout.unwrap_or(self.shared.limits.timeout);
        let queued_until = callers_deadline.unwrap_or_else(|| deadline::after(received, limit));

        let mut answer_by = queued_until;
        let outcome = async {
            self.check_caller(caller)?;
            if cancellation.is_cancelled() {
                return Err(canceled());
            }
            if self.shared.stopping.is_cancelled() {
                return Err(unavailable("the server stops; call again for another one", "stopping"));
            }
            self.arguments.check(arguments).map_err(|errors| invalid_arguments(&errors))?;
            let turn = tokio::select! {
                biased;
                turn = place.turn(self.places.as_ref()) => turn.map_err(|Busy| busy())?,
                () = cancellation.cancelled() => return Err(canceled()),
                () = tokio::time::sleep_until(queued_until.into()) => return Err(timed_out()),
            };
            let own_deadline = deadline::within(limit);
            let deadline = callers_deadline.map_or(own_deadline, |callers| callers.min(own_deadline));
            answer_by = deadline;
            let context = Context::new(Invocation {
                caller: caller.clone(),
                call_id: call_id.clone(),
                handler: self.tool.name,
                deadline,
                cancellation: cancellation.clone(),
                trace: reply_to.trace().cloned(),
                receiver_limit: reply_to.limit(),
                states: Arc::clone(&self.shared.states),
                session: self.shared.handle.clone(),
            });
            let ToolDef { name, handler, location, .. } = *self.tool;
            let outcome =
                run(Job { name, handler, location }, std::mem::take(arguments), context.clone(), turn).await;
            // What the handler left running (its own tasks, its client's calls) ends with it.
            cancellation.cancel();
            if let Some(partials) = context.opened_partials() {
                Box::pin(partials.done()).await;
            }
            outcome
        };
        (outcome.await, answer_by)
    }

    /// Answers. Nobody waits for the broker's word: most answers are received.
    fn send(
        &self,
        reply_to: ReplyTo,
        call_id: Identifier,
        payload: Bytes,
        deadline: Instant,
        place: Admitted,
    ) {
        let message = reply_to.message_until(payload.clone(), deadline);
        let shared = Arc::clone(&self.shared);
        let told = move |outcome| match outcome {
            Ok(Published { no_subscribers: false }) => drop(place),
            // The connection is closed.
            Err(error @ (PublishError::Closed | PublishError::Interrupted)) => {
                tracing::debug!(topic = reply_to.topic(), %error, "failed to send an answer");
            }
            outcome => {
                let tasks = shared.tasks.clone();
                spawn::tracked(&tasks, async move {
                    let unheard = Unheard { reply_to, call_id, payload, deadline, outcome };
                    unheard.send_again(&shared, place).await;
                });
            }
        };
        let link = &self.shared.link;
        match link.try_room() {
            Ok(room) => link.enqueue_telling(room, message, told),
            Err(PublishError::QueueFull) => {
                let link = link.clone();
                spawn::tracked(&self.shared.tasks, async move {
                    match link.room().await {
                        Ok(room) => link.enqueue_telling(room, message, told),
                        Err(error) => told(Err(error)),
                    }
                });
            }
            Err(error) => told(Err(error)),
        }
    }

    /// The server's own look at `allowed_callers`; the broker's rules come first (`MCP-18`).
    fn check_caller(&self, caller: &Caller) -> Result<(), ErrorBody> {
        match self.tool.allow {
            Some(allowed) if !allowed.contains(&caller.claim()) => Err(ErrorBody::new(
                ErrorKind::Unauthorized,
                format!("`{}` may not call `{}`; ask its owner", caller.claim(), self.tool.name),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses a call for which there is not even the room to read it; works from the message's properties alone.
    fn refuse_unread(&self, inbound: &Inbound, error: ErrorBody) {
        let properties = &inbound.properties;
        let topic = reply_address(&self.shared.namespace, properties.response_topic.as_deref(), None, None);
        let (Some(call_id), Some(topic)) = (correlated_id(properties), topic) else {
            return tracing::warn!(tool = self.tool.name, "a call was dropped: too many are in hand");
        };
        let reply_to = ReplyTo::with(topic, properties);
        reply_to.send_now(&self.shared.link, encode(&call_id, Err(error), Instant::now()));
    }
}

/// An answer that the broker did not take, or that nobody received.
struct Unheard {
    reply_to: ReplyTo,
    call_id: Identifier,
    payload: Bytes,
    deadline: Instant,
    outcome: Outcome,
}

impl Unheard {
    /// Sends it again for a while, by no more than a few tasks at once and without keeping the call's place: nobody can hold
    /// the agent up by not listening.
    async fn send_again(self, shared: &Shared, place: Admitted) {
        let Self { reply_to, call_id, payload, deadline, outcome } = self;
        let received = match outcome {
            Ok(Published { no_subscribers }) => !no_subscribers,
            // What fits is sent in its place.
            Err(PublishError::TooLarge { .. }) => {
                send(&reply_to, &shared.link, &call_id, payload.clone(), deadline).await
            }
            Err(error) => {
                tracing::warn!(topic = reply_to.topic(), %error, "failed to send an answer");
                true
            }
        };
        drop(place);
        if !received && let Ok(_retrier) = shared.retriers.try_acquire() {
            send_again(&reply_to, &shared.link, &call_id, payload, deadline).await;
        }
    }
}

fn busy() -> ErrorBody {
    unavailable("the server has as many calls as it takes; call again later", "busy")
}

fn forgotten() -> ErrorBody {
    let message = "the call was answered already, and the answer was too large to be kept; make a new call";
    ErrorBody::new(ErrorKind::ToolError, message).with_code("answer_forgotten")
}

fn malformed_call(message: String) -> ErrorBody {
    ErrorBody::new(ErrorKind::InvalidArguments, message).with_code("malformed_call")
}
