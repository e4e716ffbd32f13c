//! `mqtt-agent tasks`: lists and follows the tasks that this client gave an agent (`A2A-16`).

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use mqtt_agent::Client;
use mqtt_agent::a2a::{DelegateError, TaskHandle};
use mqtt_agent::wire::{TaskState, TaskSummary};
use serde_json::json;
use tokio::time::timeout as within;

use crate::ask;
use crate::exit::{Exit, Failure};
use crate::names::{self, Wanted};
use crate::options::{common, id, timeout};
use crate::output::pretty;
use crate::settings::Settings;
use crate::signals;

/// How long a task may take to end that was cancelled.
const CANCEL: Duration = Duration::from_secs(10);

/// The states as they are written on the command line.
const STATES: [&str; 8] = [
    "submitted",
    "working",
    "input-required",
    "auth-required",
    "completed",
    "failed",
    "canceled",
    "rejected",
];

pub(crate) fn command() -> Command {
    let of = |name: &'static str, about: &'static str| {
        Command::new(name)
            .about(about)
            .arg(Arg::new("agent").value_name("AGENT").required(true).help("The agent"))
            .arg(id())
            .args(common())
            .arg(timeout())
    };
    let task = || Arg::new("task").value_name("TASK").required(true).help("The task's id");
    Command::new("tasks")
        .about("Lists, shows, follows and cancels the tasks that this client gave an agent")
        .long_about(
            "Lists, shows, follows and cancels the tasks that this client gave an agent. Tasks belong to the id that gave \
             them, so name it: --id, MQTT_AGENT_ID, or a context.",
        )
        .after_help(
            "Examples:\n  mqtt-agent ask writer \"A long poem\" --id ada --detach\n  mqtt-agent tasks list writer --id ada\n  \
             mqtt-agent tasks attach writer TASK --id ada",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            of("list", "Lists the tasks, in the order in which the agent took them")
                .arg(
                    Arg::new("state")
                        .long("state")
                        .value_name("STATE")
                        .action(ArgAction::Append)
                        .value_parser(PossibleValuesParser::new(STATES))
                        .help("Only tasks in this state; may be repeated"),
                )
                .arg(
                    Arg::new("limit")
                        .long("limit")
                        .value_name("NUMBER")
                        .value_parser(value_parser!(u64).range(1..))
                        .help("The most tasks to list [default: all]"),
                ),
        )
        .subcommand(of("show", "Shows a task").arg(task()))
        .subcommand(
            of("attach", "Follows a task to its end; Ctrl-C leaves it to the agent").arg(task()),
        )
        .subcommand(of("cancel", "Cancels a task, and waits until it has ended").arg(task()))
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let Some((what, matches)) = matches.subcommand() else {
        return Err(Failure::usage("say what to do with tasks; see `mqtt-agent tasks --help`"));
    };
    if !settings.has_id()? {
        let message =
            "tasks belong to the id that gave them; name yours with `--id`, `MQTT_AGENT_ID` or a context";
        return Err(Failure::usage(message));
    }
    let client = settings.connect().await?;
    let done = async {
        match what {
            "list" => list(&client, matches, settings).await,
            "show" => show(&client, matches, settings).await,
            "attach" => attach(&client, matches, settings).await,
            _ => cancel(&client, matches, settings).await,
        }
    };
    // The task is the agent's: the command that looks at it may leave.
    let ended = tokio::select! {
        biased;
        () = signals::asked_to_end() => Err(Failure::new(Exit::Interrupted, "interrupted; the task goes on")),
        ended = done => ended,
    };
    client.close().await;
    ended
}

fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

async fn list(client: &Client, matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let (agent, output) = (text(matches, "agent"), settings.output());
    let states = matches.get_many::<String>("state").into_iter().flatten();
    let states: Vec<TaskState> =
        states.filter_map(|state| serde_json::from_value(json!(state)).ok()).collect();
    let mut left = matches.get_one::<u64>("limit").copied().unwrap_or(u64::MAX);
    let (mut after, mut any) = (None::<String>, false);
    while left > 0 {
        let mut page = client.tasks(&agent).states(states.clone()).limit(left);
        if let Some(after) = after {
            page = page.after(after);
        }
        if let Some(timeout) = settings.timeout {
            page = page.timeout(timeout);
        }
        let page = match page.await {
            Ok(page) => page,
            Err(error) => return Err(failed(client, &agent, error).await),
        };
        for task in &page.tasks {
            any = true;
            output.answer(&json!(task), || of(task))?;
        }
        left = left.saturating_sub(u64::try_from(page.tasks.len()).unwrap_or(u64::MAX));
        // An agent that always says that there is more, and tells nothing, has nothing more to tell.
        match page.next.filter(|_| !page.tasks.is_empty()) {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    if !any {
        output.note(&format!("`{agent}` has no such tasks of `{}`", client.id()));
    }
    Ok(())
}

fn of(task: &TaskSummary) -> String {
    format!("{}  {}  {}  {}", task.task_id, task.status.as_str(), task.kind, task.updated_at)
}

async fn show(client: &Client, matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let (agent, id) = (text(matches, "agent"), text(matches, "task"));
    let mut question = client.task(&agent, &id);
    if let Some(timeout) = settings.timeout {
        question = question.timeout(timeout);
    }
    let task = match question.await {
        Ok(task) => task,
        Err(error) => return Err(failed(client, &agent, error).await),
    };
    let Some(task) = task else {
        let message = format!(
            "`{agent}` has no task `{id}` of `{}`; `mqtt-agent tasks list` has those that there are",
            client.id()
        );
        return Err(Failure::new(Exit::Nobody, message));
    };
    settings.output().answer(&json!(task), || pretty(&json!(task)))
}

async fn attached(client: &Client, matches: &ArgMatches, settings: &Settings) -> Result<TaskHandle, Failure> {
    let agent = text(matches, "agent");
    let mut attach = client.attach(&agent, text(matches, "task"));
    if let Some(timeout) = settings.timeout {
        attach = attach.timeout(timeout);
    }
    match attach.await {
        Ok(handle) => Ok(handle),
        Err(error) => Err(failed(client, &agent, error).await),
    }
}

/// Why an agent did not answer; where there is none of the name, what that may mean.
async fn failed(client: &Client, agent: &str, error: DelegateError) -> Failure {
    if matches!(error, DelegateError::Unavailable { .. }) && matches!(client.agent(agent).await, Ok(None)) {
        return names::unknown(client, agent, Wanted::Agent).await;
    }
    error.into()
}

async fn attach(client: &Client, matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let mut handle = attached(client, matches, settings).await?;
    let follow = ask::follow(&mut handle, settings.output());
    match settings.timeout {
        None => follow.await,
        Some(timeout) => within(timeout, follow)
            .await
            .unwrap_or_else(|_| Err(Failure::new(Exit::Late, "the task did not end in time; it goes on"))),
    }
}

async fn cancel(client: &Client, matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let mut handle = attached(client, matches, settings).await?;
    handle.cancel().await?;
    let wait = settings.timeout.unwrap_or(CANCEL);
    let Ok(ended) = within(wait, handle.ended()).await else {
        return Err(Failure::new(Exit::Late, "the agent was told, and the task did not end in time"));
    };
    let state = ended?.status;
    if state != TaskState::Canceled {
        let message = format!("the task ended as `{}` before it could be cancelled", state.as_str());
        return Err(Failure::failed(message));
    }
    let id = handle.id().to_owned();
    settings.output().answer(&json!({"task": id, "state": state.as_str()}), || format!("{id}  canceled"))
}
