//! A schema as it is checked: flat nodes that name each other by number.

use std::collections::HashMap;

use serde_json::{Number, Value};

use super::pattern::Pattern;
use super::types::Types;

/// The number of a node.
pub(super) type Id = usize;

/// A compiled schema. The first node is its root.
#[derive(Debug)]
pub(in crate::schema) struct Plan {
    pub(super) nodes: Vec<Node>,
}

impl Plan {
    pub(super) const ROOT: Id = 0;
}

/// One schema.
#[derive(Debug)]
pub(super) struct Node {
    /// `type`, where it says one.
    pub(super) types: Option<Types>,
    pub(super) checks: Vec<Check>,
    /// Whether several others lead here: what it comes to for a value is kept then, so that it looks at each once.
    pub(super) is_shared: bool,
}

impl Node {
    pub(super) fn new() -> Self {
        Self { types: None, checks: Vec::new(), is_shared: false }
    }
}

/// A keyword, or several that belong together. Each says nothing of values of other types than its own.
#[derive(Debug)]
pub(in crate::schema) enum Check {
    /// `false`.
    Never,
    Enum(Vec<Value>),
    Const(Value),
    MultipleOf(Number),
    Minimum {
        limit: Number,
        excluded: bool,
    },
    Maximum {
        limit: Number,
        excluded: bool,
    },
    MinLength(u64),
    MaxLength(u64),
    Pattern(Pattern),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    /// `contains` with `minContains` and `maxContains`.
    Contains {
        item: Id,
        least: u64,
        most: Option<u64>,
    },
    PrefixItems(Vec<Id>),
    /// Of the items from this one on.
    Items {
        from: usize,
        item: Id,
    },
    MinProperties(u64),
    MaxProperties(u64),
    Required(Vec<String>),
    DependentRequired(Vec<(String, Vec<String>)>),
    Properties(Properties),
    PropertyNames(Id),
    All(Vec<Id>),
    Any(Alternatives),
    One(Alternatives),
    Not(Id),
    If {
        condition: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
    },
    DependentSchemas(Vec<(String, Id)>),
    Ref(Id),
    /// After all others: they say what was evaluated.
    UnevaluatedItems(Id),
    UnevaluatedProperties(Id),
}

/// `properties`, `patternProperties` and `additionalProperties`.
#[derive(Debug, Default)]
pub(in crate::schema) struct Properties {
    pub(super) named: HashMap<String, Id>,
    pub(super) patterns: Vec<(Pattern, Id)>,
    pub(super) additional: Option<Id>,
}

/// The schemas of `anyOf` or `oneOf`.
#[derive(Debug)]
pub(in crate::schema) struct Alternatives {
    pub(super) all: Vec<Alternative>,
    /// How those that are objects are told apart.
    pub(super) choice: Option<Choice>,
}

#[derive(Debug)]
pub(super) struct Alternative {
    pub(super) node: Id,
    /// What it can be at all.
    pub(super) types: Types,
}

/// What tells by one look which alternative an object can be; it can be no other one.
#[derive(Debug)]
pub(super) enum Choice {
    /// A member of this name has another constant in each: `{"kind": "circle", ..}`.
    Tag { name: String, values: HashMap<String, Id> },
    /// The only member has another name in each: `{"circle": {..}}`.
    Key(HashMap<String, Id>),
}
