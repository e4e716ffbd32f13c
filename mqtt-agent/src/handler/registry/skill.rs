//! One skill, as `#[skill]` leaves it, and what `#[derive(AgentCard)]` says of an agent.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator};

use super::{ArgDef, Handler, Location};
use crate::handler::layer::SharedLayer;
use crate::handler::reply::{Codes, ErrorCode, NO_CODES};

/// What happens to a task that was being worked on when the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnCrash {
    /// It is worked on again, up to the skill's number of attempts.
    #[default]
    Retry,
    /// It fails.
    Fail,
}

/// The definition of one skill: what `#[skill]` makes of a function.
#[derive(Debug)]
pub struct SkillDef {
    pub(crate) id: &'static str,
    pub(crate) description: &'static str,
    pub(crate) args: &'static [ArgDef],
    pub(crate) output: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) errors: &'static dyn Codes,
    pub(crate) handler: Handler,
    pub(crate) location: Location,
    pub(crate) name: Option<&'static str>,
    pub(crate) tags: &'static [&'static str],
    pub(crate) examples: &'static [&'static str],
    pub(crate) input_modes: &'static [&'static str],
    pub(crate) output_modes: &'static [&'static str],
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) on_crash: OnCrash,
    pub(crate) attempts: u32,
    /// Whether tasks of a type that is no skill's id are its own.
    pub(crate) default: bool,
    pub(crate) layers: &'static [fn() -> SharedLayer],
}

impl SkillDef {
    /// A skill with nothing but what every skill has.
    #[must_use]
    pub const fn new(
        id: &'static str,
        description: &'static str,
        args: &'static [ArgDef],
        output: fn(&mut SchemaGenerator) -> Schema,
        handler: Handler,
        location: Location,
    ) -> Self {
        Self {
            id,
            description,
            args,
            output,
            errors: NO_CODES,
            handler,
            location,
            name: None,
            tags: &[],
            examples: &[],
            input_modes: &[],
            output_modes: &[],
            timeout: None,
            concurrency: None,
            on_crash: OnCrash::Retry,
            attempts: 3,
            default: false,
            layers: &[],
        }
    }

    /// Stands in for a definition that did not compile, so that a list which names it adds no error of its own.
    #[doc(hidden)]
    pub const BROKEN: Self = Self::new(
        "",
        "",
        &[],
        SchemaGenerator::subschema_for::<()>,
        Handler::Inline(|_| Err(super::Refused)),
        Location::new("", 0),
    );

    pub(crate) const fn is_broken(&self) -> bool {
        self.id.is_empty()
    }

    /// The skill's id: the `type` of a task that asks for it.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
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

    /// The codes of its errors, those that `#[derive(ToolError)]` or an own [`ToolError`](crate::ToolError) lists.
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

    /// A name for people.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Words to find the skill by.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// What it may be asked, in sentences.
    #[must_use]
    pub const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    /// The media types that it takes. None: `text/plain`, and `application/json` with arguments.
    #[must_use]
    pub const fn input_modes(mut self, modes: &'static [&'static str]) -> Self {
        self.input_modes = modes;
        self
    }

    /// The media types that it gives. None: `application/json`.
    #[must_use]
    pub const fn output_modes(mut self, modes: &'static [&'static str]) -> Self {
        self.output_modes = modes;
        self
    }

    /// How long one attempt may take, in milliseconds.
    #[must_use]
    pub const fn timeout_ms(mut self, milliseconds: u64) -> Self {
        self.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// How many tasks are worked on at once.
    #[must_use]
    pub const fn concurrency(mut self, tasks: u32) -> Self {
        self.concurrency = Some(tasks);
        self
    }

    /// What happens to a task that was being worked on when the process ended.
    #[must_use]
    pub const fn on_crash(mut self, what: OnCrash) -> Self {
        self.on_crash = what;
        self
    }

    /// How often a task is begun at the most: at least once.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Tasks of a type that is no skill's id are its own.
    #[must_use]
    pub const fn default(mut self) -> Self {
        self.default = true;
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

/// What an agent says of itself: what `#[derive(AgentCard)]` makes of a struct.
#[derive(Debug)]
pub struct CardDef {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) version: &'static str,
    pub(crate) location: Location,
    pub(crate) tags: &'static [&'static str],
    pub(crate) capabilities: &'static [&'static str],
    pub(crate) provider: Option<(&'static str, &'static str)>,
    pub(crate) documentation: Option<&'static str>,
    pub(crate) icon: Option<&'static str>,
}

impl CardDef {
    /// A card with nothing but what every card has.
    #[must_use]
    pub const fn new(
        id: &'static str,
        name: &'static str,
        description: &'static str,
        version: &'static str,
        location: Location,
    ) -> Self {
        Self {
            id,
            name,
            description,
            version,
            location,
            tags: &[],
            capabilities: &[],
            provider: None,
            documentation: None,
            icon: None,
        }
    }

    /// The agent's id.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Where the struct was written.
    #[must_use]
    pub const fn location(&self) -> Location {
        self.location
    }

    /// Words to find the agent by.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// What it can, in words of the agents' own.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: &'static [&'static str]) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Who runs it: a name, and a URL.
    #[must_use]
    pub const fn provider(mut self, organization: &'static str, url: &'static str) -> Self {
        self.provider = Some((organization, url));
        self
    }

    /// Where people read about it.
    #[must_use]
    pub const fn documentation(mut self, url: &'static str) -> Self {
        self.documentation = Some(url);
        self
    }

    /// A picture of it.
    #[must_use]
    pub const fn icon(mut self, url: &'static str) -> Self {
        self.icon = Some(url);
        self
    }
}
