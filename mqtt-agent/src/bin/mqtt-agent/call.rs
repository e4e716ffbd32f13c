//! `mqtt-agent call`: calls a tool, with options made from its schema.

use std::io::Read;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};
use mqtt_agent::Client;
use mqtt_agent::wire::ToolCard;
use serde_json::{Map, Value, json};

use crate::arguments::{self, Callee, meant, rest};
use crate::example::{line, quoted};
use crate::exit::Failure;
use crate::names::{self, Wanted};
use crate::options::{Own, common, refused, timeout};
use crate::output::pretty;
use crate::property::{self, Property};
use crate::settings::Settings;

/// The options that hold for a call wherever they stand.
const OWN: Own =
    Own { command: "call", flags: &["json"], valued: &["url", "namespace", "context", "timeout"] };

pub(crate) async fn run(matches: &ArgMatches, settings: Settings) -> Result<(), Failure> {
    let mut words = matches.get_many::<String>("words").into_iter().flatten().cloned();
    let name = words.next().unwrap_or_default();
    let (ours, tools) = OWN.divide(words);
    let later = Command::new("call").no_binary_name(true).args(common()).arg(timeout());
    let later = later.try_get_matches_from(ours).map_err(|error| refused(&error))?;
    let settings = settings.with(Settings::of(&later));
    settings.connected(async |client| call(client, &name, tools, &settings).await).await
}

/// The arguments of a tool that can be options.
pub(crate) fn properties(card: &ToolCard) -> Vec<Property> {
    property::of(&card.input_schema, &OWN)
}

/// A call that may be typed.
pub(crate) fn example(card: &ToolCard) -> String {
    line(&format!("mqtt-agent call {}", quoted(&card.tool)), &properties(card))
}

async fn call(client: &Client, name: &str, words: Vec<String>, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let Some(card) = client.tool(name).await? else {
        return Err(names::unknown(client, name, Wanted::Tool).await);
    };
    let properties = properties(&card);
    let callee = Callee {
        command: format!("mqtt-agent call {}", card.tool),
        rest: "[{JSON} | @FILE | -]",
        rest_help: [
            "JSON",
            "All arguments as a JSON object, as @FILE, or as - for stdin; options are put into it",
        ],
        about: &card.description,
        own: &OWN,
    };
    let matches = match arguments::command(&callee, &properties).try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            let help = error.to_string();
            return output.answer(&json!({ "help": help }), || help.clone());
        }
        Err(error) => return Err(refused(&error)),
    };
    let rest = rest(&matches);
    if let Some(text) = rest.iter().find(|text| rest.len() > 1 || is_word(text)) {
        return Err(misplaced(&card, &properties, meant(&properties, &matches, text), text));
    }
    let mut arguments = read(rest.first().copied()).await?;
    arguments::put(&properties, &matches, &mut arguments)?;
    arguments::complete("the tool", &properties, &arguments)?;

    let mut call = client.call(name, arguments);
    if let Some(timeout) = settings.timeout {
        call = call.timeout(timeout);
    }
    let result: Value = if card.supports_streaming {
        let mut partials = call.stream().await?;
        while let Some(partial) = partials.next().await {
            output.progress(&json!({ "partial": partial }), || pretty(&partial))?;
        }
        partials.finish().await?
    } else {
        call.await?
    };
    output.answer(&json!({ "result": result }), || pretty(&result))
}

/// Whether a text is not meant as all arguments at once.
fn is_word(text: &str) -> bool {
    text != "-" && !text.trim_start().starts_with(['@', '{', '[', '"'])
}

/// A value that stands where only all arguments at once may.
fn misplaced(card: &ToolCard, properties: &[Property], meant: Option<String>, text: &str) -> Failure {
    let tool = &card.tool;
    Failure::usage(match meant {
        Some(option) => format!("the arguments of `{tool}` are options; write `{option}`"),
        None if properties.is_empty() => {
            format!("`{tool}` has no arguments that are options; leave out `{text}`, or write a JSON object")
        }
        None => format!(
            "the arguments of `{tool}` are options, and `{text}` is none; write, for example, `{}`",
            example(card)
        ),
    })
}

/// All arguments at once: `{..}`, `@file` or `-`; none where nothing is given.
pub(crate) async fn read(given: Option<&String>) -> Result<Map<String, Value>, Failure> {
    let Some(given) = given.cloned() else { return Ok(Map::new()) };
    // Aside: stdin may never end, and Ctrl-C counts all the same.
    match tokio::task::spawn_blocking(move || read_now(&given)).await {
        Ok(read) => read,
        Err(error) => Err(Failure::failed(format!("the arguments could not be read: {error}"))),
    }
}

fn read_now(given: &str) -> Result<Map<String, Value>, Failure> {
    let (from, text) = if given == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(|error| Failure::usage(format!("stdin could not be read: {error}")))?;
        ("stdin".to_owned(), text)
    } else if let Some(file) = given.strip_prefix('@') {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| Failure::usage(format!("`{file}` could not be read: {error}")))?;
        (format!("`{file}`"), text)
    } else {
        ("what stands behind the tool's name".to_owned(), given.to_owned())
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(Failure::usage(format!("{from} is no JSON object; write {{\"name\": value}}"))),
        Err(error) => Err(Failure::usage(format!("{from} is no JSON: {error}; write {{\"name\": value}}"))),
    }
}
