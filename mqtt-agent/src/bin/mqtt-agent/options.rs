//! The options that several commands share.

use clap::{Arg, ArgAction};

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

/// The options of a command that hold wherever they stand, also behind the name of a tool or an agent.
pub(crate) struct Own {
    pub(crate) command: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) valued: &'static [&'static str],
}

impl Own {
    /// Whether a name is that of such an option.
    pub(crate) fn has(&self, name: &str) -> bool {
        name == "help" || self.flags.contains(&name) || self.valued.contains(&name)
    }

    /// Divides what stands behind a name into these options and the rest.
    pub(crate) fn divide(&self, rest: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        let mut rest = rest;
        while let Some(word) = rest.next() {
            let (name, valued) =
                word.split_once('=').map_or((word.as_str(), false), |(name, _)| (name, true));
            let name = name.strip_prefix("--").unwrap_or_default();
            if word == "--" {
                others.push(word);
                others.extend(rest.by_ref());
            } else if self.flags.contains(&name) {
                own.push(word);
            } else if self.valued.contains(&name) {
                own.push(word);
                if !valued {
                    own.extend(rest.next());
                }
            } else {
                others.push(word);
            }
        }
        (own, others)
    }

    /// That they may stand behind a name.
    pub(crate) fn may_stand_here(&self) -> String {
        let names: Vec<String> =
            self.valued.iter().chain(self.flags).map(|name| format!("--{name}")).collect();
        let names = match names.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => names.concat(),
        };
        format!("{names} may stand here too; see `mqtt-agent {} --help`.", self.command)
    }
}

/// What clap says, as a failure of this command.
pub(crate) fn refused(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let lines: Vec<_> =
        text.lines().map(|line| of_an_option(line).unwrap_or_else(|| line.to_owned())).collect();
    Failure::usage(lines.join("\n").trim_start_matches("error: ").trim_end())
}

/// Clap's advice for a value that begins with `-`, as it holds for values of options.
fn of_an_option(line: &str) -> Option<String> {
    let (value, _) = line.strip_prefix("  tip: to pass '")?.split_once("' as a value, use '-- ")?;
    Some(format!("  tip: to pass '{value}' as the value of an option, use '--OPTION={value}'"))
}
