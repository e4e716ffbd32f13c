//! The command line of a tool or a skill, made from the schema of its arguments.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::{Map, Value};

use crate::example::{option, with};
use crate::exit::Failure;
use crate::options::Own;
use crate::output::printable;
use crate::property::Property;
use crate::schema::Kind;
use crate::value;

/// The longest form of an item that the help has room for, in characters.
const FORM: usize = 240;

/// What stands beside the options of a tool or a skill.
const REST: &str = "rest";

/// What stands there and is too much.
const MORE: &str = "more";

/// What is called.
pub(crate) struct Callee<'c> {
    /// The command up to its name.
    pub(crate) command: String,
    /// What may stand beside the options, as the usage has it.
    pub(crate) rest: &'static str,
    /// The same as one word, and what it is.
    pub(crate) rest_help: [&'static str; 2],
    pub(crate) about: &'c str,
    pub(crate) own: &'static Own,
}

/// Its command line.
pub(crate) fn command(callee: &Callee<'_>, properties: &[Property]) -> Command {
    let name = printable(&callee.command);
    let [rest_name, rest_help] = callee.rest_help;
    let mut command = Command::new(name.clone())
        .no_binary_name(true)
        .override_usage(format!("{name} [OPTIONS] {}", callee.rest))
        .about(printable(callee.about))
        .after_help(callee.own.may_stand_here())
        .arg(Arg::new(REST).value_name(rest_name).help(rest_help))
        // They are refused with what was meant.
        .arg(Arg::new(MORE).hide(true).action(ArgAction::Append).num_args(0..));
    for property in properties {
        let listed = matches!(property.kind, Kind::List(_));
        let mut option = Arg::new(format!("tool:{}", property.long))
            .long(property.long.clone())
            .value_name(property.kind.value_name())
            .allow_negative_numbers(true)
            .action(if listed { ArgAction::Append } else { ArgAction::Set })
            .help(help(property));
        if property.kind == Kind::Boolean {
            option = option.num_args(0..=1).require_equals(true).default_missing_value("true");
        }
        command = command.arg(option);
    }
    command
}

/// The description of an option, and what it takes.
pub(crate) fn help(property: &Property) -> String {
    let mut notes = Vec::new();
    if property.required {
        notes.push("required".to_owned());
    }
    let item = match &property.kind {
        Kind::List(item) => {
            notes.push("once for each item, or a whole list in JSON".to_owned());
            item
        }
        kind => kind,
    };
    if matches!(item, Kind::Object) && !property.example.is_null() {
        let form = printable(&option(property));
        if form.chars().count() <= FORM {
            notes.push(format!("as {form}"));
        }
    }
    let notes = if notes.is_empty() { String::new() } else { format!("({})", notes.join("; ")) };
    format!("{} {notes}", property.help).trim().to_owned()
}

/// What was given beside the options.
pub(crate) fn rest(matches: &ArgMatches) -> Vec<&String> {
    [REST, MORE].into_iter().filter_map(|id| matches.get_many::<String>(id)).flatten().collect()
}

/// Puts the options that were given into the arguments.
pub(crate) fn put(
    properties: &[Property],
    matches: &ArgMatches,
    arguments: &mut Map<String, Value>,
) -> Result<(), Failure> {
    for property in properties {
        let given = matches.get_many::<String>(&format!("tool:{}", property.long));
        let given: Vec<&String> = given.into_iter().flatten().collect();
        if let Some(value) = value::read(property, &given)? {
            arguments.insert(property.name.clone(), value);
        }
    }
    Ok(())
}

/// Refuses arguments that are not complete.
pub(crate) fn complete(
    what: &str,
    properties: &[Property],
    arguments: &Map<String, Value>,
) -> Result<(), Failure> {
    let missing = properties.iter().filter(|one| one.required && !arguments.contains_key(&one.name));
    let missing: Vec<String> = missing.map(|one| format!("`--{}`", one.long)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("{what} needs {}; `--help` after its name tells more", missing.join(", "))))
}

/// The option that a text was meant for which stands beside the options: `NAME=VALUE`, or what alone is missing.
pub(crate) fn meant(properties: &[Property], matches: &ArgMatches, text: &str) -> Option<String> {
    if let Some((name, value)) = text.split_once('=') {
        let name = name.trim_start_matches('-');
        let named = properties.iter().find(|one| one.name == name || one.long == name);
        if let Some(property) = named {
            return Some(with(property, value));
        }
    }
    let open = |one: &&Property| !matches.contains_id(&format!("tool:{}", one.long));
    let only = |required: bool| {
        let mut open = properties.iter().filter(open).filter(|one| one.required || !required);
        open.next().filter(|_| open.next().is_none())
    };
    only(true).or_else(|| only(false)).map(|property| with(property, text))
}
