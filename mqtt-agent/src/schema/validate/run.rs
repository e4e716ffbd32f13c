//! Checks whether a value fits. Every step is counted, and a node that is reached several times checks each value once.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::equal::{all_differ, equal};
use super::number::{self, compare, is_multiple};
use super::plan::{Alternatives, Check, Id, Node, Plan, Properties};
use super::size::{BYTES_IN_A_STEP, Size};
use super::types::Types;

/// Steps that any check may take.
const STEPS: u64 = 100_000;
/// Steps that a check may take for each value in what is checked, beyond those.
const STEPS_FOR_A_VALUE: u64 = 64;
/// The same where there are many alternatives, for each of those.
const STEPS_FOR_AN_ALTERNATIVE: u64 = 4;
/// Steps that a check may take for each byte of text, beyond those, for each that the patterns of one place take.
const STEPS_FOR_A_PATTERN: u64 = 4;
/// Nodes within nodes. serde_json reads 128 levels; a level of a value has some four nodes.
const DEPTH: u32 = 768;

/// A check took more steps than it may (`MCP-8a`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooComplex;

impl Plan {
    /// Whether a value fits.
    pub(super) fn fits(&self, value: &Value) -> Result<bool, TooComplex> {
        let mut run = Run::new(self, value);
        let fits = run.visit(Self::ROOT, value);
        run.end().map(|()| fits)
    }
}

/// One check.
pub(super) struct Run<'p, 'v> {
    pub(super) plan: &'p Plan,
    whole: &'v Value,
    steps: u64,
    limit: u64,
    depth: u32,
    is_over: bool,
    /// Whether all is asked again, to find out what does not fit.
    explains: bool,
    /// What nodes came to that are asked again, by where the value is in memory.
    known: HashMap<(Id, *const Value), bool>,
    /// Values that are made for the check alone are not remembered by their place.
    passing: u32,
}

impl<'p, 'v> Run<'p, 'v> {
    pub(super) fn new(plan: &'p Plan, whole: &'v Value) -> Self {
        Self {
            plan,
            whole,
            steps: 0,
            limit: STEPS,
            depth: 0,
            is_over: false,
            explains: false,
            known: HashMap::new(),
            passing: 0,
        }
    }

    /// One that is asked again and again, about the whole and then about its parts: it remembers what all came to.
    pub(super) fn to_explain(plan: &'p Plan, whole: &'v Value) -> Self {
        Self { explains: true, ..Self::new(plan, whole) }
    }

    /// Whether it came to its end within the limit; what it said is worth nothing otherwise.
    pub(super) fn end(&self) -> Result<(), TooComplex> {
        if self.is_over { Err(TooComplex) } else { Ok(()) }
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Counts steps; `false` when there are no more.
    pub(super) fn step(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        if self.steps > self.limit && !self.is_over {
            // Looked at when it matters: most checks are far below.
            self.limit = self.limit_of(Size::of(self.whole));
            self.is_over = self.steps > self.limit;
        }
        !self.is_over
    }

    /// In proportion to the value and to the widest place of the schema.
    fn limit_of(&self, size: Size) -> u64 {
        let at_most = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let for_a_value =
            at_most(self.plan.widest).saturating_mul(STEPS_FOR_AN_ALTERNATIVE).max(STEPS_FOR_A_VALUE);
        let for_a_byte = at_most(self.plan.heaviest).saturating_mul(STEPS_FOR_A_PATTERN).max(1);
        let values = size.values.saturating_mul(for_a_value);
        STEPS.saturating_add(values).saturating_add(size.bytes.saturating_mul(for_a_byte))
    }

    pub(super) fn node(&self, id: Id) -> Option<&'p Node> {
        self.plan.nodes.get(id)
    }

    /// Whether a value fits a node.
    pub(super) fn visit(&mut self, id: Id, value: &Value) -> bool {
        if !self.step(1) || self.depth >= DEPTH {
            self.is_over = true;
            return false;
        }
        let Some(node) = self.node(id) else { return true };
        if node.types.is_some_and(|types| !types.meet(Types::of(value))) {
            return false;
        }
        // Of what has nothing in it the answer costs less than remembering it.
        let is_asked_again =
            if self.explains { !node.checks.is_empty() } else { node.is_shared && holds_values(value) };
        let is_kept = is_asked_again && self.passing == 0;
        let key = is_kept.then(|| (id, std::ptr::from_ref(value)));
        if let Some(known) = key.and_then(|key| self.known.get(&key)) {
            return *known;
        }
        self.depth += 1;
        let fits = node.checks.iter().all(|check| self.check(node, check, value));
        self.depth -= 1;
        if let Some(key) = key {
            self.known.insert(key, fits);
        }
        fits
    }

    /// Whether a value fits one keyword of a node.
    pub(super) fn check(&mut self, node: &'p Node, check: &'p Check, value: &Value) -> bool {
        match (check, value) {
            (Check::Never, _) => false,
            (Check::Enum(values), value) => self.step(values.steps(value)) && values.holds(value),
            (Check::Const(constant), value) => {
                self.step(Size::of(constant).steps()) && equal(constant, value)
            }
            (Check::All(all), value) => all.iter().all(|id| self.visit(*id, value)),
            (Check::Any(alternatives), value) => {
                self.candidates(alternatives, value).any(|id| self.visit(id, value))
            }
            (Check::One(alternatives), value) => {
                let mut fitting = 0;
                for id in self.candidates(alternatives, value) {
                    fitting += usize::from(self.visit(id, value));
                    if fitting > 1 {
                        return false;
                    }
                }
                fitting == 1
            }
            (Check::Not(not), value) => !self.visit(*not, value),
            (Check::Ref(id), value) => self.visit(*id, value),
            (Check::If { condition, then, otherwise }, value) => {
                let branch = if self.visit(*condition, value) { then } else { otherwise };
                branch.is_none_or(|id| self.visit(id, value))
            }
            (Check::UnevaluatedItems(rest), Value::Array(items)) => {
                self.unevaluated_items(node, value, items).into_iter().all(|item| self.visit(*rest, item))
            }
            (Check::UnevaluatedProperties(rest), Value::Object(members)) => {
                let unevaluated = self.unevaluated_properties(node, value, members);
                unevaluated.into_iter().all(|(_, member)| self.visit(*rest, member))
            }
            (_, Value::Number(number)) if !self.step(number::length(number) / BYTES_IN_A_STEP) => false,
            (check, Value::Number(number)) => match check {
                Check::MultipleOf(of) => is_multiple(number, of),
                Check::Minimum { limit, excluded } => match compare(number, limit) {
                    Ordering::Less => false,
                    Ordering::Equal => !excluded,
                    Ordering::Greater => true,
                },
                Check::Maximum { limit, excluded } => match compare(number, limit) {
                    Ordering::Less => true,
                    Ordering::Equal => !excluded,
                    Ordering::Greater => false,
                },
                _ => true,
            },
            (check, Value::String(text)) => self.string(check, text),
            (check, Value::Array(items)) => self.array(check, items),
            (check, Value::Object(members)) => self.object(check, value, members),
            _ => true,
        }
    }

    fn string(&mut self, check: &Check, text: &str) -> bool {
        match check {
            Check::MinLength(least) => self.step(text.len() / BYTES_IN_A_STEP) && length(text) >= *least,
            Check::MaxLength(most) => self.step(text.len() / BYTES_IN_A_STEP) && length(text) <= *most,
            Check::Pattern(pattern) => self.step(pattern.steps(text)) && pattern.is_match(text),
            _ => true,
        }
    }

    fn array(&mut self, check: &Check, items: &[Value]) -> bool {
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        match check {
            Check::MinItems(least) => count >= *least,
            Check::MaxItems(most) => count <= *most,
            Check::UniqueItems => {
                // All that is in them is hashed.
                let steps = items.iter().map(|item| Size::of(item).steps()).fold(0, usize::saturating_add);
                self.step(steps) && all_differ(items)
            }
            Check::Contains { item, least, most } => {
                let mut found = 0;
                for value in items {
                    found += u64::from(self.visit(*item, value));
                    if most.is_none() && found >= *least {
                        break;
                    }
                }
                found >= *least && most.is_none_or(|most| found <= most)
            }
            Check::PrefixItems(prefix) => prefix.iter().zip(items).all(|(id, item)| self.visit(*id, item)),
            Check::Items { from, item } => items.iter().skip(*from).all(|value| self.visit(*item, value)),
            _ => true,
        }
    }

    fn object(&mut self, check: &'p Check, value: &Value, members: &Map<String, Value>) -> bool {
        let count = u64::try_from(members.len()).unwrap_or(u64::MAX);
        match check {
            Check::MinProperties(least) => count >= *least,
            Check::MaxProperties(most) => count <= *most,
            Check::Required(names) => {
                self.step(names.len() / 8) && names.iter().all(|name| members.contains_key(name))
            }
            Check::DependentRequired(all) => all.iter().all(|(name, required)| {
                self.step(1 + required.len() / 8)
                    && (!members.contains_key(name) || required.iter().all(|name| members.contains_key(name)))
            }),
            Check::Properties(properties) => members
                .iter()
                .all(|(name, member)| self.schemas_of(properties, name).all(|id| self.visit(id, member))),
            Check::PropertyNames(id) => {
                self.passing += 1;
                let fit = members.keys().all(|name| {
                    self.step(name.len() / BYTES_IN_A_STEP) && self.visit(*id, &Value::String(name.clone()))
                });
                self.passing -= 1;
                fit
            }
            Check::DependentSchemas(schemas) => {
                schemas.iter().all(|(name, id)| !members.contains_key(name) || self.visit(*id, value))
            }
            _ => true,
        }
    }

    /// The schemas of a member, each pattern looked at.
    pub(super) fn schemas_of<'a>(
        &mut self,
        properties: &'a Properties,
        name: &'a str,
    ) -> impl Iterator<Item = Id> + use<'a> {
        self.step(properties.patterns.iter().map(|(pattern, _)| pattern.steps(name)).sum());
        properties.schemas_of(name)
    }

    /// The alternatives that a value may be.
    pub(super) fn candidates<'a>(
        &mut self,
        alternatives: &'a Alternatives,
        value: &'a Value,
    ) -> impl Iterator<Item = Id> + use<'a> {
        self.step(alternatives.steps(value));
        alternatives.candidates(value)
    }
}

fn holds_values(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}
