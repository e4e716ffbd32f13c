//! `mqtt-agent dev`: a broker for development.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mqtt_agent::broker::{Broker, BrokerError};
use serde_json::json;

use crate::exit::Failure;
use crate::folder::user_folder;
use crate::options::json;
use crate::settings::Settings;
use crate::signals;

/// Where clients look for a broker when nothing else is said.
const PORT: u16 = 1883;

pub(crate) fn command() -> Command {
    Command::new("dev")
        .about("Runs a broker for development on 127.0.0.1, until Ctrl-C")
        .after_help(
            "Examples:\n  mqtt-agent dev\n  mqtt-agent dev --port 1884 --memory\n\n\
             Retained messages and sessions stay in a folder: ~/.local/state/mqtt-agent/broker-PORT, or where\n\
             XDG_STATE_HOME says, on Windows in %LOCALAPPDATA%. A broker at a free port (--port 0) keeps nothing without\n\
             --folder.",
        )
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .help("The port; 0 takes a free one [default: 1883]"),
        )
        .arg(
            Arg::new("folder")
                .long("folder")
                .value_name("FOLDER")
                .value_parser(value_parser!(PathBuf))
                .help("Where retained messages and sessions stay"),
        )
        .arg(
            Arg::new("memory")
                .long("memory")
                .action(ArgAction::SetTrue)
                .conflicts_with("folder")
                .help("Forget everything at the end"),
        )
        .arg(json())
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let port = matches.get_one::<u16>("port").copied().unwrap_or(PORT);
    let folder = match matches.get_one::<PathBuf>("folder") {
        _ if matches.get_flag("memory") => None,
        Some(folder) => Some(folder.clone()),
        None if port == 0 => None,
        None => user_folder("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
            .map(|folder| folder.join(format!("broker-{port}"))),
    };
    let broker = start(port, folder.as_deref(), "`--port 0` takes a free one").await?;
    let url = broker.url();
    let kept = match &folder {
        Some(folder) => format!("retained messages and sessions stay in {}", folder.display()),
        None => "everything is forgotten when it ends".to_owned(),
    };
    settings.output().answer(
        &json!({"url": url, "folder": folder.as_ref().map(|folder| folder.display().to_string())}),
        || format!("a broker for development listens on {url}; {kept} (Ctrl-C ends it)"),
    )?;
    signals::asked_to_end().await;
    broker.stop().await;
    Ok(())
}

/// Starts it on this host. `else_` is what helps where the port is taken.
pub(crate) async fn start(port: u16, folder: Option<&Path>, else_: &str) -> Result<Broker, Failure> {
    let broker = Broker::builder().address((Ipv4Addr::LOCALHOST, port).into());
    let broker = folder.map_or(broker.clone(), |folder| broker.folder(folder));
    broker.start().await.map_err(|error| match error {
        BrokerError::Folder { .. } => Failure::failed(format!("{error} by `--folder`, or write `--memory`")),
        BrokerError::Listen { address, .. } => {
            // What the broker says of it is another library's, and several lines long.
            let reason = match TcpListener::bind(address) {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    "another program has the port; use the broker that runs there, or take another port"
                        .to_owned()
                }
                Err(error) => format!("{error}; take another port"),
                Ok(_) => "the port was not free; try again, or take another port".to_owned(),
            };
            Failure::failed(format!("the broker cannot listen on `{address}`: {reason}: {else_}"))
        }
        error => Failure::failed(error.to_string()),
    })
}
