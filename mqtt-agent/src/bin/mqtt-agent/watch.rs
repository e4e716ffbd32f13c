//! `mqtt-agent watch`: prints which agents join, change and leave.

mod event;
mod sources;

use clap::{Arg, ArgAction, ArgMatches, Command};
use mqtt_agent::wire::Namespace;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::options::common;
use crate::output::Output;
use crate::settings::Settings;
use crate::signals;
use event::{Calls, Event};
use sources::Sources;

pub(crate) fn command() -> Command {
    Command::new("watch")
        .about("Tells which agents and servers come and go, what is called and what tasks are given, until Ctrl-C")
        .after_help(
            "Examples:\n  mqtt-agent watch\n  mqtt-agent watch --only presence,tasks\n  \
             mqtt-agent watch --only calls --json | jq -r 'select(.outcome == \"timeout\").tool'\n\n\
             It subscribes to the topics of all calls and tasks. What the broker denies is told, and left out.",
        )
        .arg(
            Arg::new("only")
                .long("only")
                .value_name("KIND")
                .value_parser(sources::KINDS)
                .value_delimiter(',')
                .action(ArgAction::Append)
                .help("What to tell of [default: all]"),
        )
        .args(common())
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let only: Option<Vec<&str>> =
        matches.get_many::<String>("only").map(|kinds| kinds.map(String::as_str).collect());
    let is_wanted = |kind: &str| only.as_ref().is_none_or(|only| only.contains(&kind));
    let client = match settings.connect().await {
        // Being told to stop is how it ends.
        Err(failure) if failure.exit == Exit::Interrupted => return Ok(()),
        connected => connected?,
    };
    let watched = async {
        let mut sources = Sources::open(&client, is_wanted).await?;
        let text = || format!("watching {}; Ctrl-C ends it", sources.kinds.join(", "));
        output.progress(&json!({"event": "watching", "kinds": sources.kinds}), text)?;
        for (kind, error) in sources.refused.drain(..) {
            Event::denied(kind, &error).tell(output)?;
        }
        tell(&mut sources, client.namespace(), output).await
    };
    let ended = tokio::select! {
        ended = watched => ended,
        () = signals::asked_to_end() => Ok(()),
    };
    client.close().await;
    ended
}

/// Tells everything, until the connection is closed.
async fn tell(sources: &mut Sources, namespace: &Namespace, output: Output) -> Result<(), Failure> {
    let (mut calls, mut missed) = (Calls::default(), 0);
    while let Some(got) = sources.next().await {
        if let Some(event) = Event::of(got, namespace, &mut calls) {
            event.tell(output)?;
        }
        let now = sources.missed();
        if now > missed {
            Event::missed(now - missed).tell(output)?;
            missed = now;
        }
    }
    Err(Failure::new(Exit::NoBroker, "the connection was closed"))
}
