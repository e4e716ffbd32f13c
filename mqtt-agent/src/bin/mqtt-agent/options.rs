//! The options that several commands share.

use clap::{Arg, ArgAction, Command};

use crate::exit::Failure;
use crate::settings::duration;

pub(crate) fn json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON, one value a line")
}

pub(crate) fn timeout() -> Arg {
    Arg::new("timeout")
        .long("timeout")
        .value_name("TIME")
        .value_parser(duration)
        .help("How long to wait for the end, as 30s or 500ms")
}

/// The id of this client, to which its tasks belong.
pub(crate) fn id() -> Arg {
    Arg::new("id")
        .long("id")
        .value_name("ID")
        .help("The id of this client, to which its tasks belong [default: MQTT_AGENT_ID, else a random one]")
}

/// Where the broker is, without its credentials.
pub(crate) fn broker() -> [Arg; 3] {
    [
        Arg::new("url").long("url").value_name("URL").help("The broker, as mqtt://localhost:1883"),
        Arg::new("namespace").long("namespace").value_name("NS").help("The namespace [default: a2a/v1]"),
        Arg::new("context")
            .long("context")
            .value_name("NAME")
            .help("The broker and the credentials of this name; see `mqtt-agent context`"),
    ]
}

pub(crate) fn common() -> [Arg; 4] {
    let [url, namespace, context] = broker();
    [url, namespace, context, json()]
}

/// The options that hold for a call wherever they stand.
pub(crate) fn own() -> Command {
    Command::new("call").no_binary_name(true).args(common()).arg(timeout())
}

/// Divides what stands behind a tool's name into the options of this command and those of the tool.
pub(crate) fn divide(rest: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let (mut own, mut tool) = (Vec::new(), Vec::new());
    let mut rest = rest;
    while let Some(word) = rest.next() {
        let (name, valued) = word.split_once('=').map_or((word.as_str(), false), |(name, _)| (name, true));
        match name {
            "--" => {
                tool.push(word);
                tool.extend(rest.by_ref());
            }
            "--json" => own.push(word),
            "--url" | "--namespace" | "--context" | "--timeout" => {
                own.push(word);
                if !valued {
                    own.extend(rest.next());
                }
            }
            _ => tool.push(word),
        }
    }
    (own, tool)
}

/// Whether a name is that of an option of ours.
pub(crate) fn is_own(name: &str) -> bool {
    matches!(name, "json" | "url" | "namespace" | "context" | "timeout" | "help")
}

/// What clap says, as a failure of this command.
pub(crate) fn refused(error: &clap::Error) -> Failure {
    let text = error.to_string();
    Failure::usage(text.trim_start_matches("error: ").trim_end())
}
