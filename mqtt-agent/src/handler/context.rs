//! What a handler knows about its call: [`Context`], [`Caller`].
//!
//! The values for `State<T>` are in `state`, because they reach a handler through its context. Data of only one profile
//! is in a slot, found by its type: the message of a topic handler, in `delivery`, and the task of a skill. Partial
//! results are in `partials`.

mod delivery;
mod state;

pub(crate) use delivery::Delivery;
pub(crate) use state::{Instance, States};

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::handler::partials::PartialStream;
use crate::session::{Scope, SessionHandle, Windows};
use crate::wire::{CallPath, Identifier, TraceContext};

/// The caller's id. It is a claim, never proof (`SUB-7`): only the broker's access rules can enforce it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller(Arc<str>);

impl Caller {
    pub(crate) fn new(claim: &str) -> Self {
        Self(claim.into())
    }

    /// The client id that the caller claims; empty if the caller gave no id.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.0
    }
}

/// What is known about a call: its caller, its deadline, and whether it was cancelled.
///
/// Cheap to clone; all clones are the same context. A clone may be moved into a spawned task and may outlive the
/// handler; its data does not change. But the call ends with its handler, however the handler ends: from then on
/// [`is_cancelled`](Self::is_cancelled) is true and [`cancelled`](Self::cancelled) returns. Pending calls of its
/// [`client`](Self::client) are cancelled, and later ones are refused: calls end with
/// [`CallError::Canceled`](crate::CallError::Canceled), tasks with
/// [`DelegateError::Abandoned`](crate::a2a::DelegateError::Abandoned), partial results with
/// [`PartialsError::Canceled`](crate::PartialsError::Canceled). Events are still published. Work that continues after
/// the handler needs a client of its own.
///
/// ```
/// use mqtt_agent::prelude::*;
///
/// /// Takes steps, in a task of its own.
/// #[tool]
/// async fn walk(steps: u32, cx: &Context) -> Result<u32, String> {
///     let cx = cx.clone();
///     let walking = tokio::spawn(async move {
///         for step in 0..steps {
///             if cx.is_cancelled() {
///                 return step;
///             }
///             tokio::task::yield_now().await;
///         }
///         steps
///     });
///     walking.await.map_err(|error| error.to_string())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Context(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    invocation: Invocation,
    partials: OnceLock<Arc<PartialStream>>,
    /// The windows of the handler's own calls.
    windows: OnceLock<Arc<Windows>>,
    slot: Option<Slot>,
    /// What layers left.
    extensions: OnceLock<Box<States>>,
    /// The handler's own, where that is known only at its turn.
    deadline: OnceLock<Instant>,
}

/// The data of an invocation, from its profile.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) caller: Caller,
    pub(crate) call_id: Identifier,
    /// The handler's name.
    pub(crate) handler: &'static str,
    pub(crate) deadline: Instant,
    pub(crate) cancellation: CancellationToken,
    pub(crate) trace: Option<TraceContext>,
    /// The servers whose handlers wait for the call.
    pub(crate) path: CallPath,
    /// The admission in which the handler holds a place, if any.
    pub(crate) holds: Option<u64>,
    /// The largest message that the caller accepts.
    pub(crate) receiver_limit: Option<u64>,
    pub(crate) states: Arc<States>,
    pub(crate) session: SessionHandle,
}

impl Context {
    pub(crate) fn new(invocation: Invocation) -> Self {
        Self::of(invocation, None)
    }

    /// With data of one profile, found by its type.
    pub(crate) fn with(invocation: Invocation, slot: impl Any + Send + Sync) -> Self {
        Self::of(invocation, Some(Slot(Box::new(slot))))
    }

    fn of(invocation: Invocation, slot: Option<Slot>) -> Self {
        Self(Arc::new(Inner {
            invocation,
            partials: OnceLock::new(),
            windows: OnceLock::new(),
            slot,
            extensions: OnceLock::new(),
            deadline: OnceLock::new(),
        }))
    }

    /// From its turn on: when the handler is dropped.
    pub(crate) fn begin(&self, deadline: Instant) {
        // Once: it has one turn.
        let _ = self.0.deadline.set(deadline);
    }

    /// What the layers leave for the handler.
    pub(crate) fn extend(&self, left: States) {
        if !left.is_empty() {
            let _ = self.0.extensions.set(Box::new(left));
        }
    }

    /// Whether a handler of the same server waits for this one, in a place of its own.
    pub(crate) fn is_nested(&self) -> bool {
        let Invocation { path, holds, .. } = &self.0.invocation;
        holds.is_some_and(|server| path.contains(server))
    }

    /// The id of the agent that serves it.
    pub(crate) fn agent_id(&self) -> String {
        self.0.invocation.session.session().id().as_str().to_owned()
    }

    /// The profile's data, if it has this type.
    pub(crate) fn slot<T: Any>(&self) -> Option<&T> {
        self.0.slot.as_ref()?.0.downcast_ref()
    }

    /// The call's stream, if a parameter uses it.
    pub(crate) fn opened_partials(&self) -> Option<&PartialStream> {
        self.0.partials.get().map(|stream| &**stream)
    }
}

/// A value of any type.
struct Slot(Box<dyn Any + Send + Sync>);

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

impl Context {
    /// The caller's claimed id.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0.invocation.caller
    }

    /// The call's id, chosen by the caller (`MCP-4`): opaque, unique for that caller. In a topic handler, an id chosen
    /// by the agent.
    #[must_use]
    pub fn call_id(&self) -> &str {
        self.0.invocation.call_id.as_str()
    }

    /// The name of the tool; in a topic handler, the name of the function.
    #[must_use]
    pub fn tool(&self) -> &str {
        self.0.invocation.handler
    }

    /// The topic of a topic handler's message; `None` in a tool.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.slot::<Delivery>().map(|delivery| delivery.topic.as_str())
    }

    /// Whether the message is a retained one from before the subscription. Always false in a tool.
    #[must_use]
    pub fn is_retained(&self) -> bool {
        self.slot::<Delivery>().is_some_and(|delivery| delivery.retained)
    }

    /// The first user property of this name on the message. `None` in a tool.
    #[must_use]
    pub fn user_property(&self, name: &str) -> Option<&str> {
        let mut user = self.slot::<Delivery>()?.user.iter();
        user.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The time at which the handler is dropped: the tool's own limit or the caller's deadline, whichever is sooner
    /// (`MCP-15`).
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.0.deadline.get().copied().unwrap_or(self.0.invocation.deadline)
    }

    /// Completes when the call is cancelled: the caller cancelled it, the agent stops, or the handler has ended.
    ///
    /// An `async` handler need not watch for this, because the handler is dropped. A blocking one should check
    /// [`is_cancelled`](Self::is_cancelled) regularly.
    pub async fn cancelled(&self) {
        self.0.invocation.cancellation.cancelled().await;
    }

    pub(crate) fn cancellation(&self) -> &CancellationToken {
        &self.0.invocation.cancellation
    }

    /// Whether the call was cancelled; see [`cancelled`](Self::cancelled).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.invocation.cancellation.is_cancelled()
    }

    /// The W3C trace context of the call (`SUB-13`).
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.invocation.trace.as_ref()
    }

    /// The agent's state of this type, if it has one.
    #[must_use]
    pub fn state<T: 'static>(&self) -> Option<&T> {
        self.0.invocation.states.get()
    }

    /// A value that a layer left for the handler with [`Request::insert`](crate::layer::Request::insert).
    #[must_use]
    pub fn extension<T: 'static>(&self) -> Option<&T> {
        self.0.extensions.get()?.get()
    }

    /// The call's stream, created for the first parameter that uses it.
    pub(crate) fn partials(&self) -> Arc<PartialStream> {
        let stream = self.0.partials.get_or_init(|| {
            let session = self.0.invocation.session.session();
            let topic =
                session.namespace().stream(self.0.invocation.handler, self.0.invocation.call_id.as_str());
            let (call_id, cancellation) =
                (self.0.invocation.call_id.clone(), self.0.invocation.cancellation.clone());
            let (link, limit) = (session.link().clone(), self.0.invocation.receiver_limit);
            Arc::new(PartialStream::new(link, topic, call_id, self.deadline(), cancellation, limit))
        });
        Arc::clone(stream)
    }

    /// The agent's session in the scope of this call, which inherits deadline, trace and cancellation.
    pub(crate) fn session_handle(&self) -> SessionHandle {
        self.0.invocation.session.scoped(Scope {
            deadline: Some(self.deadline()),
            cancellation: Some(self.0.invocation.cancellation.clone()),
            trace: self.0.invocation.trace.clone(),
            path: match self.0.invocation.holds {
                Some(server) => self.0.invocation.path.with(server),
                None => self.0.invocation.path.clone(),
            },
            windows: Some(Arc::clone(self.0.windows.get_or_init(Arc::default))),
        })
    }
}
