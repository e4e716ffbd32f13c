//! The definition of one parameter of a handler.

use serde_json::Value;

use crate::handler::param::Need;

/// A parameter: its name on the wire, its description, its need and its restrictions.
#[derive(Debug, Clone, Copy)]
pub struct ArgDef {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) need: Need,
    pub(crate) range: Option<Bounds>,
    pub(crate) length: Option<Bounds>,
    pub(crate) pattern: Option<&'static str>,
    pub(crate) default: Option<fn() -> serde_json::Result<Value>>,
    pub(crate) example: Option<fn() -> serde_json::Result<Value>>,
}

impl ArgDef {
    /// A parameter; `need` is its type's [`Param::NEED`](crate::handler::param::Param::NEED).
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str, need: Need) -> Self {
        Self {
            name,
            description,
            need,
            range: None,
            length: None,
            pattern: None,
            default: None,
            example: None,
        }
    }

    /// Sets the smallest and largest number.
    #[must_use]
    pub const fn range(mut self, bounds: Bounds) -> Self {
        self.range = Some(bounds);
        self
    }

    /// Sets the minimum and maximum number of characters of a string, or items of an array.
    #[must_use]
    pub const fn length(mut self, bounds: Bounds) -> Self {
        self.length = Some(bounds);
        self
    }

    /// Sets the regular expression that a string must match.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Sets the default value.
    #[must_use]
    pub const fn default(mut self, default: fn() -> serde_json::Result<Value>) -> Self {
        self.default = Some(default);
        self
    }

    /// Sets an example for the schema.
    #[must_use]
    pub const fn example(mut self, example: fn() -> serde_json::Result<Value>) -> Self {
        self.example = Some(example);
        self
    }
}

/// A lower and an upper bound; each may be absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The lower bound, inclusive.
    pub min: Option<Bound>,
    /// The upper bound.
    pub max: Option<Bound>,
    /// Whether the upper bound is exclusive, as in `0.0..1.0`.
    pub max_excluded: bool,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// A whole number.
    Int(i64),
    /// A whole number over `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
}
