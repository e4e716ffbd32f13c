//! A tool's command-line options, made from the schema of its arguments.

use std::collections::HashSet;

use clap::{Arg, ArgAction, ArgMatches, Command};
use mqtt_agent::wire::ToolCard;
use serde_json::{Map, Value};

use crate::exit::Failure;
use crate::options::is_own;
use crate::output::printable;

/// How many references of a schema are followed in a row; more run in a circle.
const HOPS: usize = 16;

/// What an option's text is read as.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Text,
    Number,
    Boolean,
    /// The option may be repeated.
    List(Box<Kind>),
    /// JSON; with `true` also text that is none.
    Json(bool),
}

/// An argument that can be given as an option.
#[derive(Debug)]
pub(crate) struct Property {
    /// As the schema has it.
    name: String,
    /// As the command line has it.
    pub(crate) long: String,
    kind: Kind,
    help: String,
    pub(crate) required: bool,
    /// A value that may be given.
    example: Value,
    /// Whether the schema gives the example itself.
    has_example: bool,
}

/// The arguments of a tool that can be options. Those whose names no option can have are left to JSON.
pub(crate) fn of(card: &ToolCard) -> Vec<Property> {
    let root: &Value = &card.input_schema;
    let schema = resolved(root, root);
    let required: HashSet<&str> = match schema.get("required").and_then(Value::as_array) {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => HashSet::new(),
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let mut taken = HashSet::new();
    let mut options = Vec::new();
    for (name, schema) in properties {
        let long = if is_own(name) { format!("arg-{name}") } else { name.clone() };
        let usable = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        if long.is_empty()
            || long.starts_with('-')
            || !long.chars().all(usable)
            || !taken.insert(long.clone())
        {
            continue;
        }
        let described = schema.get("description");
        let schema = resolved(root, schema);
        let described = described.or_else(|| schema.get("description")).and_then(Value::as_str);
        let given = ["example", "default"].into_iter().find_map(|key| schema.get(key));
        let given = schema.get("examples").and_then(|examples| examples.get(0)).or(given);
        options.push(Property {
            name: name.clone(),
            long,
            kind: kind(root, schema, HOPS),
            help: help(described.unwrap_or_default(), schema),
            required: required.contains(name.as_str()),
            example: given.cloned().unwrap_or_else(|| made_up(root, schema, HOPS)),
            has_example: given.is_some(),
        });
    }
    options
}

/// Follows local references, and looks into a choice between one schema and `null`.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..HOPS {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        let referred = reference.and_then(|pointer| root.pointer(pointer));
        let choice = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
        let only = choice.and_then(|choice| {
            let mut some = choice.iter().filter(|one| one.get("type").is_none_or(|kind| kind != "null"));
            some.next().filter(|_| some.next().is_none())
        });
        match referred.or(only) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

fn kind(root: &Value, schema: &Value, hops: usize) -> Kind {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(some)) => {
            some.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect()
        }
        // Choices between texts often have no type.
        _ => match schema.get("enum").and_then(Value::as_array) {
            Some(choice) if choice.iter().all(Value::is_string) => vec!["string"],
            _ => Vec::new(),
        },
    };
    match types.as_slice() {
        ["string"] => Kind::Text,
        ["integer" | "number"] | ["integer", "number"] | ["number", "integer"] => Kind::Number,
        ["boolean"] => Kind::Boolean,
        ["array"] if hops > 0 => {
            let items = schema
                .get("items")
                .map_or(Kind::Json(true), |items| kind(root, resolved(root, items), hops - 1));
            Kind::List(Box::new(items))
        }
        ["object"] => Kind::Json(false),
        _ => Kind::Json(true),
    }
}

/// The description and what may be given, on one line.
fn help(described: &str, schema: &Value) -> String {
    let mut help = described.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
        let choice: Vec<String> = choice.iter().map(plain).collect();
        help.push_str(&format!(" [one of: {}]", choice.join(", ")));
    }
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        help.push_str(&format!(" [default: {}]", plain(default)));
    }
    printable(help.trim())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of a schema that names none.
fn made_up(root: &Value, schema: &Value, hops: usize) -> Value {
    if let Some(first) = schema.get("const").or_else(|| schema.get("enum").and_then(|choice| choice.get(0))) {
        return first.clone();
    }
    match kind(root, schema, hops) {
        Kind::Text => Value::from("text"),
        Kind::Number => schema.get("minimum").cloned().unwrap_or_else(|| Value::from(1)),
        Kind::Boolean => Value::from(true),
        Kind::List(_) => {
            let item = schema.get("items").filter(|_| hops > 0);
            let item = item.map(|items| made_up(root, resolved(root, items), hops - 1));
            Value::from(vec![item.unwrap_or_else(|| Value::from("text"))])
        }
        Kind::Json(_) => Value::Object(Map::new()),
    }
}

/// The command line of one tool.
pub(crate) fn command(card: &ToolCard, properties: &[Property]) -> Command {
    let name = printable(&card.tool);
    let mut command =
        Command::new("mqtt-agent call")
            .no_binary_name(true)
            .override_usage(format!("mqtt-agent call {name} [OPTIONS] [{{JSON}} | @FILE | -]"))
            .about(printable(&card.description))
            .after_help(
                "--url, --namespace, --timeout and --json may stand here too; see `mqtt-agent call --help`.",
            )
            .arg(Arg::new("json-arguments").value_name("JSON").help(
                "All arguments as a JSON object, as @FILE, or as - for stdin; options are put into it",
            ));
    for property in properties {
        let listed = matches!(property.kind, Kind::List(_));
        let required = if property.required { " (required)" } else { "" };
        let mut option = Arg::new(format!("tool:{}", property.long))
            .long(property.long.clone())
            .value_name(value_name(&property.kind))
            .allow_negative_numbers(true)
            .action(if listed { ArgAction::Append } else { ArgAction::Set })
            .help(format!("{}{required}", property.help).trim().to_owned());
        if property.kind == Kind::Boolean {
            option = option.num_args(0..=1).require_equals(true).default_missing_value("true");
        }
        command = command.arg(option);
    }
    command
}

fn value_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Number => "NUMBER",
        Kind::Boolean => "BOOLEAN",
        Kind::List(item) => value_name(item),
        Kind::Json(_) => "VALUE",
    }
}

/// Puts the options that were given into the arguments.
pub(crate) fn put(
    properties: &[Property],
    matches: &ArgMatches,
    arguments: &mut Map<String, Value>,
) -> Result<(), Failure> {
    for property in properties {
        let Some(mut given) = matches.get_many::<String>(&format!("tool:{}", property.long)) else {
            continue;
        };
        let value = match &property.kind {
            Kind::List(item) => {
                given.map(|text| read(&property.long, item, text)).collect::<Result<Vec<_>, _>>()?.into()
            }
            kind => match given.next_back() {
                Some(text) => read(&property.long, kind, text)?,
                None => continue,
            },
        };
        arguments.insert(property.name.clone(), value);
    }
    let missing = properties.iter().filter(|one| one.required && !arguments.contains_key(&one.name));
    let missing: Vec<String> = missing.map(|one| format!("`--{}`", one.long)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("the tool needs {}; `--help` after its name tells more", missing.join(", "))))
}

fn read(long: &str, kind: &Kind, text: &str) -> Result<Value, Failure> {
    let expected = |what: &str| Failure::usage(format!("`--{long}` is {what}, and `{text}` is none"));
    match kind {
        Kind::Text => Ok(text.into()),
        Kind::Number => match serde_json::from_str(text) {
            Ok(Value::Number(number)) => Ok(number.into()),
            _ => Err(expected("a number")),
        },
        Kind::Boolean => text.parse().map(Value::Bool).map_err(|_| expected("`true` or `false`")),
        Kind::Json(or_text) => match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(_) if *or_text => Ok(text.into()),
            Err(_) => Err(expected("JSON")),
        },
        Kind::List(_) => match serde_json::from_str(text) {
            Ok(value @ Value::Array(_)) => Ok(value),
            _ => Err(expected("a list in JSON")),
        },
    }
}

/// A call that may be typed: what the tool needs, and what its schema has an example of.
pub(crate) fn example(card: &ToolCard, properties: &[Property]) -> String {
    let mut words = vec!["mqtt-agent call".to_owned(), quoted(&card.tool)];
    for property in
        properties.iter().filter(|one| (one.required || one.has_example) && !one.example.is_null())
    {
        let values = match (&property.kind, &property.example) {
            (Kind::List(_), Value::Array(items)) => items.iter().map(plain).collect(),
            (_, value) => vec![plain(value)],
        };
        for value in values {
            words.push(match (&property.kind, value.as_str()) {
                (Kind::Boolean, "true") => format!("--{}", property.long),
                (Kind::Boolean, _) => format!("--{}={value}", property.long),
                (_, text) if text.starts_with('-') => format!("--{}={}", property.long, quoted(text)),
                (_, text) => format!("--{} {}", property.long, quoted(text)),
            });
        }
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let simple = |char: char| char.is_ascii_alphanumeric() || "-_./:@,+%".contains(char);
    if !word.is_empty() && word.chars().all(simple) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
