//! `mqtt-agent why`: finds out why a tool does not answer.

use clap::{Arg, ArgMatches, Command};
use mqtt_agent::{Cause, Client};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::options::{common, timeout};
use crate::settings::Settings;

pub(crate) fn command() -> Command {
    Command::new("why")
        .about("Finds out why a tool does not answer, without running it")
        .after_help(
            "Examples:\n  mqtt-agent why weather\n  MQTT_AGENT_ID=scout mqtt-agent why weather --json",
        )
        .arg(Arg::new("name").value_name("NAME").required(true).help("The tool"))
        .args(common())
        .arg(timeout().help("How long each question may take [default: 1s]"))
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let name = matches.get_one::<String>("name").cloned().unwrap_or_default();
    let diagnosing = async |client: &Client| {
        let mut why = client.why(&name);
        if let Some(within) = settings.timeout {
            why = why.within(within);
        }
        Ok((client.id().to_owned(), why.await?))
    };
    let (id, diagnosis) = settings.connected(diagnosing).await?;
    settings.output().answer(&json!(diagnosis), || {
        let mut lines = vec![format!(
            "{name}, asked as {id}: {}",
            if diagnosis.answers { "it answers" } else { "it does not answer" }
        )];
        for server in &diagnosis.servers {
            let online = if server.online { "online" } else { "offline" };
            let answers = match server.ping_ms {
                Some(ms) => format!("answers a ping in {ms} ms"),
                None => "answers no ping".to_owned(),
            };
            lines.push(format!("server {}: {online} by its card, {answers}", server.server));
        }
        lines.extend(
            diagnosis.findings.iter().map(|finding| format!("{}: {}", finding.cause, finding.message)),
        );
        lines.join("\n")
    })?;
    match diagnosis.findings.iter().find(|finding| finding.cause.stops_calls()) {
        Some(finding) => Err(Failure::new(exit(finding.cause), finding.message.clone())),
        None => Ok(()),
    }
}

fn exit(cause: Cause) -> Exit {
    match cause {
        Cause::NotAllowed | Cause::CallDenied | Cause::AnswersDenied => Exit::Denied,
        Cause::NoAnswer | Cause::LostSession => Exit::Late,
        _ => Exit::Nobody,
    }
}
