//! `mqtt-agent completions`: completions for shells, which get names from the broker with `mqtt-agent names`.

use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use mqtt_agent::Client;
use tokio::time::timeout;

use crate::options::broker;
use crate::profile::Profiles;
use crate::settings::Settings;

/// The command that the scripts ask for names. Nobody types it.
pub(crate) const NAMES: &str = "names";

/// How long a person waits for names.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How long cards are collected.
const WINDOW: Duration = Duration::from_millis(250);

pub(crate) fn command() -> Command {
    Command::new("completions")
        .about("Prints the completions for a shell; names of tools, agents and servers come from the broker")
        .after_help(
            "Examples:\n  mqtt-agent completions bash > ~/.local/share/bash-completion/completions/mqtt-agent\n  \
             mqtt-agent completions zsh > ~/.zfunc/_mqtt-agent\n  \
             mqtt-agent completions fish > ~/.config/fish/completions/mqtt-agent.fish",
        )
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("The shell"),
        )
}

pub(crate) fn names_command() -> Command {
    let what = ["tools", "agents", "servers", "contexts", "any"];
    Command::new(NAMES)
        .hide(true)
        .about("Prints names for the completions")
        .arg(Arg::new("what").required(true).value_parser(what))
        .args(broker())
}

/// How clap's script for zsh ends: it completes at once when zsh loads it for the first completion.
const ZSH_STARTS: &str = "\nif [ \"$funcstack[1]\" = \"_mqtt-agent\" ]; then\n    _mqtt-agent \"$@\"";

/// The script of a shell: clap's, where names stand, and that they come from here.
pub(crate) fn script(shell: Shell, command: &mut Command) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, command, "mqtt-agent", &mut text);
    let text = String::from_utf8_lossy(&text);
    match shell {
        Shell::Bash => format!("{text}{BASH}"),
        // The first completion has names as well.
        Shell::Zsh => match text.rfind(ZSH_STARTS) {
            Some(end) => format!("{}{ZSH}", text.get(..end).unwrap_or_default()),
            None => format!("{text}{ZSH}"),
        },
        Shell::Fish => format!("{text}{FISH}"),
        _ => text.into_owned(),
    }
}

const BASH: &str = r#"
_mqtt_agent_names() {
    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" what=""
    if [[ "$before" == --context ]]; then
        what=contexts
    elif [[ "$word" != -* && $COMP_CWORD -eq 2 ]]; then
        case "${COMP_WORDS[1]}" in
            call | lint | bench | why) what=tools ;;
            show) what=any ;;
            ask) what=agents ;;
            stats | ping) what=servers ;;
        esac
    elif [[ "${COMP_WORDS[1]}" == tasks && "$word" != -* && $COMP_CWORD -eq 3 ]]; then
        what=agents
    fi
    if [[ -n "$what" ]]; then
        COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" names "$what" 2>/dev/null)" -- "$word"))
    else
        _mqtt__agent "$@"
    fi
}
complete -F _mqtt_agent_names -o bashdefault -o default mqtt-agent
"#;

const ZSH: &str = r#"
_mqtt_agent_names() {
    local what=""
    if [[ "$words[CURRENT-1]" == --context ]]; then
        what=contexts
    elif [[ "$words[CURRENT]" != -* && $CURRENT -eq 3 ]]; then
        case "$words[2]" in
            call | lint | bench | why) what=tools ;;
            show) what=any ;;
            ask) what=agents ;;
            stats | ping) what=servers ;;
        esac
    elif [[ "$words[2]" == tasks && "$words[CURRENT]" != -* && $CURRENT -eq 4 ]]; then
        what=agents
    fi
    if [[ -n "$what" ]]; then
        compadd -- ${(f)"$("$words[1]" names "$what" 2>/dev/null)"}
    else
        _mqtt-agent "$@"
    fi
}
compdef _mqtt_agent_names mqtt-agent
if [ "$funcstack[1]" = "_mqtt-agent" ]; then
    _mqtt_agent_names "$@"
fi
"#;

const FISH: &str = r#"
complete -c mqtt-agent -n "__fish_seen_subcommand_from call lint bench why" -f -a "(mqtt-agent names tools 2>/dev/null)"
complete -c mqtt-agent -n "__fish_seen_subcommand_from show" -f -a "(mqtt-agent names any 2>/dev/null)"
complete -c mqtt-agent -n "__fish_seen_subcommand_from ask" -f -a "(mqtt-agent names agents 2>/dev/null)"
complete -c mqtt-agent -n "__fish_seen_subcommand_from stats ping" -f -a "(mqtt-agent names servers 2>/dev/null)"
complete -c mqtt-agent -l context -x -a "(mqtt-agent names contexts 2>/dev/null)"
"#;

/// Prints names, one a line. Whatever goes wrong there are none: a shell is in the middle of a line.
pub(crate) async fn names(matches: &ArgMatches, settings: &Settings) {
    let what = matches.get_one::<String>("what").map(String::as_str).unwrap_or_default();
    let found = if what == "contexts" {
        Profiles::read().map(|profiles| profiles.contexts.into_keys().collect()).unwrap_or_default()
    } else {
        timeout(PATIENCE, online(what, settings)).await.unwrap_or_default()
    };
    // Shells expand what stands there, and peers choose their names.
    let is_plain = |name: &&String| {
        name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '-'))
            && !name.starts_with('-')
    };
    for name in found.iter().filter(is_plain) {
        // A reader that stops has enough.
        drop(std::io::Write::write_all(&mut std::io::stdout(), format!("{name}\n").as_bytes()));
    }
}

async fn online(what: &str, settings: &Settings) -> Vec<String> {
    let Ok(client) = settings.connect_beside("names").await else { return Vec::new() };
    let found = match what {
        "tools" => tools(&client).await,
        "agents" => agents(&client).await,
        "servers" => {
            let found = client.servers().window(WINDOW).partial().await;
            found.map(|found| found.into_iter().map(|card| card.server).collect()).unwrap_or_default()
        }
        _ => {
            let (mut all, agents) = tokio::join!(tools(&client), agents(&client));
            all.extend(agents);
            all
        }
    };
    client.close().await;
    found
}

async fn tools(client: &Client) -> Vec<String> {
    let found = client.tools().window(WINDOW).partial().await;
    found.map(|found| found.into_iter().map(|card| card.tool).collect()).unwrap_or_default()
}

async fn agents(client: &Client) -> Vec<String> {
    let found = client.agents().window(WINDOW).partial().await;
    found.map(|found| found.into_iter().map(|card| card.agent_id).collect()).unwrap_or_default()
}
