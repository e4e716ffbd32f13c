//! `mqtt-agent contract`: writes what is served to a file, and compares it with a file.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mqtt_agent::ServedContract;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::near::near;
use crate::options::common;
use crate::output::{counted, pretty};
use crate::settings::Settings;
use crate::told::named;

pub(crate) fn command() -> Command {
    let file = || Arg::new("file").value_name("FILE").value_parser(value_parser!(PathBuf));
    Command::new("contract")
        .about("Writes what is served to a file, or compares it with one")
        .after_help(
            "Examples:\n  mqtt-agent contract write served.json\n  mqtt-agent contract check served.json\n  \
             mqtt-agent contract check contract.json    # that of `contract!` in a program",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("write")
                .about("Writes the tools and skills that are online to a file, or to stdout")
                .arg(file().help("The file [default: stdout]"))
                .arg(
                    Arg::new("tool")
                        .long("tool")
                        .value_name("NAME")
                        .action(ArgAction::Append)
                        .help("Only this tool, and no skills; may be repeated"),
                )
                .args(common()),
        )
        .subcommand(
            Command::new("check")
                .about("Reports what in a file is served differently now, or not at all; then the exit code is 1")
                .arg(file().required(true).help("The file"))
                .arg(
                    Arg::new("exact")
                        .long("exact")
                        .action(ArgAction::SetTrue)
                        .help("Also what is served and is not in the file"),
                )
                .args(common()),
        )
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    match matches.subcommand() {
        Some(("write", matches)) => write(matches, settings).await,
        Some((_, matches)) => check(matches, settings).await,
        None => Err(Failure::usage("say what to do; see `mqtt-agent contract --help`")),
    }
}

async fn served(settings: &Settings) -> Result<ServedContract, Failure> {
    settings.connected(async |client| Ok(ServedContract::of(client).await?)).await
}

async fn write(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let mut served = served(settings).await?;
    if let Some(names) = matches.get_many::<String>("tool") {
        names.clone().try_for_each(|name| is_served(&served, name))?;
        served = served.only_tools(names.map(String::as_str));
    }
    let document = served.document();
    let output = settings.output();
    let Some(file) = matches.get_one::<PathBuf>("file") else {
        return output.answer(document, || pretty(document));
    };
    let shown = file.display();
    std::fs::write(file, format!("{document:#}\n")).map_err(|error| {
        Failure::failed(format!("`{shown}` cannot be written: {error}; look at its folder"))
    })?;
    let count = |what: &str| document.get(what).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    let (tools, skills) = (count("tools"), count("skills"));
    output.answer(&json!({"file": file, "tools": tools, "skills": skills}), || {
        format!("`{shown}` has {} and {}", counted(tools, "tool"), counted(skills, "skill"))
    })
}

/// What is not served would be left out of the file in silence.
fn is_served(served: &ServedContract, name: &str) -> Result<(), Failure> {
    let tools = served.document().get("tools").and_then(Value::as_object);
    if tools.is_some_and(|tools| tools.contains_key(name)) {
        return Ok(());
    }
    let names = tools.into_iter().flat_map(|tools| tools.keys().map(String::as_str));
    let hint = match near(name, names) {
        Some(close) => format!("did you mean `{}`?", named(close)),
        None => "`mqtt-agent tools` lists those that are online".to_owned(),
    };
    Err(Failure::new(Exit::Nobody, format!("no tool is called `{name}`; {hint}")))
}

async fn check(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let file = matches.get_one::<PathBuf>("file").map(PathBuf::as_path).unwrap_or(Path::new(""));
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("`{shown}` cannot be read: {error}; `contract write` makes one"))
    })?;
    let published: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("`{shown}` is no JSON: {error}")))?;
    let served = served(settings).await?;
    let changes = served.compare(&published, matches.get_flag("exact"));
    let output = settings.output();
    for change in &changes {
        output.answer(&json!(change), || change.to_string())?;
    }
    if changes.is_empty() {
        output.note(&format!("everything in `{shown}` is served as it says"));
        return Ok(());
    }
    let differences = counted(changes.len(), "difference");
    Err(Failure::failed(format!(
        "{differences} to `{shown}`; `mqtt-agent contract write` takes what is served now"
    )))
}
