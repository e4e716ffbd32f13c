//! Values that fit a schema, for examples.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::number;
use crate::schema::{CHOICES, HOPS, Kind, kind, resolved};

/// The longest text that is made up to be long enough.
const LONGEST: u32 = 200;

/// What all examples of a schema take at most, in bytes of JSON and steps of work: a hostile schema has no end.
const MOST: usize = 48_000;

/// What one example takes at most.
const EACH: usize = 16_000;

/// What is taken for the name of what it is an example of.
const NAMING: usize = 16;

/// What is taken for what would be too much: finding that out is work too.
const REFUSED: usize = 256;

/// The longest pattern that is read, in bytes.
const PATTERN: usize = 512;

/// What reading a byte of a pattern takes.
const READING: usize = 8;

/// What it takes where the pattern has flags, which make large classes larger.
const READING_FLAGS: usize = 128;

/// What the schema itself gives as an example.
fn given(schema: &Value) -> Option<&Value> {
    let examples = schema.get("examples").and_then(|examples| examples.get(0));
    examples.or_else(|| ["example", "default"].into_iter().find_map(|key| schema.get(key)))
}

/// Makes the examples for the parts of one schema. `None` is what would take too much, or what nothing is known to fit.
pub(crate) struct Maker<'s> {
    root: &'s Value,
    left: usize,
}

impl<'s> Maker<'s> {
    pub(crate) fn new(root: &'s Value) -> Self {
        Self { root, left: MOST }
    }

    /// A value of a schema, and whether the schema gives it itself. `null` stands for one that is left out.
    pub(crate) fn example(&mut self, schema: &Value) -> (Value, bool) {
        let kept = self.left.saturating_sub(EACH);
        self.left -= kept;
        let given = given(schema);
        let value = self.take(NAMING).and_then(|()| match given {
            Some(value) => self.copy(value),
            None => self.made_up(schema, HOPS),
        });
        self.left += kept;
        (value.unwrap_or_default(), given.is_some())
    }

    /// Takes so much that this is left, or refuses.
    fn leave(&mut self, left: Option<usize>) -> Option<()> {
        self.left = left.unwrap_or(self.left.saturating_sub(REFUSED));
        left.map(|_| ())
    }

    fn take(&mut self, cost: usize) -> Option<()> {
        self.leave(self.left.checked_sub(cost))
    }

    fn copy(&mut self, value: &Value) -> Option<Value> {
        self.leave(after(value, self.left))?;
        Some(value.clone())
    }

    fn copy_text(&mut self, text: &str) -> Option<String> {
        self.leave(after_text(text, self.left))?;
        Some(text.to_owned())
    }

    /// A value of a schema that is part of another one; of none, a text.
    fn part(&mut self, schema: Option<&Value>, hops: usize) -> Option<Value> {
        let Some(schema) = schema else { return self.copy_text("text").map(Value::from) };
        let own = given(schema).filter(|value| !value.is_null());
        let schema = resolved(self.root, schema);
        match own.or_else(|| given(schema)).filter(|value| !value.is_null()) {
            Some(value) => self.copy(value),
            None => self.made_up(schema, hops),
        }
    }

    /// A value of a resolved schema that gives none. What stands too deep is empty.
    fn made_up(&mut self, schema: &Value, hops: usize) -> Option<Value> {
        if let Some(first) =
            schema.get("const").or_else(|| schema.get("enum").and_then(|choice| choice.get(0)))
        {
            return self.copy(first);
        }
        // More than what is not counted one by one: brackets, a comma, a truth.
        self.take(8)?;
        let Some(hops) = hops.checked_sub(1) else { return Some(json!({})) };
        if let Some(first) = alternative(self.root, schema) {
            let mut value = self.made_up(first, hops)?;
            // What stands beside the alternatives holds for each of them.
            if let (Some(value), true) = (value.as_object_mut(), schema.get("properties").is_some()) {
                for (name, given) in self.members(schema, hops)? {
                    value.entry(name).or_insert(given);
                }
            }
            return Some(value);
        }
        match kind(self.root, schema, HOPS) {
            Kind::Text => self.text(schema).map(Value::from),
            Kind::Number => {
                self.take(24)?;
                number::of(schema)
            }
            Kind::Boolean => Some(true.into()),
            Kind::List(_) => self.list(schema, hops),
            Kind::Object => self.members(schema, hops).map(Value::from),
            Kind::Any if schema.get("properties").is_some() => self.members(schema, hops).map(Value::from),
            Kind::Any => match schema.get("allOf").and_then(Value::as_array) {
                Some(all) => self.all_of(all, hops),
                None => Some(json!({})),
            },
        }
    }

    fn all_of(&mut self, all: &[Value], hops: usize) -> Option<Value> {
        let mut together = Map::new();
        for one in all {
            match self.part(Some(one), hops)? {
                Value::Object(members) => together.extend(members),
                other => return Some(other),
            }
        }
        Some(together.into())
    }

    /// What an object needs.
    fn members(&mut self, schema: &Value, hops: usize) -> Option<Map<String, Value>> {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut members = Map::new();
        for name in required.filter_map(Value::as_str) {
            let name = self.copy_text(name)?;
            let schema = schema.get("properties").and_then(|properties| properties.get(&name));
            let value = self.part(schema, hops)?;
            members.insert(name, value);
        }
        Some(members)
    }

    fn list(&mut self, schema: &Value, hops: usize) -> Option<Value> {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(1).max(1).min(bound("maxItems").unwrap_or(u64::MAX)).min(16);
        let first = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        let unique = schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or_default();
        let mut items = Vec::new();
        let mut push = |maker: &mut Self, item: Option<&Value>| {
            let value = maker.part(item, hops)?;
            let value = if unique { maker.unlike(&items, value, item)? } else { value };
            items.push(value);
            Some(items.len() as u64)
        };
        let mut count = 0;
        for item in first {
            count = push(self, Some(item))?;
        }
        while count < least {
            count = push(self, schema.get("items"))?;
        }
        Some(items.into())
    }

    /// An item that is none of those before, which may not come twice.
    fn unlike(&mut self, before: &[Value], item: Value, schema: Option<&Value>) -> Option<Value> {
        if !before.contains(&item) {
            return Some(item);
        }
        let schema = schema.map_or(&Value::Null, |schema| resolved(self.root, schema));
        if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
            let other = choice.iter().take(CHOICES).find(|one| !before.contains(one))?;
            return self.copy(other);
        }
        let others = ["const", "anyOf", "oneOf", "allOf", "not", "$ref", "pattern", "format"];
        if others.iter().any(|key| schema.get(key).is_some()) {
            return None;
        }
        self.take(24)?;
        let other = match &item {
            Value::Bool(is) => Some((!is).into()),
            Value::Number(_) => number::unlike(schema, before),
            Value::String(text) => {
                let end = (before.len() + 1).to_string();
                let stem = most(schema).checked_sub(end.len())?;
                Some(Value::from(text.chars().take(stem).collect::<String>() + &end))
            }
            _ => None,
        };
        other.filter(|other| !before.contains(other))
    }

    fn text(&mut self, schema: &Value) -> Option<String> {
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default();
        let least = u32::try_from(least).unwrap_or(LONGEST).min(LONGEST);
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if let Some(pattern) = pattern.filter(|pattern| pattern.len() <= PATTERN) {
            let has_flags =
                pattern.split("(?").skip(1).any(|group| !group.starts_with([':', '<', '=', '!', 'P']));
            self.take(pattern.len() * if has_flags { READING_FLAGS } else { READING })?;
            if let Ok(pattern) = regex_syntax::parse(pattern) {
                return self.fitting(&pattern, least);
            }
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
        let least = usize::try_from(least).unwrap_or_default();
        let text: String = text
            .chars()
            .chain(std::iter::repeat_n('x', least.saturating_sub(text.len())))
            .take(most(schema))
            .collect();
        self.take(text.len())?;
        Some(text)
    }

    /// A text that a pattern matches, with as many repetitions as make it long enough.
    fn fitting(&mut self, pattern: &Hir, least: u32) -> Option<String> {
        let is_long = |text: &str| text.chars().count() >= usize::try_from(least).unwrap_or_default();
        let mut found = self.matched(pattern, 0)?;
        let (mut few, mut enough) = (0, 0);
        while !is_long(&found) && enough < least {
            few = enough;
            enough = (enough * 2).clamp(1, least);
            found = self.matched(pattern, enough)?;
        }
        while enough - few > 1 {
            let middle = few.midpoint(enough);
            let text = self.matched(pattern, middle)?;
            if is_long(&text) {
                (enough, found) = (middle, text);
            } else {
                few = middle;
            }
        }
        Some(found)
    }

    fn matched(&mut self, pattern: &Hir, more: u32) -> Option<String> {
        let mut text = String::new();
        self.matching(pattern, more, &mut text)?;
        Some(text)
    }

    /// A short text that a pattern matches, with so many more repetitions than it needs.
    fn matching(&mut self, pattern: &Hir, more: u32, text: &mut String) -> Option<()> {
        self.take(1)?;
        match pattern.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                let literal = self.copy_text(&String::from_utf8_lossy(&literal.0))?;
                text.push_str(&literal);
            }
            HirKind::Class(class) => {
                let member = member(class).map(String::from).unwrap_or_default();
                text.push_str(&self.copy_text(&member)?);
            }
            HirKind::Repetition(repetition) => {
                let times = repetition.min.saturating_add(more).min(repetition.max.unwrap_or(u32::MAX));
                for _ in 0..times {
                    self.matching(&repetition.sub, more, text)?;
                }
            }
            HirKind::Capture(capture) => self.matching(&capture.sub, more, text)?,
            HirKind::Concat(all) => all.iter().try_for_each(|one| self.matching(one, more, text))?,
            HirKind::Alternation(some) => {
                some.iter().take(1).try_for_each(|one| self.matching(one, more, text))?;
            }
        }
        Some(())
    }
}

/// What is left of so many bytes after the JSON of a value, if that is not longer.
fn after(value: &Value, left: usize) -> Option<usize> {
    match value {
        Value::Array(items) => {
            items.iter().try_fold(left.checked_sub(2)?, |left, item| after(item, left.checked_sub(1)?))
        }
        Value::Object(members) => {
            let member = |left, (name, value): (&String, &Value)| after(value, after_text(name, left)?);
            members.iter().try_fold(left.checked_sub(2)?, member)
        }
        Value::String(text) => after_text(text, left),
        Value::Number(_) => left.checked_sub(24),
        Value::Null | Value::Bool(_) => left.checked_sub(5),
    }
}

/// The same for a text, with its quotes and what separates it from the next.
fn after_text(text: &str, left: usize) -> Option<usize> {
    let left = left.checked_sub(text.len() + 4)?;
    let escape = |byte: u8| match byte {
        0..=0x1f => 5,
        b'"' | b'\\' => 1,
        _ => 0,
    };
    left.checked_sub(text.bytes().map(escape).sum())
}

/// The most characters that a text may have.
fn most(schema: &Value) -> usize {
    let most = schema.get("maxLength").and_then(Value::as_u64);
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}

fn alternative<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let choice = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
    let mut some = choice.iter().take(CHOICES).map(|one| resolved(root, one));
    some.find(|one| one.get("type").is_none_or(|kind| kind != "null"))
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
    use std::time::{Duration, Instant};

    use super::*;
    use crate::example::line;
    use crate::options::Own;
    use crate::property::{self, Property};

    fn of(root: &Value, schema: &Value) -> (Value, bool) {
        Maker::new(root).example(schema)
    }

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
    fn items_that_have_to_differ_do_or_are_left_out() {
        for (items, expected) in [
            (json!({"type": "string"}), json!(["text", "text2", "text3"])),
            (json!({"type": "string", "maxLength": 2}), json!(["te", "t2", "t3"])),
            (json!({"type": "integer", "minimum": 4}), json!([4, 5, 6])),
            (json!({"type": "integer", "multipleOf": 5, "maximum": 10}), json!([5, 10, 0])),
            (json!({"enum": ["a", "b", "a", "c"]}), json!(["a", "b", "c"])),
            (json!({"enum": ["a", "b"]}), Value::Null),
            (json!({"type": "boolean"}), Value::Null),
            (json!({"type": "string", "pattern": "^[ab]$"}), Value::Null),
            (json!({"const": 1}), Value::Null),
        ] {
            let schema = json!({"type": "array", "uniqueItems": true, "minItems": 3, "items": items});
            assert_eq!(of(&schema, &schema).0, expected, "{schema}");
        }
    }

    #[test]
    fn a_hostile_schema_has_an_end() {
        let schema = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        assert!(of(&schema, &schema).0.is_object());
        let wide = json!({"type": "array", "minItems": 16, "items": {"$ref": "#"}});
        assert_eq!(of(&wide, &wide).0, Value::Null);
        let long = json!({"type": "string", "pattern": "((((^{999}){999}){999}){999}){999}|x"});
        assert!(of(&long, &long).0.is_string());
        let longer = json!({"type": "string", "pattern": "((((a{999}){999}){999}){999}){999}"});
        assert_eq!(of(&longer, &longer).0, Value::Null);
    }

    /// All that is made of a schema, which has to be soon and short.
    fn bounded(schema: &Value) -> Vec<Property> {
        const OWN: Own = Own { command: "call", flags: &[], valued: &[] };
        let begun = Instant::now();
        let whole = of(schema, schema).0.to_string();
        let properties = property::of(schema, &OWN);
        let examples: usize = properties
            .iter()
            .filter(|one| !one.example.is_null())
            .map(|one| one.example.to_string().len() + one.name.len())
            .sum();
        let line = line("mqtt-agent call", &properties);
        let sizes = [whole.len(), examples, line.len()];
        assert!(sizes.iter().all(|size| *size < 64 << 10), "{sizes:?}");
        // Without a bound these take minutes.
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        properties
    }

    /// An object that needs so many members of the same schema.
    fn needing(count: usize, member: &Value) -> Value {
        let names: Vec<String> = (0..count).map(|index| format!("n{index}")).collect();
        let members: Map<String, Value> = names.iter().map(|name| (name.clone(), member.clone())).collect();
        json!({"type": "object", "required": names, "properties": members})
    }

    #[test]
    fn a_long_text_that_all_members_are_is_no_longer_with_each() {
        for given in ["const", "default", "description"] {
            let mut schema = needing(10_000, &json!({"$ref": "#/$defs/c"}));
            schema["$defs"] = json!({"c": {given: "x".repeat(500_000)}});
            let properties = bounded(&schema);
            let help: usize = properties.iter().map(|one| one.help.len()).sum();
            assert!(help < 1 << 20, "{given}: {help}");
        }
        let mut schema = needing(10_000, &json!({"$ref": "#/$defs/c"}));
        schema["$defs"] = json!({"c": {"enum": vec!["x"; 100_000]}});
        bounded(&schema);
        schema["$defs"] = json!({"c": {"$ref": format!("#/{}", "~1".repeat(250_000))}});
        bounded(&schema);
    }

    #[test]
    fn an_object_whose_members_are_itself_has_an_end() {
        bounded(&needing(10_000, &json!({"$ref": "#"})));
    }

    #[test]
    fn a_long_pattern_is_not_read() {
        let text = json!({"type": "string", "pattern": r"\pL".repeat(160_000)});
        assert_eq!(of(&text, &text).0, "text");
        let mut schema = needing(10_000, &json!({"$ref": "#/$defs/c"}));
        schema["$defs"] = json!({"c": text});
        bounded(&schema);
        // As long as is read, many times over, and with what makes large classes larger.
        schema["$defs"]["c"]["pattern"] = r"\pL".repeat(170).into();
        bounded(&schema);
        schema["$defs"]["c"]["pattern"] = format!("(?i){}", r"\pL".repeat(20)).into();
        bounded(&schema);
    }

    #[test]
    fn of_many_choices_the_first_are_looked_at() {
        let choice = json!({"anyOf": vec![json!({"type": "null"}); 100_000]});
        assert_eq!(of(&choice, &choice).0, json!({}));
        let mut schema = needing(10_000, &json!({"$ref": "#/$defs/c"}));
        schema["$defs"] = json!({"c": choice});
        bounded(&schema);
    }

    #[test]
    fn what_is_too_large_is_left_out_and_the_others_are_not() {
        let mut schema = needing(3, &json!({"type": "integer"}));
        schema["properties"]["n1"] = json!({"default": "x".repeat(EACH)});
        let examples: Vec<Value> = bounded(&schema).into_iter().map(|one| one.example).collect();
        assert_eq!(examples, [json!(1), Value::Null, json!(1)]);
    }
}
