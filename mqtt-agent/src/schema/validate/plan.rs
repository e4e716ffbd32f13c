//! A compiled schema: flat nodes that refer to each other by number.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Number, Value};

use super::equal::equal;
use super::pattern::Pattern;
use super::size::{BYTES_IN_A_STEP, Size};
use super::types::Types;

/// The number of a node.
pub(super) type Id = usize;

/// A compiled schema. The first node is its root.
#[derive(Debug)]
pub(in crate::schema) struct Plan {
    pub(super) nodes: Vec<Node>,
    /// The most alternatives, values or patterns that there are in one place.
    pub(super) widest: usize,
    /// The most steps that the patterns of one place take for a byte.
    pub(super) heaviest: usize,
}

impl Plan {
    pub(super) const ROOT: Id = 0;

    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let width = |check: &Check| match check {
            Check::Any(alternatives) | Check::One(alternatives) => alternatives.all.len(),
            Check::Enum(values) => values.others,
            Check::Properties(properties) => properties.patterns.len(),
            _ => 0,
        };
        let weight = |check: &Check| match check {
            Check::Pattern(pattern) => pattern.steps_for_a_byte(),
            Check::Properties(properties) => {
                properties.patterns.iter().map(|(pattern, _)| pattern.steps_for_a_byte()).sum()
            }
            _ => 0,
        };
        let heaviest = nodes.iter().flat_map(|node| &node.checks).map(weight).max().unwrap_or_default();
        let widest = nodes.iter().flat_map(|node| &node.checks).map(width).max().unwrap_or_default();
        let mut plan = Self { nodes, widest, heaviest };
        plan.share_what_unevaluated_asks_again();
        plan
    }

    /// `unevaluated..` asks what was asked before: of the same value, and of items by `contains`.
    fn share_what_unevaluated_asks_again(&mut self) {
        let asks = |node: &&Node| {
            let is_rest =
                |check: &Check| matches!(check, Check::UnevaluatedItems(_) | Check::UnevaluatedProperties(_));
            node.checks.iter().any(is_rest)
        };
        let mut open: Vec<Id> = self.nodes.iter().filter(asks).flat_map(Node::asked_again).collect();
        while let Some(node) = open.pop().and_then(|id| self.nodes.get_mut(id)) {
            // Nodes to which several lead are shared already, but not what they lead to.
            if !std::mem::replace(&mut node.is_asked_again, true) {
                node.is_shared = true;
                open.extend(node.asked_again());
            }
        }
    }
}

/// One schema.
#[derive(Debug)]
pub(super) struct Node {
    /// `type`, where it says one.
    pub(super) types: Option<Types>,
    pub(super) checks: Vec<Check>,
    /// Whether several others lead here: what it comes to for a value is kept then, so that it looks at each once.
    pub(super) is_shared: bool,
    /// Whether this is so for `unevaluated..` above it.
    is_asked_again: bool,
}

impl Node {
    pub(super) fn new() -> Self {
        Self { types: None, checks: Vec::new(), is_shared: false, is_asked_again: false }
    }

    /// The nodes that it asks about the value that it was asked about itself.
    pub(super) fn on_the_same_value(&self) -> impl Iterator<Item = Id> + '_ {
        self.checks.iter().flat_map(Check::on_the_same_value)
    }

    fn asked_again(&self) -> Vec<Id> {
        let of_items = self.checks.iter().filter_map(|check| match check {
            Check::Contains { item, .. } => Some(*item),
            _ => None,
        });
        self.on_the_same_value().chain(of_items).collect()
    }
}

/// A keyword, or several that belong together. Each says nothing of values of other types than its own.
#[derive(Debug)]
pub(in crate::schema) enum Check {
    /// `false`.
    Never,
    Enum(Enumeration),
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

impl Check {
    fn on_the_same_value(&self) -> Vec<Id> {
        match self {
            Self::All(all) => all.clone(),
            Self::Any(alternatives) | Self::One(alternatives) => {
                alternatives.all.iter().map(|alternative| alternative.node).collect()
            }
            Self::Not(node) | Self::Ref(node) => vec![*node],
            Self::If { condition, then, otherwise } => {
                [Some(*condition), *then, *otherwise].into_iter().flatten().collect()
            }
            Self::DependentSchemas(schemas) => schemas.iter().map(|(_, node)| *node).collect(),
            _ => Vec::new(),
        }
    }
}

/// The values of an `enum`; texts are looked up, however many there are.
#[derive(Debug)]
pub(in crate::schema) struct Enumeration {
    pub(in crate::schema) values: Vec<Value>,
    texts: HashSet<String>,
    /// How many values there are in those that are no texts.
    others: usize,
}

impl Enumeration {
    pub(super) fn new(values: Vec<Value>) -> Self {
        let texts: HashSet<_> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let others =
            values.iter().filter(|value| !value.is_string()).map(|value| Size::of(value).steps()).sum();
        Self { values, texts, others }
    }

    /// What it takes to find out whether it holds a value.
    pub(super) fn steps(&self, value: &Value) -> usize {
        match value {
            Value::String(text) => 1 + text.len() / BYTES_IN_A_STEP,
            _ => self.others,
        }
    }

    pub(super) fn holds(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.texts.contains(text),
            value => self.values.iter().any(|allowed| !allowed.is_string() && equal(allowed, value)),
        }
    }
}

/// `properties`, `patternProperties` and `additionalProperties`.
#[derive(Debug, Default)]
pub(in crate::schema) struct Properties {
    pub(super) named: HashMap<String, Id>,
    pub(super) patterns: Vec<(Pattern, Id)>,
    pub(super) additional: Option<Id>,
}

impl Properties {
    /// The schemas that a member has to fit.
    pub(super) fn schemas_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Id> + 'a {
        let patterns = self.patterns.iter().filter(move |(pattern, _)| pattern.is_match(name));
        let mut own = self.named.get(name).copied().into_iter().chain(patterns.map(|(_, id)| *id)).peekable();
        let rest = if own.peek().is_none() { self.additional } else { None };
        own.chain(rest)
    }
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
    /// Each requires a member of another name, beside others: `{"circle": {..}, "color": ".."}`.
    Member(HashMap<String, Id>),
}

impl Alternatives {
    /// Those that a value may be: all others are known not to fit.
    pub(super) fn candidates<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = Id> + 'a {
        let chosen = match (&self.choice, value) {
            (Some(choice), Value::Object(members)) => Some(choice.of(members)),
            _ => None,
        };
        let open = if chosen.is_some() { [].as_slice() } else { self.all.as_slice() };
        let types = Types::of(value);
        let may_fit = open.iter().filter(move |alternative| alternative.types.meet(types));
        chosen.into_iter().flatten().chain(may_fit.map(|alternative| alternative.node))
    }

    /// What it takes to find those.
    pub(super) fn steps(&self, value: &Value) -> usize {
        match (&self.choice, value) {
            (Some(Choice::Member(_)), Value::Object(members)) => members.len() / 8,
            (Some(_), Value::Object(_)) => 0,
            _ => self.all.len() / 8,
        }
    }
}

impl Choice {
    /// The alternatives that an object can be: one or none, but for several members.
    pub(super) fn of<'a>(&'a self, members: &'a Map<String, Value>) -> impl Iterator<Item = Id> + 'a {
        let (one, several) = match self {
            Self::Tag { name, values } => {
                let tag = members.get(name).and_then(Value::as_str);
                (tag.and_then(|tag| values.get(tag)), None)
            }
            Self::Key(names) => {
                let mut keys = members.keys();
                let only = keys.next().filter(|_| keys.next().is_none());
                (only.and_then(|only| names.get(only)), None)
            }
            Self::Member(names) => (None, Some(members.keys().filter_map(|name| names.get(name)))),
        };
        one.into_iter().chain(several.into_iter().flatten()).copied()
    }
}
