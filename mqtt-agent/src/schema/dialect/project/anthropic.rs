//! The projection for Anthropic's tools, with `strict` as far as possible.

use serde_json::{Map, Value};

use super::steps::{self, Of};
use crate::schema::dialect::checks::{is_composed, is_map, is_object};

/// The formats of `strict`.
pub(in crate::schema::dialect) const FORMATS: &[&str] =
    &["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];

/// What `strict` refuses, and a description cannot say: it stays, for the API without `strict` takes it.
pub(in crate::schema::dialect) const KEPT: &[&str] = &[
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "not",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
];

/// What `strict` takes, and what has a rule of its own.
pub(in crate::schema::dialect) const KEYWORDS: &[&str] = &[
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "definitions",
    "dependentRequired",
    "dependentSchemas",
    "description",
    "else",
    "enum",
    "format",
    "if",
    "items",
    "minItems",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "title",
    "type",
];

pub(super) fn rewrite(schema: &mut Value) {
    rewrite_within(schema, true, true);
}

/// `closing`: whether objects may be closed here, where nothing beside them adds properties.
fn rewrite_within(schema: &mut Value, is_root: bool, closing: bool) {
    let Value::Object(schema) = schema else { return };
    steps::reference_alone(schema);
    steps::any_of(schema);
    steps::items(schema);
    let composed = is_object(schema) && is_composed(schema);
    steps::children(schema, &mut |child, of| {
        let beside_others = of == Of::Part || (of == Of::Alternative && (composed || !closing));
        rewrite_within(child, false, !beside_others);
    });
    if closing && !composed && is_object(schema) && !is_map(schema, is_root) {
        schema.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    tell_least_items(schema);
    steps::tell_format(schema, FORMATS);
    steps::tell_others(schema, KEYWORDS);
}

fn tell_least_items(schema: &mut Map<String, Value>) {
    if schema.get("minItems").is_some_and(|least| least.as_u64().is_none_or(|least| least > 1)) {
        steps::tell(schema, &["minItems".to_owned()]);
    }
}
