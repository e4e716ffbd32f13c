//! Explains what does not fit, where, and what was expected there.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::plan::{Alternatives, Check, Choice, Id, Plan, Properties};
use super::run::{Run, TooComplex};
use super::types::Types;
use crate::json::push_step;

/// Something that does not fit.
#[derive(Debug)]
pub(in crate::schema) struct Wrong<'a> {
    /// Where, as a JSON pointer.
    pub(in crate::schema) pointer: String,
    pub(in crate::schema) what: Expected<'a>,
    /// What came; of what is missing the object without it.
    pub(in crate::schema) value: &'a Value,
}

/// What was expected.
#[derive(Debug, Clone)]
pub(in crate::schema) enum Expected<'a> {
    /// Another type.
    Type(Types),
    /// Another value, by this keyword.
    Keyword(&'a Check),
    /// This is missing: a value of these types, or one of these texts. Beside it are these, of which nothing is known.
    Member(Types, Vec<&'a str>, Vec<&'a str>),
    /// A text that is the tag of a variant.
    Tag(Vec<&'a str>),
    /// An object whose only member is one of these.
    Variant(Vec<&'a str>),
    /// An object with one of these members.
    OneOf(Vec<&'a str>),
    /// An object without all but one of these, which it has.
    OnlyOneOf(Vec<&'a str>),
    /// Nothing: no such member is known, but these are.
    Nothing(Vec<&'a str>),
    /// Another key: one that matches one of these patterns.
    Key(Vec<&'a str>),
    /// Something else within it, where the pointer would be too long.
    Within,
    /// What the whole schema asks for: to find out more would take too long.
    Schema,
}

/// The longest pointer, in bytes. Names of peers' own may be long; the answer need not be.
const LONGEST: usize = 2048;

/// So many members of an object are looked at for one that is meant by what is missing.
const BESIDE: usize = 32;

/// What does not fit of a value.
#[derive(Debug)]
pub(in crate::schema) enum Wrongs<'a> {
    /// All of it, up to a number.
    Found(Vec<Wrong<'a>>),
    /// To find out would take too long (`MCP-8a`).
    TooComplex,
}

impl Plan {
    /// What of a value does not fit, up to a number; `None` when it fits.
    pub(in crate::schema) fn wrongs<'a>(&'a self, value: &'a Value, most: usize) -> Option<Wrongs<'a>> {
        match self.fits(value) {
            Ok(true) => None,
            Ok(false) => Some(Wrongs::Found(self.explain(value, most))),
            Err(TooComplex) => Some(Wrongs::TooComplex),
        }
    }

    fn explain<'a>(&'a self, value: &'a Value, most: usize) -> Vec<Wrong<'a>> {
        let run = Run::to_explain(self, value);
        let mut explainer = Explainer { run, pointer: String::new(), too_long: 0, wrongs: Vec::new(), most };
        explainer.node(Self::ROOT, value);
        // What was found before the end of the steps is right, and it is known that something does not fit.
        if explainer.wrongs.is_empty() {
            explainer.wrongs.push(Wrong { pointer: String::new(), what: Expected::Schema, value });
        }
        explainer.wrongs
    }
}

struct Explainer<'a> {
    run: Run<'a, 'a>,
    pointer: String,
    /// How many steps are left out of the pointer, for it would be too long.
    too_long: usize,
    wrongs: Vec<Wrong<'a>>,
    most: usize,
}

impl<'a> Explainer<'a> {
    fn push(&mut self, what: Expected<'a>, value: &'a Value) {
        if self.is_full() {
            return;
        }
        let what = if self.too_long == 0 { what } else { Expected::Within };
        let is_told =
            |last: &Wrong<'_>| matches!(last.what, Expected::Within) && last.pointer == self.pointer;
        if !matches!(what, Expected::Within) || !self.wrongs.last().is_some_and(is_told) {
            self.wrongs.push(Wrong { pointer: self.pointer.clone(), what, value });
        }
    }

    fn is_full(&self) -> bool {
        self.wrongs.len() >= self.most || self.run.end().is_err()
    }

    /// Something of a part of the value.
    fn within(&mut self, step: &str, explain: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        let is_too_long = self.too_long > 0 || length + step.len() >= LONGEST;
        if is_too_long {
            self.too_long += 1;
        } else {
            push_step(&mut self.pointer, step);
        }
        explain(self);
        self.pointer.truncate(length);
        self.too_long = self.too_long.saturating_sub(usize::from(is_too_long));
    }

    fn node(&mut self, id: Id, value: &'a Value) {
        let Some(node) = self.run.node(id).filter(|_| !self.is_full()) else { return };
        if let Some(types) = node.types.filter(|types| !types.meet(Types::of(value))) {
            // All else would say the same once more.
            return self.push(Expected::Type(types), value);
        }
        let mut is_wrong = false;
        for check in &node.checks {
            // What is left unevaluated follows from what fits: where something does not, it would be told twice.
            let is_rest = matches!(check, Check::UnevaluatedItems(_) | Check::UnevaluatedProperties(_));
            if self.is_full() || is_wrong && is_rest {
                return;
            }
            if !self.run.check(node, check, value) && !self.is_full() {
                is_wrong = true;
                self.check(id, check, value);
            }
        }
    }

    fn check(&mut self, id: Id, check: &'a Check, value: &'a Value) {
        match (check, value) {
            (Check::All(all), value) => all.iter().for_each(|id| self.node(*id, value)),
            (Check::Ref(id), value) => self.node(*id, value),
            (Check::Any(alternatives), value) => self.alternatives(check, alternatives, value),
            (Check::One(alternatives), value) => self.alternatives(check, alternatives, value),
            (Check::If { condition, then, otherwise }, value) => {
                let branch = if self.run.visit(*condition, value) { then } else { otherwise };
                branch.iter().for_each(|id| self.node(*id, value));
            }
            (Check::DependentSchemas(schemas), value) => {
                for (_, id) in schemas.iter().filter(|(name, _)| value.get(name).is_some()) {
                    self.node(*id, value);
                }
            }
            (Check::Required(names), Value::Object(members)) => {
                let mut beside = None;
                for name in names.iter().filter(|name| !members.contains_key(*name)) {
                    let beside = beside.get_or_insert_with(|| self.unknown_beside(id, members));
                    let expected = Expected::Member(self.types_of(id, name), Vec::new(), beside.clone());
                    self.within(name, |this| this.push(expected, value));
                }
            }
            (Check::Properties(properties), Value::Object(members)) => self.properties(properties, members),
            (Check::UnevaluatedProperties(rest), Value::Object(members)) => {
                let Some(node) = self.run.node(id) else { return };
                let unevaluated = self.run.unevaluated_properties(node, value, members);
                let known = if self.is_closed(*rest) { self.names_of(id, value) } else { Vec::new() };
                let unknown = Expected::Nothing(known);
                for (name, member) in unevaluated {
                    self.member(name, member, *rest, &unknown);
                }
            }
            (Check::PrefixItems(prefix), Value::Array(items)) => {
                for (index, (id, item)) in prefix.iter().zip(items).enumerate() {
                    self.item(index, *id, item);
                }
            }
            (Check::Items { from, item }, Value::Array(items)) => {
                for (index, value) in items.iter().enumerate().skip(*from) {
                    self.item(index, *item, value);
                }
            }
            (check, value) => self.push(Expected::Keyword(check), value),
        }
    }

    fn item(&mut self, index: usize, id: Id, item: &'a Value) {
        if !self.is_full() && !self.run.visit(id, item) {
            self.within(&index.to_string(), |this| this.node(id, item));
        }
    }

    fn properties(&mut self, properties: &'a Properties, members: &'a Map<String, Value>) {
        let mut unknown = None;
        for (name, member) in members {
            for id in self.run.schemas_of(properties, name) {
                if self.is_full() {
                    return;
                }
                let unknown = unknown.get_or_insert_with(|| unknown_in(properties));
                self.member(name, member, id, unknown);
            }
        }
    }

    /// A member that does not fit; `unknown` is what to say where none of its name may be there.
    fn member(&mut self, name: &str, member: &'a Value, id: Id, unknown: &Expected<'a>) {
        if self.is_full() || self.run.visit(id, member) {
            return;
        }
        let closed = self.is_closed(id);
        self.within(name, |this| {
            if closed {
                this.push(unknown.clone(), member);
            } else {
                this.node(id, member);
            }
        });
    }

    /// Whether a node lets nothing in, as `additionalProperties: false` says it.
    fn is_closed(&self, id: Id) -> bool {
        self.run.node(id).is_some_and(|node| matches!(node.checks.as_slice(), [Check::Never]))
    }

    fn alternatives(&mut self, check: &'a Check, alternatives: &'a Alternatives, value: &'a Value) {
        let candidates: Vec<_> = self.run.candidates(alternatives, value).collect();
        if let (Some(choice), Value::Object(members)) = (&alternatives.choice, value) {
            return match candidates.as_slice() {
                [] => self.no_variant(choice, value, members),
                [only] => self.node(*only, value),
                several => self.several(check, choice, several, value, members),
            };
        }
        match candidates.as_slice() {
            [] => {
                let types = alternatives.all.iter().fold(Types::NONE, |types, one| types.with(one.types));
                self.push(Expected::Type(types), value);
            }
            // Of an `Option` of something, the something.
            [only] if !self.run.visit(*only, value) => self.node(*only, value),
            _ => self.push(Expected::Keyword(check), value),
        }
    }

    /// An object that is none of the variants of an enum.
    fn no_variant(&mut self, choice: &'a Choice, value: &'a Value, members: &'a Map<String, Value>) {
        let sorted = |names: &'a std::collections::HashMap<String, Id>| {
            let mut names: Vec<&str> = names.keys().map(String::as_str).collect();
            names.sort_unstable();
            names
        };
        match choice {
            Choice::Tag { name, values } => {
                let tags = sorted(values);
                match members.get(name) {
                    Some(tag) => self.within(name, |this| this.push(Expected::Tag(tags), tag)),
                    None => {
                        self.within(name, |this| {
                            this.push(Expected::Member(Types::STRING, tags, Vec::new()), value)
                        });
                    }
                }
            }
            Choice::Key(names) => self.push(Expected::Variant(sorted(names)), value),
            Choice::Member(names) => self.push(Expected::OneOf(sorted(names)), value),
        }
    }

    /// An object that may be several of the variants, for it has a member of each.
    fn several(
        &mut self,
        check: &'a Check,
        choice: &'a Choice,
        candidates: &[Id],
        value: &'a Value,
        members: &'a Map<String, Value>,
    ) {
        let fitting: Vec<_> = candidates.iter().filter(|id| self.run.visit(**id, value)).collect();
        let expected = match choice {
            Choice::Member(names) if fitting.len() > 1 => {
                let fits = |name: &&String| names.get(*name).is_some_and(|id| fitting.contains(&id));
                let mut names: Vec<_> = members.keys().filter(fits).map(String::as_str).collect();
                names.sort_unstable();
                Expected::OnlyOneOf(names)
            }
            _ => Expected::Keyword(check),
        };
        self.push(expected, value);
    }

    /// The members that a node names, and those nodes that it asks about the same value and that fit.
    fn names_of(&mut self, id: Id, value: &'a Value) -> Vec<&'a str> {
        let (mut names, mut seen, mut open) = (BTreeSet::new(), HashSet::new(), vec![id]);
        while let Some(id) = open.pop() {
            let Some(node) = self.run.node(id).filter(|_| seen.insert(id)) else { continue };
            for check in &node.checks {
                if let Check::Properties(properties) = check {
                    names.extend(properties.named.keys().map(String::as_str));
                }
            }
            open.extend(node.on_the_same_value().filter(|id| self.run.visit(*id, value)));
        }
        names.into_iter().collect()
    }

    /// Some members that a node does not name, where they are let in all the same: otherwise each is told as unknown.
    fn unknown_beside(&self, id: Id, members: &'a Map<String, Value>) -> Vec<&'a str> {
        let checks = self.run.node(id).map(|node| node.checks.as_slice()).unwrap_or_default();
        let properties = checks.iter().find_map(|check| match check {
            Check::Properties(properties) => Some(properties),
            _ => None,
        });
        let Some(properties) =
            properties.filter(|known| !known.additional.is_some_and(|rest| self.is_closed(rest)))
        else {
            return Vec::new();
        };
        let is_unknown = |name: &&str| !properties.named.contains_key(*name);
        members.keys().take(BESIDE).map(String::as_str).filter(is_unknown).collect()
    }

    /// The types of a member that is missing.
    fn types_of(&self, id: Id, name: &str) -> Types {
        let checks = self.run.node(id).map(|node| node.checks.as_slice()).unwrap_or_default();
        let schema = checks.iter().find_map(|check| match check {
            Check::Properties(properties) => properties.named.get(name),
            _ => None,
        });
        schema.and_then(|id| self.run.node(*id)).and_then(|node| node.types).unwrap_or(Types::ANY)
    }
}

/// What to say of a member that an object may not have: of a map, what its keys are.
fn unknown_in(properties: &Properties) -> Expected<'_> {
    let mut known: Vec<&str> = properties.named.keys().map(String::as_str).collect();
    known.sort_unstable();
    if known.is_empty() && !properties.patterns.is_empty() {
        return Expected::Key(properties.patterns.iter().map(|(pattern, _)| pattern.text()).collect());
    }
    Expected::Nothing(known)
}
