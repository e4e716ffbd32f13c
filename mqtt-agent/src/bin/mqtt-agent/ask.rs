//! `mqtt-agent ask`: gives an agent a task, and follows it to its end.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use futures_util::future::BoxFuture;
use mqtt_agent::Client;
use mqtt_agent::a2a::{NewTask, TaskHandle, TaskUpdate};
use mqtt_agent::wire::{Part, TaskState};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::exit::{Exit, Failure};
use crate::names::{self, Wanted};
use crate::options::{self, common, id, refused};
use crate::output::{Output, pretty};
use crate::request::{self, OWN, Request, Typed};
use crate::settings::Settings;
use crate::signals;

/// How long telling the agent that the task is not wanted may take.
const CANCEL: Duration = Duration::from_secs(5);

pub(crate) fn command() -> Command {
    Command::new("ask")
        .about("Gives an agent a task and follows it; what the agent asks is answered on the terminal")
        .override_usage("mqtt-agent ask [OPTIONS] AGENT [--OPTION VALUE]... [TEXT | {JSON}]")
        .after_help(
            "Examples:\n  mqtt-agent ask writer \"A poem about brokers\"\n  \
             mqtt-agent ask writer --skill poem \"About brokers\" --timeout 5m\n  \
             mqtt-agent ask writer --skill translate --help\n  \
             mqtt-agent ask writer --skill translate --language fr --words 100\n  \
             mqtt-agent ask writer --skill translate '{\"language\": \"fr\"}' --words 100",
        )
        .arg(
            Arg::new("words")
                .value_name("AGENT")
                .required(true)
                .num_args(1..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("The agent, and the request: a text, or options made from the schema of its skill"),
        )
        .args(own())
}

/// The options that hold for a task wherever they stand.
fn own() -> Vec<Arg> {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let skill = Arg::new("skill").long("skill").value_name("ID").help("The skill, if the agent has several");
    let mut own = vec![
        skill,
        flag("plain", "The request is a text, even if it begins with `{` or `[`"),
        flag("detach", "Give the task and end; `mqtt-agent tasks attach` follows it later"),
        id(),
    ];
    own.extend(common());
    own.push(options::timeout());
    own
}

pub(crate) async fn run(matches: &ArgMatches, settings: Settings) -> Result<(), Failure> {
    let mut words = matches.get_many::<String>("words").into_iter().flatten().cloned();
    let agent = words.next().unwrap_or_default();
    let (ours, words) = OWN.divide(words);
    let later = Command::new("ask").no_binary_name(true).args(own());
    let later = later.try_get_matches_from(ours).map_err(|error| refused(&error))?;
    let settings = settings.with(Settings::of(&later));
    let is_set = |flag: &str| matches.get_flag(flag) || later.get_flag(flag);
    let detach = is_set("detach");
    if detach && !settings.has_id()? {
        let message = "a task that is left to its agent belongs to the id that gave it; name yours with `--id`, \
                       `MQTT_AGENT_ID` or a context";
        return Err(Failure::usage(message));
    }
    let skill = [&later, matches].into_iter().find_map(|matches| matches.get_one::<String>("skill").cloned());
    let typed = Typed { agent, skill, plain: is_set("plain"), words };
    let client = settings.connect().await?;
    let ended = give(&client, typed, detach, &settings).await;
    client.close().await;
    ended
}

async fn give(client: &Client, typed: Typed, detach: bool, settings: &Settings) -> Result<(), Failure> {
    let agent = typed.agent.clone();
    let looked = async {
        match client.agent(&agent).await? {
            Some(card) => Ok(card),
            None => Err(names::unknown(client, &agent, Wanted::Agent).await),
        }
    };
    let card = signals::unless_asked(looked).await?;
    match request::of(&card, typed)? {
        Request::Help(help) => settings.output().answer(&json!({ "help": help }), || help.clone()),
        Request::Task(task) if detach => {
            // It is left to the agent.
            let handle = signals::unless_asked(client.delegate(&agent, task).into_future()).await?;
            settings.output().answer(&json!({ "task": handle.id() }), || handle.id().to_owned())
        }
        Request::Task(task) => ask(client, &agent, task, settings).await,
    }
}

async fn ask(client: &Client, agent: &str, task: NewTask, settings: &Settings) -> Result<(), Failure> {
    let output = settings.output();
    let late = async {
        match settings.timeout {
            Some(timeout) => sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    // Dropped before the broker has it, the task is withdrawn.
    let mut handle = signals::unless_asked(client.delegate(agent, task).into_future()).await?;
    output.progress(&json!({ "task": handle.id() }), || format!("task {}", handle.id()))?;
    let ended = tokio::select! {
        biased;
        () = signals::asked_to_end() => Err(Failure::interrupted()),
        ended = follow(&mut handle, output) => ended,
        () = late => Err(Failure::new(Exit::Late, format!("no result from `{agent}` in time; the task was cancelled"))),
    };
    let given_up = ended.as_ref().is_err_and(|failure| failure.exit != Exit::Failed || failure.is_question());
    if given_up && !matches!(timeout(CANCEL, handle.cancel()).await, Ok(Ok(()))) {
        output.note(&format!("the agent could not be told; it may still work on task {}", handle.id()));
    }
    ended
}

pub(crate) async fn follow(handle: &mut TaskHandle, output: Output) -> Result<(), Failure> {
    // What is asked now, and the line that is read for it. A line that came too late is for the next question: it cannot be
    // put back.
    let (mut question, mut typed) = (None::<String>, None);
    loop {
        let update = tokio::select! {
            biased;
            update = handle.next() => update,
            line = answer(&mut typed, question.is_some()) => {
                typed = None;
                let asked = question.take().unwrap_or_default();
                let Some(line) = line? else { return Err(Failure::question(asked)) };
                handle.send(line).await?;
                continue;
            }
        };
        let Some(update) = update else { break };
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
        question = (state == TaskState::InputRequired).then_some(said);
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

type Line = BoxFuture<'static, Result<Option<String>, Failure>>;

/// The line that answers a question; never, where nothing is asked.
async fn answer(typed: &mut Option<Line>, is_asked: bool) -> Result<Option<String>, Failure> {
    match is_asked {
        true => typed.get_or_insert_with(|| Box::pin(line())).await,
        false => std::future::pending().await,
    }
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
