//! Replaces references by the schemas that they refer to.

use std::collections::HashSet;

use serde_json::Value;

use super::steps;
use crate::schema::dialect::reference;

/// How much inlining may add, in values and bytes of text. What would add more is left as it is.
const MOST: usize = 1_000_000;

/// How many schemas deep references are replaced.
const DEEPEST: usize = 60;

/// Replaces every reference but those of a type that holds itself. All or nothing: a schema that would grow too large
/// keeps its references.
pub(super) fn inline(root: &mut Value) {
    let endless = reference::endless(root);
    let original = root.clone();
    let mut inlining = Inlining { root: &original, endless, left: MOST };
    if inlining.replace(root, 0).is_none() {
        *root = original;
        return;
    }
    if !has_references(root)
        && let Some(root) = root.as_object_mut()
    {
        root.remove("$defs");
        root.remove("definitions");
    }
}

struct Inlining<'a> {
    root: &'a Value,
    endless: HashSet<String>,
    left: usize,
}

impl Inlining<'_> {
    /// `None` when it would become too large.
    fn replace(&mut self, schema: &mut Value, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(replaced) = self.target(schema) {
            self.left = self.left.checked_sub(size(&replaced))?;
            *schema = replaced;
            return self.replace(schema, depth + 1);
        }
        let Value::Object(schema) = schema else { return Some(()) };
        let mut outcome = Some(());
        steps::children(schema, &mut |child, _| {
            if outcome.is_some() {
                outcome = self.replace(child, depth + 1);
            }
        });
        outcome
    }

    /// What takes the place of a reference; what is said beside it wins over what its target says.
    fn target(&self, schema: &Value) -> Option<Value> {
        const NOTES: &[&str] = &["$ref", "default", "deprecated", "description", "examples", "title"];
        let beside = schema.as_object()?;
        let reference = beside.get("$ref")?.as_str()?;
        if self.endless.contains(&*reference::local(reference)?)
            || beside.keys().any(|keyword| !NOTES.contains(&keyword.as_str()))
        {
            return None;
        }
        let mut target = reference::target(self.root, reference)?.clone();
        if let Value::Object(target) = &mut target {
            let notes = beside.iter().filter(|(keyword, _)| *keyword != "$ref");
            target.extend(notes.map(|(keyword, value)| (keyword.clone(), value.clone())));
        }
        Some(target)
    }
}

/// Values and bytes of text.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => {
            1 + fields.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

fn has_references(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().any(has_references),
        Value::Object(fields) => {
            fields.get("$ref").is_some_and(Value::is_string)
                || fields
                    .iter()
                    .any(|(name, value)| name != "$defs" && name != "definitions" && has_references(value))
        }
        _ => false,
    }
}
