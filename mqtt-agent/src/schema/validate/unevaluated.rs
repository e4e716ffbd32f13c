//! `unevaluatedItems` and `unevaluatedProperties`: what no other keyword has evaluated, also in `allOf`, `$ref` and so
//! on.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::plan::{Check, Id, Node};
use super::run::Run;

impl<'p> Run<'p, '_> {
    /// The members that a node's other keywords leave unevaluated.
    pub(super) fn unevaluated_properties<'m>(
        &mut self,
        node: &Node,
        value: &Value,
        members: &'m Map<String, Value>,
    ) -> Vec<(&'m str, &'m Value)> {
        let mut left: Vec<_> = members.iter().map(|(name, member)| (name.as_str(), member)).collect();
        self.evaluate_properties(node, value, &mut left, &mut HashSet::new());
        left
    }

    fn evaluate_properties(
        &mut self,
        node: &Node,
        value: &Value,
        left: &mut Vec<(&str, &Value)>,
        seen: &mut HashSet<Id>,
    ) {
        for check in &node.checks {
            if left.is_empty() || !self.step(1) {
                return;
            }
            match check {
                Check::Properties(properties) if properties.additional.is_some() => left.clear(),
                Check::Properties(properties) => {
                    self.step(left.len());
                    left.retain(|(name, _)| self.schemas_of(properties, name).next().is_none());
                }
                check => {
                    for node in self.applied(check, value, seen) {
                        // A part of the schema that has the keyword as well has left none.
                        if node.checks.iter().any(|check| matches!(check, Check::UnevaluatedProperties(_))) {
                            left.clear();
                        }
                        self.evaluate_properties(node, value, left, seen);
                    }
                }
            }
        }
    }

    /// The items that a node's other keywords leave unevaluated.
    pub(super) fn unevaluated_items<'i>(
        &mut self,
        node: &Node,
        value: &Value,
        items: &'i [Value],
    ) -> Vec<&'i Value> {
        let mut left = vec![true; items.len()];
        self.evaluate_items(node, value, items, &mut left, &mut HashSet::new());
        items.iter().zip(left).filter(|(_, left)| *left).map(|(item, _)| item).collect()
    }

    fn evaluate_items(
        &mut self,
        node: &Node,
        value: &Value,
        items: &[Value],
        left: &mut [bool],
        seen: &mut HashSet<Id>,
    ) {
        for check in &node.checks {
            if !left.contains(&true) || !self.step(1 + items.len() / 8) {
                return;
            }
            match check {
                Check::Items { .. } => left.fill(false),
                Check::PrefixItems(prefix) => {
                    left.iter_mut().take(prefix.len()).for_each(|left| *left = false)
                }
                Check::Contains { item, .. } => {
                    for (left, value) in left.iter_mut().zip(items) {
                        *left = *left && !self.visit(*item, value);
                    }
                }
                check => {
                    for node in self.applied(check, value, seen) {
                        if node.checks.iter().any(|check| matches!(check, Check::UnevaluatedItems(_))) {
                            left.fill(false);
                        }
                        self.evaluate_items(node, value, items, left, seen);
                    }
                }
            }
        }
    }

    /// The nodes that a keyword applies to the same value, as far as this fits them and they were not looked at.
    fn applied(&mut self, check: &Check, value: &Value, seen: &mut HashSet<Id>) -> Vec<&'p Node> {
        let candidates = match check {
            Check::All(all) => all.clone(),
            Check::Any(alternatives) | Check::One(alternatives) => {
                self.candidates(alternatives, value).collect()
            }
            Check::Ref(id) => vec![*id],
            Check::If { condition, then, otherwise } => {
                let holds = self.visit(*condition, value);
                let branch = if holds { then } else { otherwise };
                holds.then_some(*condition).into_iter().chain(*branch).collect()
            }
            Check::DependentSchemas(schemas) => {
                let is_there = |name: &str| value.get(name).is_some();
                schemas.iter().filter(|(name, _)| is_there(name)).map(|(_, id)| *id).collect()
            }
            _ => Vec::new(),
        };
        let fit = candidates.into_iter().filter(|id| self.visit(*id, value) && seen.insert(*id));
        let fit: Vec<_> = fit.collect();
        fit.into_iter().filter_map(|id| self.node(id)).collect()
    }
}
