//! The command line: commands, options and their help.

use std::io;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::exit::Failure;
use crate::options::{broker, common, timeout};
use crate::settings::duration;
use crate::{ask, bench, completions, context, contract, dev, lint, publish, servers, tasks, watch, why};

const CODES: &str = "\
Exit codes: 0 done, 1 the tool or the task failed, 2 usage, 3 nobody serves it, 4 not allowed, 5 time is over, 6 no
broker, 130 interrupted.

The broker is --url, else that of --context, else MQTT_AGENT_URL, else that of `mqtt-agent context use`, else
mqtt://127.0.0.1:1883. User, password and certificates are those of the context, or are read from the environment:
MQTT_AGENT_USERNAME, MQTT_AGENT_PASSWORD, MQTT_AGENT_PASSWORD_FILE, MQTT_AGENT_CA_FILE.";

/// The whole command line.
pub(crate) fn command() -> Command {
    let name = |what: &'static str| Arg::new("name").value_name("NAME").required(true).help(what);
    Command::new("mqtt-agent")
        .about("Finds and calls MCP tools and A2A agents on an MQTT 5 broker")
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(dev::command())
        .subcommand(
            Command::new("tools")
                .about("Lists the tools that are online")
                .after_help(
                    "Example:\n  mqtt-agent tools --url mqtt://broker.example --json | jq -r '.tools[].tool'",
                )
                .args(common()),
        )
        .subcommand(Command::new("agents")
                .about("Lists the agents that are online")
                .after_help("Example:\n  mqtt-agent agents --json | jq -r '.agents[].agent_id'")
                .args(common()))
        .subcommand(
            Command::new("servers")
                .about("Lists the servers that are online, each with its tools")
                .after_help("Example:\n  mqtt-agent servers --context work")
                .args(common()),
        )
        .subcommand(
            Command::new("show")
                .about("Shows a tool with its options and schema, or an agent")
                .after_help("Example:\n  mqtt-agent show weather")
                .arg(name("A tool or an agent"))
                .args(common()),
        )
        .subcommand(
            Command::new("call")
                .about("Calls a tool; its options are made from its schema")
                .override_usage(
                    "mqtt-agent call [OPTIONS] NAME [--OPTION VALUE]... [{JSON} | @FILE | -]",
                )
                .after_help(
                    "Examples:\n  mqtt-agent call weather --help\n  mqtt-agent call weather --city Oslo --days 2\n  \
                     mqtt-agent call weather '{\"city\": \"Oslo\"}' --days 2\n  \
                     mqtt-agent call weather @arguments.json --timeout 5s\n  \
                     echo '{\"city\": \"Oslo\"}' | mqtt-agent call weather - --json",
                )
                .arg(
                    Arg::new("words")
                        .value_name("NAME")
                        .required(true)
                        .num_args(1..)
                        .trailing_var_arg(true)
                        .allow_hyphen_values(true)
                        .help("The tool, and its arguments"),
                )
                .args(common())
                .arg(timeout()),
        )
        .subcommand(ask::command())
        .subcommand(
            Command::new("lint")
                .about("Checks the tools that are online against the rules of MCP clients and model providers")
                .after_help("Examples:\n  mqtt-agent lint\n  mqtt-agent lint weather --dialect all")
                .arg(Arg::new("name").value_name("NAME").help("One tool [default: all]"))
                .arg(
                    Arg::new("dialect")
                        .long("dialect")
                        .value_name("DIALECT")
                        .value_parser(PossibleValuesParser::new(lint::NAMES))
                        .default_value("mcp")
                        .help("Whose rules"),
                )
                .args(common()),
        )
        .subcommand(watch::command())
        .subcommand(publish::command())
        .subcommand(publish::supervise_command())
        .subcommand(servers::stats_command())
        .subcommand(servers::ping_command())
        .subcommand(why::command())
        .subcommand(bench::command())
        .subcommand(tasks::command())
        .subcommand(contract::command())
        .subcommand(context::command())
        .subcommand(
            Command::new("mcp")
                .about("Serves the tools that are online to MCP hosts, over stdin and stdout or HTTP")
                .long_about(
                    "Serves the tools that are online to an MCP host, over stdin and stdout: the host starts it, and it ends \
                     with the host. With --http, any number of hosts come over HTTP; the URL is printed. It logs to stderr; \
                     RUST_LOG says what.",
                )
                .after_help(
                    "Examples:\n  claude mcp add mqtt -- mqtt-agent mcp --url mqtt://broker.example\n  \
                     mqtt-agent mcp --tag weather --read-only\n  mqtt-agent mcp --allow weather --allow clock\n  \
                     mqtt-agent mcp --http 127.0.0.1:8080 --tokens tokens.txt",
                )
                .args(mcp())
                .args(broker()),
        )
        .subcommand(completions::command())
        .subcommand(completions::names_command())
}

fn mcp() -> [Arg; 23] {
    let some = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
    };
    let time = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("TIME").value_parser(duration).help(help)
    };
    [
        some("name", "PATTERN", "Only tools with such a name, `*` for any characters; may be repeated"),
        some("tag", "TAG", "Only tools with this tag; may be repeated"),
        some("server", "PATTERN", "Only tools of such a server, `*` for any characters; may be repeated"),
        some("allow", "NAME", "Only tools with exactly this name; may be repeated"),
        Arg::new("read-only")
            .long("read-only")
            .action(ArgAction::SetTrue)
            .help("Only tools that are read-only by their own hint"),
        Arg::new("agents")
            .long("agents")
            .action(ArgAction::SetTrue)
            .help("Also the skills of agents, each as a tool"),
        Arg::new("expose")
            .long("expose")
            .value_name("HOW")
            .value_parser(["direct", "search", "auto"])
            .default_value("direct")
            .help("List each tool, or three tools that search, describe and call them; `auto`: the three above 30 tools or 10,000 tokens"),
        time("timeout", "How long a call may go without an answer or progress, as 30s or 10m [default: 5m]"),
        time("longest", "How long a call may take in total, even with progress [default: 1h]"),
        time("task-after", "How long the call of a skill may take until hosts that poll tasks get a task [default: 10s]"),
        time("handle-after", "How long the call of a skill may take until other hosts get a handle, and how long each call with it waits [default: 45s]"),
        time("keep", "How long a tool that is not online stays listed [default: 10m]"),
        Arg::new("cache")
            .long("cache")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("The file where cards are kept for the next start [default: in the user's cache folder]"),
        Arg::new("no-cache")
            .long("no-cache")
            .action(ArgAction::SetTrue)
            .conflicts_with("cache")
            .help("Keep no cards"),
        Arg::new("http")
            .long("http")
            .value_name("ADDRESS")
            .help("Serve over HTTP at this address, as 127.0.0.1:8080, instead of stdin and stdout"),
        Arg::new("tokens")
            .long("tokens")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .requires("http")
            .help("The allowed callers over HTTP: a file with `IDENTITY TOKEN` in each line"),
        Arg::new("oauth")
            .long("oauth")
            .value_name("ISSUER")
            .requires_all(["http", "resource", "jwks"])
            .conflicts_with("tokens")
            .help("The allowed callers over HTTP: clients with an access token of this OAuth server"),
        Arg::new("resource")
            .long("resource")
            .value_name("URL")
            .requires("oauth")
            .help("The resource of these tokens: the URL that clients use, as https://mcp.example/mcp"),
        Arg::new("jwks")
            .long("jwks")
            .value_name("URL|FILE")
            .requires("oauth")
            .help("The keys of the OAuth server"),
        Arg::new("claim")
            .long("claim")
            .value_name("NAME")
            .requires("oauth")
            .help("The claim that is the identity [default: sub]"),
        Arg::new("scope").long("scope").value_name("SCOPE").requires("oauth").help("A scope that tokens must have"),
        some("host", "NAME", "A further allowed `Host` over HTTP; may be repeated")
            .requires("http"),
        some(
            "origin",
            "ORIGIN",
            "An allowed `Origin` over HTTP, as https://app.example; may be repeated",
        )
        .requires("http"),
    ]
}

/// `mqtt-agent completions`.
pub(crate) fn print_completions(matches: &ArgMatches) -> Result<(), Failure> {
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        let text = completions::script(*shell, &mut command());
        // A reader that stops has enough.
        drop(io::Write::write_all(&mut io::stdout(), text.as_bytes()));
    }
    Ok(())
}
