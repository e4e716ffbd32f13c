//! What a handler can know about the call that it answers: [`Context`], [`Caller`].
//!
//! The values that handlers take as `State<T>` are kept in [`state`](self) as well, for they reach a handler
//! through its context; so does the message of a topic handler, in `delivery`. Partial results have a room of their own, `partials`.

mod delivery;
mod state;

pub(crate) use delivery::Delivery;
pub(crate) use state::{Instance, States};

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::a2a::Task;
use crate::client::{Client, Scope};
use crate::mcp::Windows;
use crate::param::{ArgumentError, Call, Need, Param};
use crate::partials::PartialStream;
use crate::wire::{Identifier, TraceContext};

/// Who says that they call. A claim, never proof (`SUB-7`): only the broker's access rules can bind it to an identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller(Arc<str>);

impl Caller {
    pub(crate) fn new(claim: &str) -> Self {
        Self(claim.into())
    }

    /// The client id that the caller claims; empty when it gave none.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.0
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Caller {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context().caller().clone())
    }
}

/// What is known about a call: who makes it, until when, and whether it is still wanted.
#[derive(Debug)]
pub struct Context {
    pub(crate) caller: Caller,
    pub(crate) call_id: Identifier,
    pub(crate) tool: &'static str,
    pub(crate) deadline: Instant,
    pub(crate) cancellation: CancellationToken,
    pub(crate) trace: Option<TraceContext>,
    /// The largest message that the caller says it takes.
    pub(crate) receiver_limit: Option<u64>,
    pub(crate) states: Arc<States>,
    pub(crate) client: Client,
    pub(crate) partials: OnceLock<Arc<PartialStream>>,
    /// Those of the handler's own calls.
    pub(crate) windows: OnceLock<Arc<Windows>>,
    /// There for skills.
    pub(crate) task: Option<Task>,
    /// There for topic handlers.
    pub(crate) delivery: Option<Delivery>,
}

impl Context {
    /// Who says that they call.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The id that the caller gave the call (`MCP-4`): opaque, unique for that caller. In a topic handler, one of the
    /// agent's own.
    #[must_use]
    pub fn call_id(&self) -> &str {
        self.call_id.as_str()
    }

    /// The name of the tool that is called; in a topic handler, the function's.
    #[must_use]
    pub fn tool(&self) -> &str {
        self.tool
    }

    /// The topic of the message that a topic handler was called for; `None` in a tool.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.delivery.as_ref().map(|delivery| delivery.topic.as_str())
    }

    /// Whether the broker had kept the message before the agent subscribed. Never in a tool.
    #[must_use]
    pub fn is_retained(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.retained)
    }

    /// The first user property of this name that came with the message. `None` in a tool.
    #[must_use]
    pub fn user_property(&self, name: &str) -> Option<&str> {
        let mut user = self.delivery.as_ref()?.user.iter();
        user.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// When the handler is dropped: the tool's own limit or the caller's timeout, whichever is sooner (`MCP-15`).
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends when the call is not wanted any more: the caller cancelled it, or the agent stops.
    ///
    /// An `async` handler need not watch it, for it is dropped then. A blocking one should look at
    /// [`is_cancelled`](Self::is_cancelled) now and then.
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// Whether the call is not wanted any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    /// The W3C trace context that came with the call (`SUB-13`).
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// A value of the agent's state, if one of this type was given.
    #[must_use]
    pub fn state<T: 'static>(&self) -> Option<&T> {
        self.states.get()
    }

    /// The call's stream, made with the first parameter that asks for it.
    pub(crate) fn partials(&self) -> Arc<PartialStream> {
        let stream = self.partials.get_or_init(|| {
            let core = self.client.core();
            let topic = core.namespace().stream(self.tool, self.call_id.as_str());
            let (call_id, cancellation) = (self.call_id.clone(), self.cancellation.clone());
            let (link, limit) = (core.link().clone(), self.receiver_limit);
            Arc::new(PartialStream::new(link, topic, call_id, self.deadline, cancellation, limit))
        });
        Arc::clone(stream)
    }

    /// The agent's own client. Its calls end with this one: they inherit deadline, trace and cancellation.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.scoped(Scope {
            deadline: Some(self.deadline),
            cancellation: Some(self.cancellation.clone()),
            trace: self.trace.clone(),
            windows: Some(Arc::clone(self.windows.get_or_init(Arc::default))),
        })
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for &'a Context {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context())
    }
}
