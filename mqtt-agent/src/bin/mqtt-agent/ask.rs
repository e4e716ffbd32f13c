//! `mqtt-agent ask`: gives an agent a task, and follows it to its end.

use std::time::Duration;

use clap::ArgMatches;
use mqtt_agent::Client;
use mqtt_agent::a2a::{NewTask, TaskHandle, TaskUpdate};
use mqtt_agent::wire::{Part, TaskState};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::exit::{Exit, Failure};
use crate::output::{Output, pretty};
use crate::settings::Settings;
use crate::signals;

/// How long telling the agent that the task is not wanted may take.
const CANCEL: Duration = Duration::from_secs(5);

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let agent = text("name").unwrap_or_default();
    let said = text("text").unwrap_or_default();
    let task = match text("skill") {
        Some(skill) => NewTask::skill(skill).text(said),
        None => NewTask::from(said),
    };
    let client = settings.connect().await?;
    let ended = if matches.get_flag("detach") {
        detach(&client, &agent, task, settings).await
    } else {
        ask(&client, &agent, task, settings).await
    };
    client.close().await;
    ended
}

async fn known(client: &Client, agent: &str) -> Result<(), Failure> {
    if client.agent(agent).await?.is_none() {
        let message = format!("there is no agent `{agent}`; `mqtt-agent agents` lists those that are online");
        return Err(Failure::new(Exit::Nobody, message));
    }
    Ok(())
}

/// Gives the task, and leaves it to the agent.
async fn detach(client: &Client, agent: &str, task: NewTask, settings: &Settings) -> Result<(), Failure> {
    known(client, agent).await?;
    let handle = client.delegate(agent, task).await?;
    settings.output().answer(&json!({ "task": handle.id() }), || handle.id().to_owned())
}

async fn ask(client: &Client, agent: &str, task: NewTask, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    known(client, agent).await?;
    let late = async {
        match settings.timeout {
            Some(timeout) => sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let mut handle = client.delegate(agent, task).await?;
    output.progress(&json!({ "task": handle.id() }), || format!("task {}", handle.id()))?;
    let ended = tokio::select! {
        ended = follow(&mut handle, output) => ended,
        () = late => Err(Failure::new(Exit::Late, format!("no result from `{agent}` in time; the task was cancelled"))),
        () = signals::asked_to_end() => Err(Failure::interrupted()),
    };
    let given_up = ended.as_ref().is_err_and(|failure| failure.exit != Exit::Failed || failure.is_question());
    if given_up && !matches!(timeout(CANCEL, handle.cancel()).await, Ok(Ok(()))) {
        output.note(&format!("the agent could not be told; it may still work on task {}", handle.id()));
    }
    ended
}

pub(crate) async fn follow(handle: &mut TaskHandle, output: Output) -> Result<(), Failure> {
    while let Some(update) = handle.next().await {
        let TaskUpdate { state, message, artifacts, .. } = update;
        let said = message.as_ref().map(|message| text(&message.content)).unwrap_or_default();
        let mut json = json!({ "state": state.as_str(), "message": said });
        if let (false, Some(json)) = (artifacts.is_empty(), json.as_object_mut()) {
            json.insert("artifacts".to_owned(), json!(artifacts));
        }
        output.progress(&json, || {
            let colon = if said.is_empty() { "" } else { ": " };
            format!("{}{colon}{said}", state.as_str())
        })?;
        if state == TaskState::InputRequired {
            let Some(answer) = line().await? else { return Err(Failure::question(said)) };
            handle.send(answer).await?;
        }
    }
    let ended = handle.ended().await?;
    let artifacts = ended.artifacts.clone();
    let result = handle.result().await?;
    output.answer(&json!({ "result": result, "artifacts": artifacts }), || {
        let texts = artifacts.iter().map(|artifact| text(&artifact.parts));
        let mut texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        if result != Value::Null {
            texts.push(pretty(&result));
        }
        texts.join("\n")
    })
}

/// What parts say to a person.
fn text(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match (part.as_text(), part.as_data()) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Some(data)) => Some(pretty(data)),
        (None, None) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A line of the terminal, or of what is piped in; `None` at its end.
async fn line() -> Result<Option<String>, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|read| (read > 0).then_some(line))
    });
    match read.await {
        Ok(Ok(line)) => Ok(line.map(|line| line.trim_end_matches(['\r', '\n']).to_owned())),
        Ok(Err(error)) => Err(Failure::failed(format!("stdin could not be read: {error}"))),
        Err(error) => Err(Failure::failed(format!("stdin could not be read: {error}"))),
    }
}
