//! Compiles a schema to its plan.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::choice::alternatives;
use super::cycles::endless;
use super::pattern::Pattern;
use super::plan::{Check, Enumeration, Id, Node, Plan, Properties};
use super::types::Types;
use crate::json::push_step;
use crate::schema::keywords::{Holds, holds};

/// Why a schema cannot be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::schema) struct BrokenSchema {
    /// Where in the schema, as a JSON pointer.
    pub(in crate::schema) pointer: String,
    /// What is wrong, and what to write.
    pub(in crate::schema) reason: String,
}

/// Keywords that refuse no value.
const ANNOTATIONS: [&str; 8] =
    ["$comment", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"];

type Result<T> = std::result::Result<T, BrokenSchema>;

/// Compiles a schema.
pub(in crate::schema) fn compile(schema: &Value) -> Result<Plan> {
    let mut anchors = HashMap::new();
    find_anchors(schema, &mut String::new(), &mut anchors)?;
    let mut compiler =
        Compiler { root: schema, anchors, known: HashMap::new(), nodes: Vec::new(), places: Vec::new() };
    compiler.node(schema, "")?;
    if let Some(id) = endless(&compiler.nodes) {
        let pointer = compiler.places.get(id).cloned().unwrap_or_default();
        let reason = "it refers to itself without an end; refer to it from a property or an item".to_owned();
        return Err(BrokenSchema { pointer, reason });
    }
    Ok(Plan::new(compiler.nodes))
}

/// Finds `$anchor`s, and refuses what would make a part of the schema a document of its own.
fn find_anchors<'s>(
    schema: &'s Value,
    at: &mut String,
    anchors: &mut HashMap<&'s str, &'s Value>,
) -> Result<()> {
    let Value::Object(keywords) = schema else { return Ok(()) };
    if let Some(Value::String(anchor)) = keywords.get("$anchor") {
        anchors.insert(anchor, schema);
    }
    for (keyword, value) in keywords {
        let unsupported = match keyword.as_str() {
            "$id" => !at.is_empty(),
            "$dynamicRef" | "$recursiveRef" => true,
            _ => false,
        };
        if unsupported {
            let reason = format!("`{keyword}` is not supported here; write `$ref` with `#/$defs/..`");
            return Err(BrokenSchema { pointer: at.clone(), reason });
        }
        let length = at.len();
        let mut within = |step: &str, schema: &'s Value| {
            at.push_str(step);
            let found = find_anchors(schema, at, anchors);
            at.truncate(length);
            found
        };
        match (holds(keyword), value) {
            (Holds::One, one) => within(&format!("/{keyword}"), one)?,
            (Holds::List, Value::Array(list)) => {
                for (index, schema) in list.iter().enumerate() {
                    within(&format!("/{keyword}/{index}"), schema)?;
                }
            }
            (Holds::Named, Value::Object(named)) => {
                for (name, schema) in named {
                    let mut step = format!("/{keyword}");
                    push_step(&mut step, name);
                    within(&step, schema)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

struct Compiler<'s> {
    root: &'s Value,
    anchors: HashMap<&'s str, &'s Value>,
    /// The nodes of schemas by where these are in memory.
    known: HashMap<*const Value, Id>,
    nodes: Vec<Node>,
    /// Where the schemas of the nodes are, for errors.
    places: Vec<String>,
}

impl<'s> Compiler<'s> {
    fn node(&mut self, schema: &'s Value, at: &str) -> Result<Id> {
        if let Some(id) = self.known.get(&std::ptr::from_ref(schema)) {
            if let Some(node) = self.nodes.get_mut(*id) {
                node.is_shared = true;
            }
            return Ok(*id);
        }
        let id = self.nodes.len();
        self.known.insert(std::ptr::from_ref(schema), id);
        self.nodes.push(Node::new());
        self.places.push(at.to_owned());
        let (types, checks) = match schema {
            Value::Bool(true) => (None, Vec::new()),
            Value::Bool(false) => (None, vec![Check::Never]),
            Value::Object(keywords) => self.checks(keywords, at)?,
            _ => return broken(at, "a schema is an object, `true` or `false`"),
        };
        if let Some(node) = self.nodes.get_mut(id) {
            (node.types, node.checks) = (types, checks);
        }
        Ok(id)
    }

    fn checks(&mut self, keywords: &'s Map<String, Value>, at: &str) -> Result<(Option<Types>, Vec<Check>)> {
        let mut checks = Vec::new();
        let read = Keywords { keywords, at };
        let types = read.types()?;
        read.plain(&mut checks)?;
        if let Some(reference) = keywords.get("$ref") {
            let (target, place) = self.target(reference, at)?;
            checks.push(Check::Ref(self.node(target, &place)?));
        }
        self.of_arrays(&read, &mut checks)?;
        self.of_objects(&read, &mut checks)?;
        self.applied_in_place(&read, &mut checks)?;
        if let Some(item) = self.one(&read, "unevaluatedItems")? {
            checks.push(Check::UnevaluatedItems(item));
        }
        if let Some(member) = self.one(&read, "unevaluatedProperties")? {
            checks.push(Check::UnevaluatedProperties(member));
        }
        Ok((types, checks))
    }

    fn of_arrays(&mut self, read: &Keywords<'s, '_>, checks: &mut Vec<Check>) -> Result<()> {
        let prefix = self.list(read, "prefixItems")?.unwrap_or_default();
        let from = prefix.len();
        if from > 0 {
            checks.push(Check::PrefixItems(prefix));
        }
        if let Some(item) = self.one(read, "items")? {
            checks.push(Check::Items { from, item });
        }
        if let Some(item) = self.one(read, "contains")? {
            let (least, most) = (read.count("minContains")?.unwrap_or(1), read.count("maxContains")?);
            checks.push(Check::Contains { item, least, most });
        }
        Ok(())
    }

    fn of_objects(&mut self, read: &Keywords<'s, '_>, checks: &mut Vec<Check>) -> Result<()> {
        let mut properties = Properties::default();
        if let Some(named) = read.named("properties")? {
            for (name, schema) in named {
                properties.named.insert(name.clone(), self.node(schema, &read.within("properties", name))?);
            }
        }
        if let Some(patterns) = read.named("patternProperties")? {
            for (pattern, schema) in patterns {
                let compiled = read.pattern(pattern)?;
                let node = self.node(schema, &read.within("patternProperties", pattern))?;
                properties.patterns.push((compiled, node));
            }
        }
        properties.additional = self.one(read, "additionalProperties")?;
        if !properties.named.is_empty() || !properties.patterns.is_empty() || properties.additional.is_some()
        {
            checks.push(Check::Properties(properties));
        }
        if let Some(name) = self.one(read, "propertyNames")? {
            checks.push(Check::PropertyNames(name));
        }
        Ok(())
    }

    fn applied_in_place(&mut self, read: &Keywords<'s, '_>, checks: &mut Vec<Check>) -> Result<()> {
        if let Some(all) = self.list(read, "allOf")? {
            checks.push(Check::All(all));
        }
        for keyword in ["anyOf", "oneOf"] {
            let Some(nodes) = self.list(read, keyword)? else { continue };
            let schemas = read.keywords.get(keyword).and_then(Value::as_array);
            let schemas: Vec<_> = schemas.into_iter().flatten().map(|schema| self.followed(schema)).collect();
            let alternatives = alternatives(nodes, &schemas);
            checks.push(if keyword == "anyOf" { Check::Any(alternatives) } else { Check::One(alternatives) });
        }
        if let Some(not) = self.one(read, "not")? {
            checks.push(Check::Not(not));
        }
        if let Some(condition) = self.one(read, "if")? {
            let (then, otherwise) = (self.one(read, "then")?, self.one(read, "else")?);
            checks.push(Check::If { condition, then, otherwise });
        }
        if let Some(schemas) = read.named("dependentSchemas")? {
            let mut dependent = Vec::new();
            for (name, schema) in schemas {
                dependent.push((name.clone(), self.node(schema, &read.within("dependentSchemas", name))?));
            }
            checks.push(Check::DependentSchemas(dependent));
        }
        Ok(())
    }

    fn one(&mut self, read: &Keywords<'s, '_>, keyword: &str) -> Result<Option<Id>> {
        let Some(schema) = read.keywords.get(keyword) else { return Ok(None) };
        self.node(schema, &format!("{}/{keyword}", read.at)).map(Some)
    }

    fn list(&mut self, read: &Keywords<'s, '_>, keyword: &str) -> Result<Option<Vec<Id>>> {
        let Some(value) = read.keywords.get(keyword) else { return Ok(None) };
        let Value::Array(schemas) = value else { return read.wrong(keyword, "a list of schemas") };
        let mut nodes = Vec::with_capacity(schemas.len());
        for (index, schema) in schemas.iter().enumerate() {
            nodes.push(self.node(schema, &format!("{}/{keyword}/{index}", read.at))?);
        }
        Ok(Some(nodes))
    }

    /// What a reference leads to, and where that is.
    fn target(&self, reference: &Value, at: &str) -> Result<(&'s Value, String)> {
        let Value::String(text) = reference else {
            return broken(at, "`$ref` is a string; write `#/$defs/..`");
        };
        let id = self.root.get("$id").and_then(Value::as_str);
        let fragment = id.and_then(|id| text.strip_prefix(id)).unwrap_or(text);
        let found = match fragment.strip_prefix('#') {
            None if fragment.is_empty() => Some(self.root),
            None => None,
            Some("") => Some(self.root),
            Some(pointer) if pointer.starts_with('/') => self.root.pointer(&decoded(pointer)),
            Some(anchor) => self.anchors.get(anchor).copied(),
        };
        match found {
            Some(target) => Ok((target, fragment.trim_start_matches('#').to_owned())),
            None => broken(
                at,
                format!("`$ref` leads to `{text}`, which is not in this schema; write `#/$defs/..`"),
            ),
        }
    }

    /// The schema behind references that say nothing else.
    fn followed(&self, mut schema: &'s Value) -> &'s Value {
        // As many as there are schemas, at the most: a circle is refused later.
        for _ in 0..=self.nodes.len() {
            let says_no_more = |keywords: &Map<String, Value>| {
                keywords.keys().all(|keyword| keyword == "$ref" || ANNOTATIONS.contains(&keyword.as_str()))
            };
            let Some(reference) =
                schema.as_object().filter(|all| says_no_more(all)).and_then(|all| all.get("$ref"))
            else {
                break;
            };
            let Ok((target, _)) = self.target(reference, "") else { break };
            schema = target;
        }
        schema
    }
}

/// The fragment of a URI, percent-decoded.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let value = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(value.unwrap_or(b'%'));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn broken<T>(at: &str, reason: impl Into<String>) -> Result<T> {
    Err(BrokenSchema { pointer: at.to_owned(), reason: reason.into() })
}

/// The keywords of one schema.
struct Keywords<'s, 'a> {
    keywords: &'s Map<String, Value>,
    at: &'a str,
}

impl<'s> Keywords<'s, '_> {
    fn wrong<T>(&self, keyword: &str, what: &str) -> Result<T> {
        broken(self.at, format!("`{keyword}` is {what}; write it so"))
    }

    fn within(&self, keyword: &str, name: &str) -> String {
        let mut pointer = format!("{}/{keyword}", self.at);
        push_step(&mut pointer, name);
        pointer
    }

    fn types(&self) -> Result<Option<Types>> {
        const WHAT: &str =
            "`string`, `number`, `integer`, `boolean`, `array`, `object`, `null` or a list of them";
        let Some(keyword) = self.keywords.get("type") else { return Ok(None) };
        Types::read(keyword).map_or_else(|| self.wrong("type", WHAT), |types| Ok(Some(types)))
    }

    /// A count: a whole number, which may be written as `2.0`.
    fn count(&self, keyword: &str) -> Result<Option<u64>> {
        let Some(value) = self.keywords.get(keyword) else { return Ok(None) };
        let whole = value.as_u64().or_else(|| {
            let float = value.as_f64().filter(|float| *float >= 0.0 && float.fract() == 0.0)?;
            Some(float as u64)
        });
        whole.map_or_else(
            || self.wrong(keyword, "a number of 0 or more without a fraction"),
            |count| Ok(Some(count)),
        )
    }

    fn number(&self, keyword: &str) -> Result<Option<Number>> {
        match self.keywords.get(keyword) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(_) => self.wrong(keyword, "a number"),
        }
    }

    fn named(&self, keyword: &str) -> Result<Option<&'s Map<String, Value>>> {
        match self.keywords.get(keyword) {
            None => Ok(None),
            Some(Value::Object(named)) => Ok(Some(named)),
            Some(_) => self.wrong(keyword, "an object"),
        }
    }

    fn names(&self, keyword: &str, value: &Value) -> Result<Vec<String>> {
        let names = value
            .as_array()
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        names.map_or_else(|| self.wrong(keyword, "a list of names"), Ok)
    }

    fn pattern(&self, text: &str) -> Result<Pattern> {
        Pattern::new(text).or_else(|reason| broken(self.at, reason))
    }

    /// Those that hold no schemas.
    fn plain(&self, checks: &mut Vec<Check>) -> Result<()> {
        match self.keywords.get("enum") {
            None => {}
            Some(Value::Array(values)) => checks.push(Check::Enum(Enumeration::new(values.clone()))),
            Some(_) => return self.wrong("enum", "a list of values"),
        }
        checks.extend(self.keywords.get("const").cloned().map(Check::Const));
        if let Some(of) = self.number("multipleOf")? {
            if of.as_f64().is_none_or(|of| of <= 0.0) {
                return self.wrong("multipleOf", "a number above 0");
            }
            checks.push(Check::MultipleOf(of));
        }
        checks.extend(self.number("minimum")?.map(|limit| Check::Minimum { limit, excluded: false }));
        checks.extend(self.number("exclusiveMinimum")?.map(|limit| Check::Minimum { limit, excluded: true }));
        checks.extend(self.number("maximum")?.map(|limit| Check::Maximum { limit, excluded: false }));
        checks.extend(self.number("exclusiveMaximum")?.map(|limit| Check::Maximum { limit, excluded: true }));
        checks.extend(self.count("minLength")?.map(Check::MinLength));
        checks.extend(self.count("maxLength")?.map(Check::MaxLength));
        match self.keywords.get("pattern") {
            None => {}
            Some(Value::String(text)) => checks.push(Check::Pattern(self.pattern(text)?)),
            Some(_) => return self.wrong("pattern", "a regular expression"),
        }
        checks.extend(self.count("minItems")?.map(Check::MinItems));
        checks.extend(self.count("maxItems")?.map(Check::MaxItems));
        match self.keywords.get("uniqueItems") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => checks.push(Check::UniqueItems),
            Some(_) => return self.wrong("uniqueItems", "`true` or `false`"),
        }
        checks.extend(self.count("minProperties")?.map(Check::MinProperties));
        checks.extend(self.count("maxProperties")?.map(Check::MaxProperties));
        if let Some(required) = self.keywords.get("required") {
            checks.push(Check::Required(self.names("required", required)?));
        }
        if let Some(dependent) = self.named("dependentRequired")? {
            let mut all = Vec::new();
            for (name, required) in dependent {
                all.push((name.clone(), self.names("dependentRequired", required)?));
            }
            checks.push(Check::DependentRequired(all));
        }
        Ok(())
    }
}
