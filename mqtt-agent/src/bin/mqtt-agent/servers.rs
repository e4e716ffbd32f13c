//! `mqtt-agent stats` and `ping`: ask the servers themselves (`MCP-20`).

use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, Command};
use mqtt_agent::wire::{Quantiles, ServerPing, ServerStats};
use mqtt_agent::{CallError, Client, FindServer};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::exit::Failure;
use crate::options::{common, timeout};
use crate::output::{counted, thousandths};
use crate::settings::Settings;

/// How long a server may take.
const WITHIN: Duration = Duration::from_secs(2);

/// How many servers are asked at once.
const AT_ONCE: usize = 64;

fn names() -> Arg {
    Arg::new("name").value_name("SERVER").num_args(0..).help("The servers [default: all that are online]")
}

pub(crate) fn stats_command() -> Command {
    Command::new("stats")
        .about("Asks servers for their calls, errors and times")
        .after_help(
            "Examples:\n  mqtt-agent stats\n  mqtt-agent stats station --json | jq '.tools[].handling_ms.p95'",
        )
        .arg(names())
        .args(common())
        .arg(timeout())
}

pub(crate) fn ping_command() -> Command {
    Command::new("ping")
        .about("Pings servers, and measures the round trip to them")
        .after_help("Examples:\n  mqtt-agent ping\n  mqtt-agent ping station --timeout 500ms")
        .arg(names())
        .args(common())
        .arg(timeout())
}

pub(crate) async fn stats(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let ask = |server: FindServer| async move {
        server.stats().await.map(|stats| (json!(stats), of_stats(&stats)))
    };
    settings.connected(async |client| each(client, matches, settings, ask).await).await
}

pub(crate) async fn ping(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let ask = |server: FindServer| async move {
        let sent = Instant::now();
        let ping = server.ping().await?;
        let ms = thousandths(sent.elapsed().as_secs_f64() * 1e3);
        let mut json = json!(ping);
        if let Some(json) = json.as_object_mut() {
            json.insert("ms".to_owned(), json!(ms));
        }
        Ok((json, format!("{}  {ms} ms  {}", ping.server, sdk(&ping))))
    };
    settings.connected(async |client| each(client, matches, settings, ask).await).await
}

/// Asks each server, and prints what it answers: JSON, or a text.
async fn each<F>(
    client: &Client,
    matches: &ArgMatches,
    settings: &Settings,
    ask: impl Fn(FindServer) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(Value, String), CallError>> + Send + 'static,
{
    let output = settings.output();
    let (mut names, mut shortfall) =
        (matches.get_many::<String>("name").into_iter().flatten().cloned().collect::<Vec<_>>(), None);
    let is_one = names.len() == 1;
    if names.is_empty() {
        let found = client.servers().partial().await?;
        shortfall = found.shortfall();
        names = found.into_iter().map(|card| card.server).collect();
    }
    if names.is_empty() {
        output.note("no servers are online");
    }
    let (mut names, mut asked, mut silent) = (names.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while asked.len() < AT_ONCE
            && let Some(name) = names.next()
        {
            let question = ask(client.server(&name).within(settings.timeout.unwrap_or(WITHIN)));
            asked.spawn(async move { (name, question.await) });
        }
        let Some(answer) = asked.join_next().await else { break };
        let (name, answer) =
            answer.map_err(|error| Failure::failed(format!("a question failed: {error}; ask again")))?;
        match answer {
            Ok((json, text)) => output.answer(&json, || text)?,
            Err(error) if is_one => return Err(error.into()),
            Err(error) => {
                let failure = Failure::from(error);
                let (mut json, text) = (failure.to_json(), failure.message);
                if let Some(json) = json.as_object_mut() {
                    json.insert("server".to_owned(), json!(name));
                }
                output.progress(&json, || format!("{name}: {text}"))?;
                silent.push(name);
            }
        }
    }
    match (silent.len(), shortfall) {
        (0, None) => Ok(()),
        (0, Some(cause)) => Err(Failure::failed(format!("these are not all servers: {cause}"))),
        (count, _) => Err(Failure::failed(format!(
            "{} did not answer; a server of another make may not, or it hangs: ask `mqtt-agent why` with one of its tools",
            counted(count, "server")
        ))),
    }
}

fn sdk(ping: &ServerPing) -> &str {
    ping.version_info.sdk.as_deref().unwrap_or_default()
}

fn of_stats(stats: &ServerStats) -> String {
    let uptime = Duration::from_secs(stats.uptime_ms / 1000);
    // As texts of durations are: `1h2m5s`.
    let uptime = mqtt_agent::duration::text::serialize(&uptime, serde_json::value::Serializer);
    let uptime = uptime.ok().as_ref().and_then(Value::as_str).unwrap_or("?").to_owned();
    let mut text = format!("{}  up {uptime}  {}", stats.server.server, sdk(&stats.server));
    for (tool, of) in &stats.tools {
        let errors: Vec<_> = of.errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let errors = if errors.is_empty() { "no errors".to_owned() } else { errors.join(", ") };
        text.push_str(&format!(
            "\n  {tool}: {} calls, {errors}, {} in hand; {} ran, {} waited",
            of.calls,
            of.in_hand,
            times(of.handling_ms),
            times(of.queue_ms)
        ));
    }
    text
}

fn times(of: Quantiles) -> String {
    format!("{:.1}/{:.1}/{:.1} ms", of.p50, of.p95, of.p99)
}
