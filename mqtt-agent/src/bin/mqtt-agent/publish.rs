//! `mqtt-agent publish`: publishes an existing MCP server as tools on the broker; `supervise`, which `publish` starts
//! itself.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mqtt_agent::Limits;
use mqtt_agent::bridge::{McpServer, PublishEvent, Published, Publisher, supervise};
use serde_json::json;

use crate::dev;
use crate::exit::{Exit, Failure};
use crate::log;
use crate::options::{common, id};
use crate::output::{Output, counted};
use crate::settings::{Settings, duration};
use crate::signals;

/// The command that stands between `publish` and the server. Nobody types it.
pub(crate) const SUPERVISE: &str = "supervise";

pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    Command::new("publish")
        .about("Publishes an MCP server: its tools become tools on the broker, until Ctrl-C")
        .long_about(
            "Publishes an MCP server: its tools become tools on the broker, until Ctrl-C. The server is started, its tools \
             follow its list, and it is started again when it ends.",
        )
        .override_usage("mqtt-agent publish [OPTIONS] -- COMMAND [ARGUMENTS]...\n       mqtt-agent publish [OPTIONS] --server URL")
        .after_help(
            "Examples:\n  mqtt-agent publish -- npx -y @modelcontextprotocol/server-everything\n  \
             mqtt-agent publish --dev -- npx -y @modelcontextprotocol/server-everything    # with a broker for it\n  \
             mqtt-agent publish --server https://mcp.example/mcp --bearer-env TOKEN\n  \
             mqtt-agent publish --id files --prefix files- -- npx -y @modelcontextprotocol/server-filesystem /srv\n  \
             mqtt-agent publish --instance \"$HOSTNAME\" -- uvx mcp-server-time    # on several hosts: they share the calls",
        )
        .arg(
            Arg::new("server-command")
                .value_name("COMMAND")
                .required_unless_present("server")
                .conflicts_with("server")
                .num_args(1..)
                .last(true)
                .value_parser(value_parser!(OsString))
                .help("The command of an MCP server over stdin and stdout"),
        )
        .arg(
            Arg::new("server")
                .long("server")
                .value_name("URL")
                .help("The MCP endpoint of a server over HTTP, as https://host/mcp"),
        )
        .arg(
            Arg::new("bearer-env")
                .long("bearer-env")
                .value_name("VARIABLE")
                .requires("server")
                .help("The environment variable with the token for that server"),
        )
        .arg(
            Arg::new("bearer-file")
                .long("bearer-file")
                .value_name("FILE")
                .requires("server")
                .conflicts_with("bearer-env")
                .value_parser(value_parser!(PathBuf))
                .help("The file with the token for that server, which is read for each connection"),
        )
        .arg(
            Arg::new("header")
                .long("header")
                .value_name("NAME: VALUE")
                .requires("server")
                .action(ArgAction::Append)
                .value_parser(header)
                .help("A header of each request to that server; may be repeated"),
        )
        .arg(id().help("The id of the agent [default: the name that the server gives itself]"))
        .arg(
            Arg::new("instance")
                .long("instance")
                .value_name("NAME")
                .help("The name of this replica, if several share the calls, as its host's"),
        )
        .arg(
            Arg::new("prefix")
                .long("prefix")
                .value_name("TEXT")
                .help("The prefix of the tools' names on MQTT [default: nothing]"),
        )
        .arg(
            Arg::new("dev")
                .long("dev")
                .value_name("PORT")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("1883")
                .value_parser(value_parser!(u16))
                .conflicts_with_all(["url", "context"])
                .help("Run a broker for development as well, as `mqtt-agent dev` does [default port: 1883]"),
        )
        .arg(flag("resources", "Publish the server's resources too, as two tools that list and read them"))
        .arg(flag("prompts", "Publish the server's prompts too, as two tools that list and get them"))
        .arg(
            Arg::new("call-timeout")
                .long("call-timeout")
                .value_name("TIME")
                .value_parser(duration)
                .help("How long a call may run, as 30s or 10m [default: 10m]"),
        )
        .arg(
            Arg::new("concurrency")
                .long("concurrency")
                .value_name("NUMBER")
                .value_parser(value_parser!(u32).range(1..=10_000))
                .help("How many calls run at once; at a URL, further ones wait while 64 requests have no response [default: 256]"),
        )
        .args(common())
}

pub(crate) fn supervise_command() -> Command {
    Command::new(SUPERVISE).hide(true).about("Runs a server for `publish`").arg(
        Arg::new("server-command")
            .required(true)
            .num_args(1..)
            .last(true)
            .value_parser(value_parser!(OsString)),
    )
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write a header as `Name: value`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The server that is published.
fn server(matches: &ArgMatches) -> Result<McpServer, Failure> {
    let Some(url) = matches.get_one::<String>("server") else {
        let mut words = words(matches).into_iter();
        let server = McpServer::command(words.next().unwrap_or_default(), words);
        return Ok(match std::env::current_exe() {
            Ok(program) => server.supervised_by([program.into(), OsString::from(SUPERVISE), "--".into()]),
            Err(_) => server,
        });
    };
    let mut server = McpServer::http(url);
    for (name, value) in matches.get_many::<(String, String)>("header").into_iter().flatten() {
        server = server.header(name, value);
    }
    if let Some(variable) = matches.get_one::<String>("bearer-env") {
        let Ok(token) = std::env::var(variable) else {
            return Err(Failure::usage(format!("`{variable}` is to have the token, and is not set; set it")));
        };
        server = server.bearer_from(move || Ok(token.clone()));
    }
    if let Some(file) = matches.get_one::<PathBuf>("bearer-file").cloned() {
        let read = move || {
            let text = std::fs::read_to_string(&file);
            text.map(|text| text.trim().to_owned())
                .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", file.display())))
        };
        server = server.bearer_from(read);
    }
    Ok(server)
}

fn words(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many::<OsString>("server-command").into_iter().flatten().cloned().collect()
}

/// Runs a server, and gives its exit code.
pub(crate) async fn supervised(matches: &ArgMatches) -> Result<ExitCode, Failure> {
    let ended = supervise(words(matches)).await;
    ended.map_err(|error| {
        Failure::failed(format!(
            "the MCP server could not be started: {error}; is it installed, and in the `PATH`?"
        ))
    })
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    log::to_stderr();
    let Some(port) = matches.get_one::<u16>("dev") else { return publish(matches, settings).await };
    let broker = dev::start(*port, None, "leave out `--dev` where a broker runs, or write `--dev=0`").await?;
    let url = broker.url();
    let told =
        output.progress(&json!({"event": "broker", "url": url}), || format!("a broker listens on {url}"));
    let ended = match told {
        Ok(()) => publish(matches, &settings.at(url)).await,
        Err(failure) => Err(failure),
    };
    broker.stop().await;
    ended
}

async fn publish(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let publisher = publisher(matches, settings)?;
    output.note("waiting for the server to say hello; a first start may have to fetch it");
    let mut published = tokio::select! {
        published = publisher.start() => published?,
        () = signals::asked_to_end() => return Err(Failure::new(Exit::Interrupted, "interrupted; nothing was published")),
    };
    let told = tokio::select! {
        told = tell(&mut published, output) => told,
        // Being told to stop is how it ends.
        () = signals::asked_to_end() => Ok(()),
    };
    published.stop().await;
    told
}

fn publisher(matches: &ArgMatches, settings: &Settings) -> Result<Publisher, Failure> {
    let mut options = settings.options()?;
    if let Some(instance) = matches.get_one::<String>("instance") {
        options = options.instance(instance);
    }
    let mut publisher = Publisher::new(options, server(matches)?);
    if let Some(prefix) = matches.get_one::<String>("prefix") {
        publisher = publisher.prefix(prefix);
    }
    if matches.get_flag("resources") {
        publisher = publisher.resources();
    }
    if matches.get_flag("prompts") {
        publisher = publisher.prompts();
    }
    if let Some(timeout) = matches.get_one::<Duration>("call-timeout") {
        publisher = publisher.timeout(*timeout);
    }
    if let Some(calls) = matches.get_one::<u32>("concurrency") {
        publisher = publisher.limits(Limits::default().with_concurrency(*calls as usize));
    }
    Ok(publisher)
}

async fn tell(published: &mut Published, output: Output) -> Result<(), Failure> {
    let (id, name) = (published.id().to_owned(), published.name().to_owned());
    while let Some(event) = published.next().await {
        match event {
            PublishEvent::Online { tools } => {
                let json = json!({"event": "online", "agent": id, "server": name, "tools": tools});
                output.answer(&json, || {
                    let count = counted(tools.len(), "tool");
                    format!("`{name}` is published as `{id}`, {count}: {}", tools.join(", "))
                })?;
            }
            PublishEvent::Offline { reason } => {
                let json = json!({"event": "offline", "agent": id, "reason": reason});
                output.progress(&json, || format!("the server is gone, and is started again: {reason}"))?;
            }
            PublishEvent::Dropped { tool, reason } => {
                let json = json!({"event": "dropped", "agent": id, "tool": tool, "reason": reason});
                output.progress(&json, || format!("`{tool}` is left out: {reason}"))?;
            }
            _ => {}
        }
    }
    Err(Failure::failed("the server is published no more; start it again"))
}
