//! `mqtt-agent context`: named brokers.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::options::json as json_option;
use crate::output::{columns, pretty};
use crate::profile::{Profile, Profiles};
use crate::settings::Settings;

pub(crate) fn command() -> Command {
    let name = || Arg::new("name").value_name("NAME").required(true).help("The context");
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let file = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("context")
        .about("Names brokers, with the credentials for them, for --context")
        .after_help(
            "Examples:\n  mqtt-agent context add work --url mqtts://broker.example --username ada --password-file ~/.mqtt-work\n  \
             mqtt-agent context use work\n  mqtt-agent tools\n  mqtt-agent tools --context home",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("Lists the contexts").arg(json_option()))
        .subcommand(Command::new("show").about("Shows a context").arg(name()).arg(json_option()))
        .subcommand(
            Command::new("add")
                .about("Adds or replaces a context; passwords are not stored in it")
                .arg(name())
                .arg(text("url", "URL", "The broker, as mqtts://broker.example").required(true))
                .arg(text("namespace", "NS", "The namespace [default: a2a/v1]"))
                .arg(text("id", "ID", "The id of this client [default: a random one]"))
                .arg(text("username", "USER", "The user at the broker"))
                .arg(
                    file("password-file", "The file with the password, which is read for each connection")
                        .requires("username"),
                )
                .arg(
                    text("password-env", "VARIABLE", "The environment variable with the password")
                        .requires("username")
                        .conflicts_with("password-file"),
                )
                .arg(file("ca-file", "The certificate authority, in PEM [default: the system's]"))
                .arg(file("certificate-file", "The client's certificate, in PEM"))
                .arg(file("key-file", "The key of that certificate, in PEM"))
                .arg(json_option()),
        )
        .subcommand(
            Command::new("use")
                .about("Makes a context the default")
                .arg(name())
                .arg(json_option()),
        )
        .subcommand(Command::new("remove").about("Removes a context").arg(name()).arg(json_option()))
}

pub(crate) fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let Some((what, matches)) = matches.subcommand() else {
        return Err(Failure::usage("say what to do with contexts; see `mqtt-agent context --help`"));
    };
    let output = settings.output();
    let name = matches.try_get_one::<String>("name").ok().flatten().cloned().unwrap_or_default();
    let mut profiles = Profiles::read()?;
    match what {
        "list" => {
            if profiles.contexts.is_empty() {
                output.note("there are no contexts; `mqtt-agent context add` makes one");
            }
            for (name, profile) in &profiles.contexts {
                let is_current = profiles.current.as_ref() == Some(name);
                let mark = if is_current { "*" } else { " " };
                output.answer(&of(name, profile, is_current), || {
                    columns(&[(format!("{mark} {name}"), profile.url.clone())])
                })?;
            }
            return Ok(());
        }
        "show" => {}
        "add" => {
            if name.is_empty() {
                return Err(Failure::usage(
                    "a context needs a name; write, for example, `mqtt-agent context add work`",
                ));
            }
            let profile = given(matches)?;
            profile.check()?;
            profiles.contexts.insert(name.clone(), profile);
            profiles.write()?;
        }
        "use" => {
            profiles.get(&name)?;
            profiles.current = Some(name.clone());
            profiles.write()?;
        }
        _ => {
            let profile = profiles.get(&name)?;
            profiles.contexts.remove(&name);
            profiles.current = profiles.current.filter(|current| *current != name);
            profiles.write()?;
            return output.answer(&of(&name, &profile, false), || format!("`{name}` is removed"));
        }
    }
    let profile = profiles.get(&name)?;
    let json = of(&name, &profile, profiles.current.as_ref() == Some(&name));
    output.answer(&json, || pretty(&json))
}

fn of(name: &str, profile: &Profile, is_current: bool) -> Value {
    let mut json = json!({"context": name, "current": is_current});
    if let (Some(json), Value::Object(fields)) = (json.as_object_mut(), json!(profile)) {
        json.extend(fields);
    }
    json
}

fn given(matches: &ArgMatches) -> Result<Profile, Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    // The command may be run in another folder.
    let file = |name: &str| -> Result<Option<PathBuf>, Failure> {
        let Some(path) = matches.get_one::<PathBuf>(name) else { return Ok(None) };
        let absolute = std::path::absolute(path as &Path);
        absolute
            .map(Some)
            .map_err(|error| Failure::usage(format!("`--{name}`: {error}; give an absolute path")))
    };
    Ok(Profile {
        url: text("url").unwrap_or_default(),
        namespace: text("namespace"),
        id: text("id"),
        username: text("username"),
        password_file: file("password-file")?,
        password_env: text("password-env"),
        ca_file: file("ca-file")?,
        certificate_file: file("certificate-file")?,
        key_file: file("key-file")?,
    })
}
