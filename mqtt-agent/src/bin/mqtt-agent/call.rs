//! `mqtt-agent call`: calls a tool, with options made from its schema.

use std::io::Read;

use clap::ArgMatches;
use clap::error::ErrorKind;
use mqtt_agent::Client;
use serde_json::{Map, Value, json};

use crate::arguments;
use crate::exit::{Exit, Failure};
use crate::options::{divide, own, refused};
use crate::output::pretty;
use crate::settings::Settings;

pub(crate) async fn run(matches: &ArgMatches, settings: Settings) -> Result<(), Failure> {
    let mut words = matches.get_many::<String>("call").into_iter().flatten().cloned();
    let name = words.next().unwrap_or_default();
    let (ours, tools) = divide(words);
    let later = own().try_get_matches_from(ours).map_err(|error| refused(&error))?;
    let settings = settings.with(Settings::of(&later));
    settings.connected(async |client| call(client, &name, tools, &settings).await).await
}

async fn call(client: &Client, name: &str, words: Vec<String>, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let Some(card) = client.tool(name).await? else {
        let message = format!("nobody serves `{name}`; `mqtt-agent tools` lists what is served");
        return Err(Failure::new(Exit::Nobody, message));
    };
    let properties = arguments::of(&card);
    let matches = match arguments::command(&card, &properties).try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            let help = error.to_string();
            return output.answer(&json!({ "help": help }), || help.clone());
        }
        Err(error) => return Err(refused(&error)),
    };
    let mut arguments = read(matches.get_one::<String>("json-arguments")).await?;
    arguments::put(&properties, &matches, &mut arguments)?;

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
