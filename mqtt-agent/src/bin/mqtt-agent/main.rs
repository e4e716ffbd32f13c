//! The command `mqtt-agent`: shows and uses what is on a broker, for people and scripts. The library does all the work.
//!
//! `line` and `options` define the command line, `settings` the common settings, `profile` the named brokers, `exit`
//! the exit codes, `output` the printing, `log` the log. `schema`, `sample`, `property`, `value`, `arguments` and `example` make
//! options and examples from schemas, `skills` and `request` read what a task asks for, `names` and `near` say what a wrong
//! name may mean, `told` what peers say in errors. Each other file is a command.

mod arguments;
mod ask;
mod bench;
mod call;
mod completions;
mod context;
mod contract;
mod dev;
mod example;
mod exit;
mod folder;
mod line;
mod lint;
mod list;
mod log;
mod mcp;
mod names;
mod near;
mod number;
mod options;
mod output;
mod profile;
mod property;
mod publish;
mod request;
mod sample;
mod schema;
mod servers;
mod settings;
mod show;
mod signals;
mod skills;
mod tasks;
mod told;
mod value;
mod watch;
mod why;

use std::process::ExitCode;

use clap::ArgMatches;

use exit::{Exit, Failure};
use output::Output;
use settings::Settings;

fn main() -> ExitCode {
    let matches = match line::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let help = !error.use_stderr();
            // Nothing else can be done where the terminal is gone.
            drop(error.print());
            return if help { Exit::Done } else { Exit::Usage }.into();
        }
    };
    let Some((name, matches)) = matches.subcommand() else { return Exit::Usage.into() };
    let settings = Settings::of(matches);
    if name == publish::SUPERVISE {
        return supervise(matches);
    }
    let output = Output::new(settings.json);
    output.hush();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&Failure::failed(format!("no runtime could be started: {error}"))),
    };
    let ended = runtime.block_on(async {
        signals::listen();
        run(name, matches, settings).await
    });
    // Stdin may still be read, which nothing can interrupt.
    runtime.shutdown_background();
    match ended {
        Ok(()) => Exit::Done.into(),
        Err(failure) => output.fail(&failure),
    }
}

/// Its exit code is that of the server.
fn supervise(matches: &ArgMatches) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return Output::new(false)
                .fail(&Failure::failed(format!("no runtime could be started: {error}")));
        }
    };
    let ended = runtime.block_on(publish::supervised(matches));
    // Stdin may still be read, which nothing can interrupt.
    runtime.shutdown_background();
    ended.unwrap_or_else(|failure| Output::new(false).fail(&failure))
}

async fn run(name: &str, matches: &ArgMatches, settings: Settings) -> Result<(), Failure> {
    match name {
        "dev" => dev::run(matches, &settings).await,
        "tools" => list::tools(&settings).await,
        "agents" => list::agents(&settings).await,
        "servers" => list::servers(&settings).await,
        "show" => show::run(matches, &settings).await,
        "call" => call::run(matches, settings).await,
        "ask" => ask::run(matches, settings).await,
        "lint" => lint::run(matches, &settings).await,
        "watch" => watch::run(matches, &settings).await,
        "publish" => publish::run(matches, &settings).await,
        "stats" => servers::stats(matches, &settings).await,
        "ping" => servers::ping(matches, &settings).await,
        "why" => why::run(matches, &settings).await,
        "bench" => bench::run(matches, &settings).await,
        "tasks" => tasks::run(matches, &settings).await,
        "contract" => contract::run(matches, &settings).await,
        "context" => context::run(matches, &settings),
        "mcp" => mcp::run(matches, &settings).await,
        "completions" => line::print_completions(matches),
        completions::NAMES => {
            let names = async {
                completions::names(matches, &settings).await;
                Ok::<(), Failure>(())
            };
            signals::unless_asked(names).await
        }
        other => Err(Failure::usage(format!("there is no command `{other}`; see `mqtt-agent --help`"))),
    }
}
