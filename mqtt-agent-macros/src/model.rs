//! The model of an item, after parsing and before rendering: here of a function or a test, in [`error`] and [`card`] of
//! a type.

pub(crate) mod card;
pub(crate) mod error;

use std::cmp::Ordering;

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, ItemFn, ItemImpl, ItemTrait, LitStr, Path, Type, Visibility};

use crate::template::Template;

/// What every annotated function has.
pub(crate) struct Function {
    /// What the definition needs of the function's attributes: each `#[cfg(..)]`, and leave to call what is deprecated.
    pub(crate) shared: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) is_async: bool,
    /// Where a method is found: `Self::`, or `<Self as Trait>::`.
    pub(crate) through: Option<TokenStream>,
    /// Whether it takes `&self`.
    pub(crate) has_self: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) reply: Type,
    pub(crate) description: Option<Expr>,
}

/// A function with `#[tool]`.
pub(crate) struct Tool {
    pub(crate) function: Function,
    pub(crate) name: Name,
    pub(crate) options: ToolOptions,
}

/// A function with `#[skill]`.
pub(crate) struct Skill {
    pub(crate) function: Function,
    pub(crate) id: Name,
    pub(crate) options: SkillOptions,
}

/// A function with `#[on]` or `#[request]`.
pub(crate) struct Handler {
    pub(crate) function: Function,
    pub(crate) kind: HandlerKind,
    pub(crate) topic: Topic,
    pub(crate) options: TopicOptions,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerKind {
    On,
    Request,
}

/// A function without a body, with `#[event]`.
pub(crate) struct Event {
    pub(crate) function: Function,
    pub(crate) topic: Topic,
    pub(crate) options: TopicOptions,
    /// What stays on the function that is generated: its doc comment and lints.
    pub(crate) attributes: Vec<Attribute>,
    /// `&self`, as it was written.
    pub(crate) receiver: Option<TokenStream>,
}

/// A topic template where it was written.
pub(crate) struct Topic {
    pub(crate) literal: LitStr,
    pub(crate) template: Template,
}

/// What `#[on(..)]`, `#[request(..)]` and `#[event(..)]` say beside the topic.
#[derive(Default)]
pub(crate) struct TopicOptions {
    pub(crate) qos: Option<u8>,
    pub(crate) shared: Option<LitStr>,
    /// A filter of topics that may be answered to.
    pub(crate) reply: Option<LitStr>,
    pub(crate) retain: Option<bool>,
    pub(crate) caller: Option<Ident>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) blocking: Option<Ident>,
    /// What stands around the handler, the outermost first.
    pub(crate) layers: Vec<Expr>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}

/// An `impl` block with `#[agent]`.
pub(crate) struct Agent {
    /// The block without our attributes, and without the events' declarations.
    pub(crate) item: ItemImpl,
    pub(crate) id: Option<Name>,
    pub(crate) part: Part,
    /// The names of the parts that it lists.
    pub(crate) parts: Vec<Name>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) skills: Vec<Skill>,
    pub(crate) handlers: Vec<Handler>,
    pub(crate) events: Vec<Event>,
    pub(crate) krate: Option<Path>,
}

/// Which of the blocks of its type one is.
pub(crate) enum Part {
    /// The one without `part`.
    No,
    /// One that the block without `part` lists.
    Named(Name),
    /// One whose name has a mistake.
    Unknown,
}

/// A trait with `#[remote]`.
pub(crate) struct Remote {
    /// The trait without our attributes.
    pub(crate) item: ItemTrait,
    pub(crate) methods: Vec<RemoteMethod>,
    pub(crate) krate: Option<Path>,
}

/// One method of it.
pub(crate) struct RemoteMethod {
    pub(crate) tool: Tool,
    /// Its doc comment and lints, for the client's method.
    pub(crate) attributes: Vec<Attribute>,
}

/// A name on the wire, and where it was written.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// What `#[tool(..)]` says beside the name.
#[derive(Default)]
pub(crate) struct ToolOptions {
    pub(crate) title: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) allow: Option<Vec<LitStr>>,
    /// `read_only` and its like, with their values.
    pub(crate) hints: Vec<(Ident, bool)>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) blocking: Option<Ident>,
    pub(crate) schema: Option<Published>,
    /// What stands around the handler, the outermost first.
    pub(crate) layers: Vec<Expr>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}

/// What `#[skill(..)]` says beside the id.
#[derive(Default)]
pub(crate) struct SkillOptions {
    pub(crate) name: Option<LitStr>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) examples: Vec<LitStr>,
    pub(crate) input: Vec<LitStr>,
    pub(crate) output: Vec<LitStr>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) on_crash: Option<OnCrash>,
    /// The number, and the option to mark where it does not go with another.
    pub(crate) attempts: Option<(u32, TokenStream)>,
    /// Whether tasks of a type that is no skill's id are its own.
    pub(crate) default: bool,
    pub(crate) blocking: Option<Ident>,
    /// What stands around the handler, the outermost first.
    pub(crate) layers: Vec<Expr>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}

/// What happens to a task that was being worked on when the process ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCrash {
    Retry,
    Fail,
}

/// A schema in a file, that others have published or rely on.
pub(crate) struct Published {
    /// The file, as it was written.
    pub(crate) file: LitStr,
    pub(crate) arguments: Vec<PublishedArgument>,
}

/// One argument in it.
pub(crate) struct PublishedArgument {
    pub(crate) name: String,
    /// Its `type`, where it is one word.
    pub(crate) kind: Option<String>,
    pub(crate) required: bool,
}

/// One parameter.
pub(crate) struct Arg {
    /// `None` for a pattern, as in `State(db): State<Db>`.
    pub(crate) name: Option<Name>,
    /// Whether the name is `rename`'s.
    pub(crate) renamed: bool,
    pub(crate) ty: Type,
    pub(crate) description: Expr,
    pub(crate) options: ArgOptions,
    /// The placeholder of the topic that fills it.
    pub(crate) level: Option<String>,
}

/// What `#[arg(..)]` says.
#[derive(Default)]
pub(crate) struct ArgOptions {
    /// The attribute, if there is one.
    pub(crate) place: Option<TokenStream>,
    pub(crate) range: Option<Limits>,
    pub(crate) length: Option<Limits>,
    pub(crate) pattern: Option<LitStr>,
    pub(crate) duration: Option<DurationText>,
    pub(crate) default: Option<Expr>,
    pub(crate) example: Option<Expr>,
    /// Said of a parameter that the agent gives, in a `#[remote]` trait.
    pub(crate) given: Option<Ident>,
}

/// How a duration stands on the wire.
#[derive(Clone, Copy)]
pub(crate) enum DurationText {
    /// `5s`
    Text,
    /// `PT5S`
    Iso8601,
}

/// `a..=b` and its like.
pub(crate) struct Limits {
    pub(crate) min: Option<Number>,
    pub(crate) max: Option<Number>,
    pub(crate) max_excluded: bool,
}

/// One end of a range.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

impl Number {
    /// Which of two numbers is larger: exact for whole ones.
    pub(crate) fn order(self, other: Self) -> Ordering {
        match (self.whole(), other.whole()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => self.float().total_cmp(&other.float()),
        }
    }

    fn whole(self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Uint(value) => Some(value.into()),
            Self::Float(_) => None,
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            // `-0.0` is `0.0` here.
            Self::Float(value) => value + 0.0,
        }
    }
}

/// What `#[mqtt_agent::test]` knows of a function.
pub(crate) struct Test {
    /// The function without the attributes, which go to the one that the test harness calls.
    pub(crate) function: ItemFn,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) parameters: Vec<Type>,
    pub(crate) agent: Option<Expr>,
    pub(crate) timeout_ms: Option<u64>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}
