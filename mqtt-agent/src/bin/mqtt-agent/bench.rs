//! `mqtt-agent bench`: measures the times of calls of a tool, and the calls per second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::{Arg, ArgMatches, Command, value_parser};
use mqtt_agent::{CallError, Client};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::call::read;
use crate::exit::{Exit, Failure};
use crate::names::{self, Wanted};
use crate::options::{common, timeout};
use crate::output::{Output, counted, thousandths};
use crate::settings::{Settings, duration};
use crate::signals;

pub(crate) fn command() -> Command {
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("NUMBER")
            .value_parser(value_parser!(u32).range(1..=1_000_000))
            .help(help)
    };
    Command::new("bench")
        .about("Calls a tool repeatedly, and reports times and errors")
        .after_help(
            "Examples:\n  mqtt-agent bench weather '{\"city\": \"Oslo\"}'\n  \
             mqtt-agent bench weather @arguments.json --calls 10000 --parallel 64 --json\n  \
             mqtt-agent bench weather --for 10s\n\nThe tool runs each time: do not use it on one that changes something.",
        )
        .arg(Arg::new("name").value_name("NAME").required(true).help("The tool"))
        .arg(
            Arg::new("arguments")
                .value_name("JSON")
                .help("The arguments as a JSON object, as @FILE, or as - for stdin [default: {}]"),
        )
        .arg(number("calls", "How many calls [default: 100, or as many as --for allows]"))
        .arg(number("parallel", "How many at once [default: 1]"))
        .arg(
            Arg::new("for")
                .long("for")
                .value_name("TIME")
                .value_parser(duration)
                .help("How long to begin new calls, as 10s"),
        )
        .args(common())
        .arg(timeout().help("How long each call may take, as 30s or 500ms"))
}

/// What is called.
#[derive(Clone)]
struct Plan {
    client: Client,
    tool: String,
    arguments: Map<String, Value>,
    timeout: Option<Duration>,
}

/// What came of the calls.
#[derive(Default)]
struct Measured {
    /// In milliseconds, of the calls that succeeded.
    times: Vec<f64>,
    errors: BTreeMap<&'static str, u64>,
    /// The first error, which tells more than the count.
    first: Option<Failure>,
}

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let tool = matches.get_one::<String>("name").cloned().unwrap_or_default();
    let arguments = signals::unless_asked(read(matches.get_one::<String>("arguments"))).await?;
    let number = |name: &str| matches.get_one::<u32>(name).copied();
    let long = matches.get_one::<Duration>("for").copied();
    let calls = number("calls").unwrap_or(if long.is_some() { u32::MAX } else { 100 });
    let parallel = number("parallel").unwrap_or(1);

    let client = settings.connect().await?;
    let looked = async {
        match client.tool(&tool).await? {
            Some(_) => Ok(()),
            None => Err(names::unknown(&client, &tool, Wanted::Tool).await),
        }
    };
    if let Err(failure) = signals::unless_asked(looked).await {
        client.close().await;
        return Err(failure);
    }
    let plan = Plan { client: client.clone(), tool, arguments, timeout: settings.timeout };
    let (began, mut measured, mut running) = (Instant::now(), Measured::default(), JoinSet::new());
    let interrupted = tokio::select! {
        biased;
        () = signals::asked_to_end() => true,
        () = calling(&plan, calls, parallel, long, &mut measured, &mut running) => false,
    };
    let took = began.elapsed();
    // Dropping what still runs cancels it, and what says so leaves before the connection ends.
    running.shutdown().await;
    client.close().await;
    tell(settings.output(), &plan.tool, &mut measured, took)?;
    match measured.first {
        _ if interrupted => Err(Failure::interrupted()),
        Some(first) => Err(first),
        None => Ok(()),
    }
}

type Running = JoinSet<Result<Duration, CallError>>;

async fn calling(
    plan: &Plan,
    calls: u32,
    parallel: u32,
    long: Option<Duration>,
    measured: &mut Measured,
    running: &mut Running,
) {
    let (began, mut left) = (Instant::now(), calls);
    loop {
        while left > 0 && running.len() < parallel as usize && long.is_none_or(|long| began.elapsed() < long)
        {
            left -= 1;
            running.spawn(one(plan.clone()));
        }
        match running.join_next().await {
            None => return,
            Some(Ok(Ok(time))) => measured.times.push(time.as_secs_f64() * 1e3),
            Some(Ok(Err(error))) => {
                let failure = Failure::from(error);
                *measured.errors.entry(failure.exit.name()).or_default() += 1;
                measured.first.get_or_insert(failure);
            }
            Some(Err(error)) => {
                *measured.errors.entry(Exit::Failed.name()).or_default() += 1;
                measured.first.get_or_insert(Failure::failed(format!("a call ended badly: {error}")));
            }
        }
    }
}

async fn one(plan: Plan) -> Result<Duration, CallError> {
    let mut call = plan.client.call(plan.tool, plan.arguments);
    if let Some(timeout) = plan.timeout {
        call = call.timeout(timeout);
    }
    let sent = Instant::now();
    call.await?;
    Ok(sent.elapsed())
}

fn tell(output: Output, tool: &str, measured: &mut Measured, took: Duration) -> Result<(), Failure> {
    measured.times.sort_by(f64::total_cmp);
    let times = &measured.times;
    let at = |share: f64| {
        // As many calls are at most as long.
        let rank = (share * times.len() as f64).ceil() as usize;
        thousandths(times.get(rank.saturating_sub(1)).or(times.last()).copied().unwrap_or_default())
    };
    let failed: u64 = measured.errors.values().sum();
    let done = times.len();
    let per_second = (done as f64 / took.as_secs_f64().max(f64::EPSILON) * 10.0).round() / 10.0;
    let seconds = thousandths(took.as_secs_f64());
    let ms = json!({"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)});
    let json = json!({
        "tool": tool, "ok": done, "errors": measured.errors, "seconds": seconds, "per_second": per_second, "ms": ms,
    });
    output.answer(&json, || {
        let errors: Vec<_> = measured.errors.iter().map(|(kind, count)| format!(", {kind} {count}")).collect();
        format!(
            "{tool}: {} in {seconds} s, {per_second} a second, {}{}\n50 % within {} ms, 95 % within {} ms, 99 % within {} ms, the longest {} ms",
            counted(done, "call"),
            counted(usize::try_from(failed).unwrap_or(usize::MAX), "error"),
            errors.concat(),
            at(0.5),
            at(0.95),
            at(0.99),
            at(1.0)
        )
    })
}
