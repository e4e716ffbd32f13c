//! One tool, as `#[tool]` leaves it.

use std::fmt;
use std::time::Duration;

use schemars::{Schema, SchemaGenerator};

use super::{ArgDef, Location};
use crate::handler::layer::SharedLayer;
use crate::handler::param::Call;
use crate::handler::reply::{Answer, Codes, ErrorCode, NO_CODES, Output, ToolFuture};

/// Some parameter could not be filled; the [`Call`] holds the reasons.
#[derive(Debug)]
pub struct Refused;

/// How a handler runs.
#[derive(Clone, Copy)]
pub enum Handler {
    /// An `async fn`.
    Async(for<'a> fn(&mut Call<'a>) -> Result<ToolFuture<'a>, Refused>),
    /// A `fn` that runs where the call is served.
    Inline(for<'a> fn(&mut Call<'a>) -> Result<Answer, Refused>),
    /// A `fn` that runs on the blocking pool.
    Blocking(for<'a> fn(&mut Call<'a>) -> Result<Answer, Refused>),
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Inline(_) => "Inline",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// What a tool says of its own effects: MCP's tool annotations. `None` leaves MCP's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
}

/// The definition of one tool: what `#[tool]` makes of a function.
#[derive(Debug)]
pub struct ToolDef {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) args: &'static [ArgDef],
    pub(crate) output: fn(&mut SchemaGenerator) -> Schema,
    /// The kinds of content that may come beside a result.
    pub(crate) content: &'static [&'static str],
    pub(crate) errors: &'static dyn Codes,
    pub(crate) handler: Handler,
    pub(crate) location: Location,
    pub(crate) title: Option<&'static str>,
    pub(crate) version: Option<&'static str>,
    pub(crate) tags: &'static [&'static str],
    pub(crate) hints: Hints,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) allow: Option<&'static [&'static str]>,
    pub(crate) layers: &'static [fn() -> SharedLayer],
}

impl ToolDef {
    /// A tool with nothing but what every tool has.
    #[must_use]
    pub const fn new(
        name: &'static str,
        description: &'static str,
        args: &'static [ArgDef],
        output: fn(&mut SchemaGenerator) -> Schema,
        handler: Handler,
        location: Location,
    ) -> Self {
        Self {
            name,
            description,
            args,
            output,
            content: &[],
            errors: NO_CODES,
            handler,
            location,
            title: None,
            version: None,
            tags: &[],
            hints: Hints { read_only: None, destructive: None, idempotent: None, open_world: None },
            timeout: None,
            concurrency: None,
            allow: None,
            layers: &[],
        }
    }

    /// The same with a reply that may have content beside it.
    #[doc(hidden)]
    #[must_use]
    pub const fn answering(
        name: &'static str,
        description: &'static str,
        args: &'static [ArgDef],
        output: Output,
        handler: Handler,
        location: Location,
    ) -> Self {
        let mut tool = Self::new(name, description, args, output.schema, handler, location);
        tool.content = output.content;
        tool
    }

    /// Stands in for a definition that did not compile, so that a list which names it adds no error of its own.
    #[doc(hidden)]
    pub const BROKEN: Self = Self::new(
        "",
        "",
        &[],
        SchemaGenerator::subschema_for::<()>,
        Handler::Inline(|_| Err(Refused)),
        Location::new("", 0),
    );

    pub(crate) const fn is_broken(&self) -> bool {
        self.name.is_empty()
    }

    /// The tool's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its parameters: generated code has them checked.
    #[doc(hidden)]
    #[must_use]
    pub const fn args(&self) -> &'static [ArgDef] {
        self.args
    }

    /// Where the function was written.
    #[must_use]
    pub const fn location(&self) -> Location {
        self.location
    }

    /// The codes of its errors, those that `#[derive(ToolError)]` or an own [`ToolError`](crate::ToolError) lists. Any
    /// tool may fail with codes of the runtime as well, such as `canceled`.
    #[must_use]
    pub fn errors(&self) -> Vec<ErrorCode> {
        self.errors.list()
    }

    /// Where the codes of its errors come from.
    #[doc(hidden)]
    #[must_use]
    pub const fn error_codes(mut self, codes: &'static dyn Codes) -> Self {
        self.errors = codes;
        self
    }

    /// A title for people.
    #[must_use]
    pub const fn title(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    /// The tool's version.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Words to find the tool by.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// It changes nothing.
    #[must_use]
    pub const fn read_only(mut self, yes: bool) -> Self {
        self.hints.read_only = Some(yes);
        self
    }

    /// It may destroy something.
    #[must_use]
    pub const fn destructive(mut self, yes: bool) -> Self {
        self.hints.destructive = Some(yes);
        self
    }

    /// A second call with the same arguments changes nothing more.
    #[must_use]
    pub const fn idempotent(mut self, yes: bool) -> Self {
        self.hints.idempotent = Some(yes);
        self
    }

    /// It reaches beyond what the agent owns.
    #[must_use]
    pub const fn open_world(mut self, yes: bool) -> Self {
        self.hints.open_world = Some(yes);
        self
    }

    /// How long a call may take, in milliseconds.
    #[must_use]
    pub const fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// How many calls run at once.
    #[must_use]
    pub const fn concurrency(mut self, calls: u32) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// The only callers that may call it.
    #[must_use]
    pub const fn allow(mut self, callers: &'static [&'static str]) -> Self {
        self.allow = Some(callers);
        self
    }

    /// What stands around the handler, the outermost first. Each is made when an agent is built.
    #[doc(hidden)]
    #[must_use]
    pub const fn layers(mut self, layers: &'static [fn() -> SharedLayer]) -> Self {
        self.layers = layers;
        self
    }
}
