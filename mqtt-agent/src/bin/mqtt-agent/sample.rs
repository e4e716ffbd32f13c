//! Values that fit a schema, for examples.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::schema::{HOPS, Kind, kind, resolved};

/// The longest text that is made up to be long enough.
const LONGEST: u64 = 200;

/// How many values and parts of patterns one example takes at most: a hostile schema has no end.
const MOST: usize = 2000;

/// A value of a schema, and whether the schema gives it itself.
pub(crate) fn of(root: &Value, schema: &Value) -> (Value, bool) {
    match given(schema) {
        Some(value) => (value.clone(), true),
        None => (Maker { root, left: MOST }.made_up(schema, HOPS), false),
    }
}

/// What the schema itself gives as an example.
fn given(schema: &Value) -> Option<&Value> {
    let examples = schema.get("examples").and_then(|examples| examples.get(0));
    examples.or_else(|| ["example", "default"].into_iter().find_map(|key| schema.get(key)))
}

/// Makes up values, so many at most.
struct Maker<'s> {
    root: &'s Value,
    left: usize,
}

impl Maker<'_> {
    /// A value of a schema that is part of another one.
    fn part(&mut self, schema: &Value, hops: usize) -> Value {
        let own = given(schema).filter(|value| !value.is_null());
        let schema = resolved(self.root, schema);
        match own.or_else(|| given(schema)).filter(|value| !value.is_null()) {
            Some(value) => value.clone(),
            None => self.made_up(schema, hops),
        }
    }

    /// A value of a resolved schema that gives none. What stands too deep, or is too much, is empty.
    fn made_up(&mut self, schema: &Value, hops: usize) -> Value {
        if let Some(first) =
            schema.get("const").or_else(|| schema.get("enum").and_then(|choice| choice.get(0)))
        {
            return first.clone();
        }
        let (Some(hops), Some(left)) = (hops.checked_sub(1), self.left.checked_sub(1)) else {
            return json!({});
        };
        self.left = left;
        if let Some(first) = alternative(self.root, schema) {
            let mut value = self.made_up(first, hops);
            // What stands beside the alternatives holds for each of them.
            if let (Some(value), true) = (value.as_object_mut(), schema.get("properties").is_some()) {
                for (name, given) in self.members(schema, hops) {
                    value.entry(name).or_insert(given);
                }
            }
            return value;
        }
        match kind(self.root, schema, HOPS) {
            Kind::Text => self.text(schema).into(),
            Kind::Number => number(schema),
            Kind::Boolean => true.into(),
            Kind::List(_) => self.list(schema, hops),
            Kind::Object => self.members(schema, hops).into(),
            Kind::Any if schema.get("properties").is_some() => self.members(schema, hops).into(),
            Kind::Any => match schema.get("allOf").and_then(Value::as_array) {
                Some(all) => self.all_of(all, hops),
                None => json!({}),
            },
        }
    }

    fn all_of(&mut self, all: &[Value], hops: usize) -> Value {
        let mut together = Map::new();
        for one in all {
            match self.part(one, hops) {
                Value::Object(members) => together.extend(members),
                other => return other,
            }
        }
        together.into()
    }

    /// What an object needs.
    fn members(&mut self, schema: &Value, hops: usize) -> Map<String, Value> {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let member = |name: &str| {
            let schema = schema.get("properties").and_then(|properties| properties.get(name));
            let value = schema.map_or_else(|| "text".into(), |schema| self.part(schema, hops));
            (name.to_owned(), value)
        };
        required.filter_map(Value::as_str).map(member).collect()
    }

    fn list(&mut self, schema: &Value, hops: usize) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(1).max(1).min(bound("maxItems").unwrap_or(u64::MAX)).min(16);
        let first = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        let mut items: Vec<Value> = first.map(|item| self.part(item, hops)).collect();
        while (items.len() as u64) < least {
            items.push(schema.get("items").map_or_else(|| "text".into(), |item| self.part(item, hops)));
        }
        items.into()
    }

    fn text(&mut self, schema: &Value) -> String {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let least = bound("minLength").unwrap_or_default().min(LONGEST);
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && let Ok(pattern) = regex_syntax::parse(pattern)
        {
            let mut found = String::new();
            for more in 0..=least {
                found.clear();
                self.matching(&pattern, u32::try_from(more).unwrap_or_default(), &mut found);
                if found.chars().count() as u64 >= least {
                    break;
                }
            }
            return found;
        }
        let text = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => "2026-01-31T12:00:00Z",
            Some("date") => "2026-01-31",
            Some("time") => "12:00:00Z",
            Some("duration") => "PT1H",
            Some("uuid") => "00000000-0000-4000-8000-000000000000",
            Some("uri" | "url" | "iri") => "https://example.com",
            Some("email") => "ada@example.com",
            Some("ipv4") => "192.0.2.1",
            Some("ipv6") => "2001:db8::1",
            Some("hostname") => "example.com",
            _ => "text",
        };
        let most = usize::try_from(bound("maxLength").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let least = usize::try_from(least).unwrap_or_default();
        text.chars().chain(std::iter::repeat_n('x', least.saturating_sub(text.len()))).take(most).collect()
    }

    /// A short text that a pattern matches, with so many more repetitions than it needs.
    fn matching(&mut self, pattern: &Hir, more: u32, text: &mut String) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        match pattern.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => text.extend(member(class)),
            HirKind::Repetition(repetition) => {
                let times = repetition.min.saturating_add(more).min(repetition.max.unwrap_or(u32::MAX));
                for _ in 0..times {
                    if self.left == 0 {
                        break;
                    }
                    self.matching(&repetition.sub, more, text);
                }
            }
            HirKind::Capture(capture) => self.matching(&capture.sub, more, text),
            HirKind::Concat(all) => all.iter().for_each(|one| self.matching(one, more, text)),
            HirKind::Alternation(some) => {
                some.iter().take(1).for_each(|one| self.matching(one, more, text));
            }
        }
    }
}

fn alternative<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let choice = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
    choice.iter().map(|one| resolved(root, one)).find(|one| one.get("type").is_none_or(|kind| kind != "null"))
}

/// One where that is allowed, and otherwise what is next to it.
fn number(schema: &Value) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_number).cloned();
    let next = |number: serde_json::Number, step: i64| match number.as_i64() {
        Some(whole) => Value::from(whole.saturating_add(step)),
        None => Value::from(number.as_f64().unwrap_or_default() + step as f64),
    };
    if let Some(step) = bound("multipleOf") {
        return Value::Number(step);
    }
    if let Some(least) = bound("minimum") {
        return Value::Number(least);
    }
    if let Some(below) = bound("exclusiveMinimum") {
        return next(below, 1);
    }
    let at_most = |limit: &serde_json::Number| limit.as_f64().is_some_and(|limit| limit < 1.0);
    if let Some(most) = bound("maximum").filter(at_most) {
        return Value::Number(most);
    }
    match bound("exclusiveMaximum").filter(|limit| limit.as_f64().is_some_and(|limit| limit <= 1.0)) {
        Some(above) => next(above, -1),
        None => 1.into(),
    }
}

/// A character of a class, one that is usual if there is one.
fn member(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    let has = |char: &char| ranges.iter().any(|(first, last)| (first..=last).contains(&char));
    ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain(" -_.".chars())
        .find(has)
        .or(ranges.first().map(|range| range.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_filled_in_at_any_depth() {
        let schema = json!({
            "$defs": {"shelf": {
                "type": "object", "required": ["row", "level"],
                "properties": {"row": {"type": "string", "pattern": "^[A-F]$"}, "level": {"type": "integer", "minimum": 2}},
            }},
            "type": "object", "required": ["shelf", "how", "words"],
            "properties": {
                "shelf": {"$ref": "#/$defs/shelf"}, "left_out": {"type": "string"},
                "how": {"anyOf": [
                    {"type": "object", "required": ["kind", "by"], "properties": {
                        "kind": {"const": "old"}, "by": {"type": "string", "minLength": 6, "maxLength": 40},
                    }},
                    {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "new"}}},
                ]},
                "words": {"type": "array", "minItems": 2, "items": {"type": "string", "maxLength": 2}},
            },
        });
        let expected = json!({
            "shelf": {"row": "A", "level": 2}, "how": {"kind": "old", "by": "textxx"}, "words": ["te", "te"],
        });
        assert_eq!(of(&schema, &schema), (expected, false));
    }

    #[test]
    fn a_text_matches_its_pattern() {
        for (pattern, least, expected) in [
            ("^[A-Z]{3}-[0-9]{4}$", 0, "AAA-0000"),
            ("^(on|off)$", 0, "on"),
            (r"^\d+(\.\d*)?$", 0, "0"),
            ("^[a-z]*$", 3, "aaa"),
            ("^(?:a+)+$", 0, "a"),
        ] {
            let schema = json!({"type": "string", "pattern": pattern, "minLength": least});
            assert_eq!(of(&schema, &schema).0, expected, "{pattern}");
        }
    }

    #[test]
    fn a_number_is_within_its_bounds() {
        for (schema, expected) in [
            (json!({"minimum": 3}), json!(3)),
            (json!({"exclusiveMinimum": 3}), json!(4)),
            (json!({"maximum": -2}), json!(-2)),
            (json!({"exclusiveMaximum": 1}), json!(0)),
            (json!({"maximum": 9}), json!(1)),
            (json!({"multipleOf": 5, "minimum": 5}), json!(5)),
        ] {
            assert_eq!(number(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn a_hostile_schema_has_an_end() {
        let schema = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        assert!(of(&schema, &schema).0.is_object());
        let wide = json!({"type": "array", "minItems": 16, "items": {"$ref": "#"}});
        assert!(of(&wide, &wide).0.is_array());
        let long = json!({"type": "string", "pattern": "((((^{999}){999}){999}){999}){999}|x"});
        assert!(of(&long, &long).0.is_string());
    }
}
