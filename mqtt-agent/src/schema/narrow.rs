//! Adds the restrictions of `#[arg(..)]` to the schema of one argument.

use serde_json::{Map, Value, json};

use crate::handler::registry::{ArgDef, Bound, Bounds};

/// Applies everything that `#[arg(..)]` says, or says what does not fit.
pub(super) fn narrow(schema: &mut Map<String, Value>, arg: &ArgDef) -> Result<(), String> {
    if !arg.description.is_empty() {
        schema.insert("description".to_owned(), json!(arg.description));
    }
    let kinds = kinds(schema);
    let is = |names: &[&str]| kinds.is_empty() || kinds.iter().any(|kind| names.contains(&kind.as_str()));
    if let Some(bounds) = arg.range {
        if !is(&["integer", "number"]) {
            return Err(
                "`range` is for numbers, and this is none; use `length` for strings and lists".to_owned()
            );
        }
        range(schema, bounds);
    }
    if let Some(bounds) = arg.length {
        let (least, most) = if is(&["string"]) {
            ("minLength", "maxLength")
        } else if is(&["array"]) {
            ("minItems", "maxItems")
        } else {
            return Err(
                "`length` is for strings and lists, and this is neither; use `range` for numbers".to_owned()
            );
        };
        length(schema, bounds, least, most);
    }
    if let Some(pattern) = arg.pattern {
        if !is(&["string"]) {
            return Err("`pattern` is for strings, and this is none; leave it out".to_owned());
        }
        schema.insert("pattern".to_owned(), json!(pattern));
    }
    if let Some(example) = arg.example {
        let example = example().map_err(|error| {
            format!("`example` cannot be written as JSON: {error}; give a value that can")
        })?;
        schema.insert("examples".to_owned(), json!([example]));
    }
    if let Some(default) = arg.default {
        let default = default().map_err(|error| {
            format!("`default` cannot be written as JSON: {error}; give a value that can")
        })?;
        schema.insert("default".to_owned(), default);
    }
    Ok(())
}

/// The types that a schema lets in, but for `null`; none where it does not say.
fn kinds(schema: &Map<String, Value>) -> Vec<String> {
    let mut kinds = Vec::new();
    match schema.get("type") {
        Some(Value::String(kind)) => kinds.push(kind.clone()),
        Some(Value::Array(several)) => {
            kinds.extend(several.iter().filter_map(Value::as_str).map(str::to_owned))
        }
        _ => {}
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(alternatives)) = schema.get(keyword) {
            kinds.extend(alternatives.iter().filter_map(Value::as_object).flat_map(self::kinds));
        }
    }
    kinds.retain(|kind| kind != "null");
    kinds
}

/// A type's own bound (`u8` has 0 and 255) stays where it is the stricter one.
fn range(schema: &mut Map<String, Value>, bounds: Bounds) {
    let own = |schema: &Map<String, Value>, keyword| schema.get(keyword).and_then(Value::as_f64);
    if let Some(min) = bounds.min
        && own(schema, "minimum").is_none_or(|own| own <= as_f64(min))
    {
        schema.insert("minimum".to_owned(), as_json(min));
    }
    if let Some(max) = bounds.max {
        let keyword = if bounds.max_excluded { "exclusiveMaximum" } else { "maximum" };
        if own(schema, "maximum").is_none_or(|own| own >= as_f64(max)) {
            schema.remove("maximum");
            schema.insert(keyword.to_owned(), as_json(max));
        }
    }
}

fn length(schema: &mut Map<String, Value>, bounds: Bounds, least: &str, most: &str) {
    if let Some(min) = bounds.min {
        schema.insert(least.to_owned(), as_json(min));
    }
    if let Some(max) = bounds.max {
        let excluded = i64::from(bounds.max_excluded);
        let most_value = match max {
            Bound::Int(max) => json!(max.saturating_sub(excluded)),
            other => as_json(other),
        };
        schema.insert(most.to_owned(), most_value);
    }
}

fn as_json(bound: Bound) -> Value {
    match bound {
        Bound::Int(value) => json!(value),
        Bound::Uint(value) => json!(value),
        Bound::Float(value) => json!(value),
    }
}

fn as_f64(bound: Bound) -> f64 {
    match bound {
        Bound::Int(value) => value as f64,
        Bound::Uint(value) => value as f64,
        Bound::Float(value) => value,
    }
}
