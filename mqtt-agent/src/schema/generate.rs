//! Generates the schemas of a tool or a skill from its parameters and its result.

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use super::clean::{Reader, clean};
use super::error::SchemaError;
use super::narrow::narrow;
use crate::handler::param::Need;
use crate::handler::registry::ArgDef;

/// The schemas of one tool or skill.
#[derive(Debug)]
pub(crate) struct ToolSchemas {
    /// Of the arguments, for the card.
    pub(crate) input: Value,
    /// Of the result, for the card; `None` where there is none.
    pub(crate) output: Option<Value>,
    /// Of one partial result; `None` where there is none.
    pub(crate) partial: Option<Value>,
    /// Checks arguments.
    pub(crate) validator: Arguments,
}

impl ToolSchemas {
    /// Makes the schemas of the parameters and the result, or says everything that is wrong with them.
    pub(crate) fn of(
        args: &[ArgDef],
        output: fn(&mut SchemaGenerator) -> schemars::Schema,
    ) -> Result<Self, Vec<SchemaError>> {
        let mut errors = Vec::new();
        let mut generator = generator(Contract::Deserialize);
        let mut arguments = Vec::new();
        let mut wholes = Vec::new();
        let mut partials = Vec::new();
        for arg in args {
            match arg.need {
                Need::Argument { schema, optional } => {
                    let schema = schema(&mut generator).to_value();
                    arguments.push((arg, schema, optional()));
                }
                Need::Arguments { schema } => wholes.push(schema(&mut generator).to_value()),
                Need::Partials { schema } => partials.push(schema),
                Need::Nothing | Need::State { .. } | Need::Task | Need::Payload => {}
            }
        }
        if wholes.len() > 1 || (!wholes.is_empty() && !arguments.is_empty()) {
            let text = "`Args` takes all arguments of a call; put the others into its struct as well";
            errors.push(SchemaError::Parameters(text.to_owned()));
        }
        if partials.len() > 1 {
            let text = "two `Partials`; a call has one stream of partial results: send an enum";
            errors.push(SchemaError::Parameters(text.to_owned()));
        }

        let definitions = generator.take_definitions(true);
        let (raw, optional) = match wholes.into_iter().next() {
            Some(whole) => whole_root(whole, definitions, &mut errors),
            None => inline_root(arguments, definitions, &mut errors),
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let (mut input, mut accepted) = (raw.clone(), raw);
        clean(&mut input, Reader::Model);
        clean(&mut accepted, Reader::Validator);
        let validator = Arguments::new(&accepted, defaults(args), optional).map_err(|error| vec![error])?;
        check_values(args, &validator).map_err(|error| vec![error])?;
        let output = described(output);
        // A stream of nothing is a stream all the same.
        let partial = partials.first().map(|schema| described(*schema).unwrap_or(json!({})));
        Ok(Self { input, output, partial, validator })
    }
}

fn generator(contract: Contract) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.contract = contract;
    settings.into_generator()
}

/// A value that is received.
pub(crate) fn accepted(schema: fn(&mut SchemaGenerator) -> schemars::Schema) -> Value {
    let mut generator = generator(Contract::Deserialize);
    let mut value = schema(&mut generator).to_value();
    add_definitions(&mut value, generator.take_definitions(true));
    value = dereferenced(value);
    clean(&mut value, Reader::Validator);
    value
}

/// A value that is sent; `None` for one that says nothing.
pub(crate) fn described(schema: fn(&mut SchemaGenerator) -> schemars::Schema) -> Option<Value> {
    let mut generator = generator(Contract::Serialize);
    let mut value = schema(&mut generator).to_value();
    if value.get("type") == Some(&json!("null")) {
        return None;
    }
    add_definitions(&mut value, generator.take_definitions(true));
    value = dereferenced(value);
    clean(&mut value, Reader::Validator);
    Some(value)
}

fn inline_root(
    arguments: Vec<(&ArgDef, Value, bool)>,
    definitions: Map<String, Value>,
    errors: &mut Vec<SchemaError>,
) -> (Value, Vec<String>) {
    let (mut properties, mut required, mut optional) = (Map::new(), Vec::new(), Vec::new());
    for (arg, schema, may_be_left_out) in arguments {
        let mut schema = match schema {
            Value::Object(schema) => schema,
            // `true`: any value.
            _ => Map::new(),
        };
        if let Err(reason) = narrow(&mut schema, arg) {
            errors.push(SchemaError::Argument { argument: arg.name.to_owned(), reason });
        }
        if may_be_left_out || arg.default.is_some() {
            optional.push(arg.name.to_owned());
        } else {
            required.push(json!(arg.name));
        }
        if properties.insert(arg.name.to_owned(), Value::Object(schema)).is_some() {
            let reason =
                "two parameters have this name; give one of them another with `#[arg(rename = \"..\")]`";
            errors.push(SchemaError::Argument { argument: arg.name.to_owned(), reason: reason.to_owned() });
        }
    }
    let mut root = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty()
        && let Some(root) = root.as_object_mut()
    {
        root.insert("required".to_owned(), Value::Array(required));
    }
    add_definitions(&mut root, definitions);
    (root, optional)
}

fn whole_root(
    whole: Value,
    definitions: Map<String, Value>,
    errors: &mut Vec<SchemaError>,
) -> (Value, Vec<String>) {
    let mut root = whole;
    add_definitions(&mut root, definitions);
    root = dereferenced(root);
    let object = root.get("type") == Some(&json!("object"));
    let composed = ["oneOf", "anyOf", "allOf"].into_iter().find(|keyword| root.get(*keyword).is_some());
    let reason = match composed {
        Some(keyword) => Some(format!(
            "the arguments are one JSON object, and this type makes a `{keyword}` of them, as an enum does, \
             which model providers refuse; put it into a field of a struct"
        )),
        None if !object => Some(
            "the arguments are a JSON object, and this type is none; use a struct with named fields"
                .to_owned(),
        ),
        None => None,
    };
    if let Some(reason) = reason {
        errors.push(SchemaError::Parameters(format!("`Args`: {reason}")));
        return (root, Vec::new());
    }
    if let Some(root) = root.as_object_mut() {
        root.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    // What a `null` means in the user's own struct, its serde attributes say.
    (root, Vec::new())
}

/// A recursive type is a reference to its definition, and the root has to be the thing itself.
fn dereferenced(mut root: Value) -> Value {
    let Some(reference) = root.get("$ref").and_then(Value::as_str) else { return root };
    let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).cloned() else {
        return root;
    };
    let definitions = root.get_mut("$defs").map(Value::take);
    let mut target = target;
    if let (Some(target), Some(Value::Object(definitions))) = (target.as_object_mut(), definitions) {
        target.insert("$defs".to_owned(), Value::Object(definitions));
    }
    target
}

fn add_definitions(root: &mut Value, definitions: Map<String, Value>) {
    if let (false, Some(root)) = (definitions.is_empty(), root.as_object_mut()) {
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
}

/// The defaults that can be written; the others are errors already.
fn defaults(args: &[ArgDef]) -> Vec<(String, Value)> {
    let default = |arg: &ArgDef| Some((arg.name.to_owned(), arg.default?().ok()?));
    args.iter().filter_map(default).collect()
}

/// Defaults and examples have to be what the schema asks for.
fn check_values(args: &[ArgDef], validator: &Arguments) -> Result<(), SchemaError> {
    for arg in args {
        for (what, value) in [("default", arg.default), ("example", arg.example)] {
            let Some(Ok(value)) = value.map(|value| value()) else { continue };
            if let Err(error) = validator.check_one(arg.name, &value) {
                let reason = format!("its `{what}` does not fit: {}", error.message());
                return Err(SchemaError::Argument { argument: arg.name.to_owned(), reason });
            }
        }
    }
    Ok(())
}
