//! [`Request`]: a call, a task or a request as a layer sees it, before the handler.

use std::fmt;

use serde_json::{Map, Value};

use crate::handler::context::{Context, States};

/// The kind of a [`Request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A call of a `#[tool]`.
    Tool,
    /// A task for a `#[skill]`: one attempt at it.
    Skill,
    /// A request to a `#[request]` handler.
    Request,
}

impl Kind {
    /// In lower case: `tool`, `skill` or `request`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Skill => "skill",
            Self::Request => "request",
        }
    }
}

/// A call, a task or a request on its way to its handler.
pub struct Request {
    kind: Kind,
    client: String,
    arguments: Map<String, Value>,
    context: Context,
    /// What layers leave for later ones and for the handler.
    left: States,
}

impl Request {
    pub(crate) fn new(
        kind: Kind,
        context: Context,
        arguments: Map<String, Value>,
        client: impl Into<String>,
    ) -> Self {
        Self { kind, client: client.into(), arguments, context, left: States::default() }
    }

    /// The kind of the request.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of the tool, the skill's id, or the name of the `#[request]` function.
    #[must_use]
    pub fn name(&self) -> &str {
        self.context.tool()
    }

    /// The client that the answer goes to: the client of the reply topic, or the delegator of a task. If a request is
    /// answered on a topic that is not a client's, this is that topic.
    ///
    /// A broker's access rules can bind the topic to an identity. [`Caller::claim`](crate::Caller::claim) is the
    /// caller's claimed id, which a peer may change with each call (`SUB-7`).
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// The context of the call. Without a deadline of the caller, the handler's time limit starts when the handler
    /// begins; before that, [`Context::deadline`] is the time until which the call waits for its handler.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The arguments. A tool's arguments are as the caller sent them, and are checked after the layers; a skill's
    /// arguments are already checked. The payload of a request has the name of the parameter that takes it.
    #[must_use]
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// The arguments, for changing them.
    pub fn arguments_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.arguments
    }

    /// Stores a value for later layers and the handler, which get it with [`Context::extension`]. There can be one
    /// value of each type; a second one replaces the first.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.left.insert(value);
    }

    /// A value that an earlier layer stored.
    #[must_use]
    pub fn extension<T: 'static>(&self) -> Option<&T> {
        self.left.get()
    }

    /// For the handler: its arguments, and its context with what the layers left.
    pub(crate) fn into_call(self) -> (Map<String, Value>, Context) {
        let Self { arguments, context, left, .. } = self;
        context.extend(left);
        (arguments, context)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name, client) = (self.kind, self.name(), &self.client);
        f.debug_struct("Request")
            .field("kind", &kind)
            .field("name", &name)
            .field("client", client)
            .finish_non_exhaustive()
    }
}
