//! [`Request`]: what a layer sees of a call, a task or a request before its handler does.

use std::fmt;

use serde_json::{Map, Value};

use crate::handler::context::{Context, States};

/// What is asked for.
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

    /// What is asked for.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of the tool, the skill's id, or the name of the `#[request]` function.
    #[must_use]
    pub fn name(&self) -> &str {
        self.context.tool()
    }

    /// Where the answer goes: the client of the reply topic, or of a task who gave it. A request that is answered to no
    /// client's topic has that topic here.
    ///
    /// A broker's access rules can bind the topic to an identity. What a call says of its caller beside it is
    /// [`Caller::claim`](crate::Caller::claim), which a peer may change with each call (`SUB-7`).
    #[must_use]
    pub fn client(&self) -> &str {
        &self.client
    }

    /// What is known of the call. For a handler without a deadline of the caller's, its time begins when it does; until then
    /// [`Context::deadline`] says how long the call waits for that.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The arguments. Those of a tool are as the caller sent them, and are checked after the layers; those of a skill are
    /// checked already. The payload of a request is under the name of the parameter that takes it.
    #[must_use]
    pub fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// The arguments, to be changed.
    pub fn arguments_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.arguments
    }

    /// Leaves a value for later layers and the handler, which find it with [`Context::extension`]. One of each type; a second
    /// one takes the first one's place.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.left.insert(value);
    }

    /// A value that an earlier layer left.
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
