//! What the macros know of an item, after parsing and before rendering: here of a function, in [`error`] of a type, in
//! [`test`] of a test.

pub(crate) mod error;
pub(crate) mod test;

use std::cmp::Ordering;

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Attribute, Expr, LitStr, Path, Type, Visibility};

/// A function with `#[tool]`.
pub(crate) struct Tool {
    /// What the definition needs of the function's attributes: each `#[cfg(..)]`, and leave to call what is deprecated.
    pub(crate) shared: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) is_async: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) reply: Type,
    pub(crate) name: Name,
    pub(crate) description: Option<Expr>,
    pub(crate) words: ToolWords,
}

/// A name on the wire, and where it was written.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// What `#[tool(..)]` says beside the name.
#[derive(Default)]
pub(crate) struct ToolWords {
    pub(crate) title: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) allow: Option<Vec<LitStr>>,
    /// `read_only` and its like, with their values.
    pub(crate) hints: Vec<(Ident, bool)>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) blocking: Option<Ident>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}

/// One parameter.
pub(crate) struct Arg {
    /// `None` for a pattern, as in `State(db): State<Db>`.
    pub(crate) name: Option<Name>,
    /// Whether the name is `rename`'s.
    pub(crate) renamed: bool,
    pub(crate) ty: Type,
    pub(crate) description: Expr,
    pub(crate) words: ArgWords,
}

/// What `#[arg(..)]` says.
#[derive(Default)]
pub(crate) struct ArgWords {
    /// The attribute, if there is one.
    pub(crate) place: Option<TokenStream>,
    pub(crate) range: Option<Limits>,
    pub(crate) length: Option<Limits>,
    pub(crate) pattern: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) example: Option<Expr>,
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
