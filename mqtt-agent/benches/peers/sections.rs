//! The sections, and the program around them.

mod allocations;
mod big;
mod calls;
mod depth;
mod memory;
mod partials;

use std::process::ExitCode;

use crate::broker::{Broker, Config};
use crate::contestant::{Contestant, Kind};
use crate::measure::Rounds;
use crate::options::{Options, SECTIONS};
use crate::roles::{ALLOCATIONS, MARK, Order, Work, play};

/// `allocations` reads the count of an allocator that counts.
pub(crate) fn main(allocations: Option<fn() -> u64>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let counting = allocations.is_some();
    if let Some(count) = allocations {
        ALLOCATIONS.get_or_init(|| count);
    }
    if let [mark, role, address] = arguments.as_slice()
        && mark == MARK
    {
        play(role, address.parse().expect("an address"));
        return ExitCode::SUCCESS;
    }
    // `cargo bench` adds `--bench`; `cargo test --benches` doesn't, and only sees that it starts.
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let missing = Broker::program().err();
    if !measuring || arguments.iter().any(|argument| argument == "--test") {
        println!("{}", missing.unwrap_or_else(|| "nothing is measured without `cargo bench`".to_owned()));
        return ExitCode::SUCCESS;
    }
    let default = if counting { &["allocations"][..] } else { &SECTIONS[..] };
    let options = match (missing, Options::parse(&arguments, default)) {
        (Some(message), _) | (None, Err(message)) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
        (None, Ok(options)) => options,
    };
    print_machine(&options);
    for section in &options.sections {
        let result = match *section {
            "calls" => {
                [Config::Tuned, Config::Stock].into_iter().try_for_each(|config| calls::run(&options, config))
            }
            "depth" => depth::run(&options),
            "partials" => partials::run(&options),
            "memory" => memory::run(&options),
            "big" => big::run(&options),
            _ if counting => allocations::run(&options),
            _ => {
                print_title("allocations: not counted here, for a counting allocator takes time");
                println!("cargo bench -p mqtt-agent --bench allocations");
                Ok(())
            }
        };
        if let Err(error) = result {
            println!("failed: {section}: {error}");
        }
    }
    ExitCode::SUCCESS
}

fn print_machine(options: &Options) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let model = read("/proc/cpuinfo").lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    });
    println!(
        "{}: {} cores, {}, {} {}, load {}",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC"),
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        std::env::consts::OS,
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or("-"),
    );
    println!(
        "{}; medians of {} rounds of {} ms after {} ms of warm-up; QoS 1 over loopback",
        Broker::version().unwrap_or_default(),
        options.rounds,
        options.ms,
        options.warm_up_ms
    );
}

fn print_title(title: &str) {
    println!("\n== {title}");
}

/// Those of `kinds` that start; of the others is printed what is missing.
fn start(kinds: &[Kind], broker: &Broker) -> Vec<Contestant> {
    let mut contestants = Vec::new();
    for kind in kinds {
        match Contestant::start(*kind, broker.address()) {
            Ok(contestant) => contestants.push(contestant),
            Err(error) => println!("not measured: {}: {error}", kind.name()),
        }
    }
    contestants
}

fn print_failures(rounds: &Rounds) {
    for failure in &rounds.failures {
        println!("failed: {failure}");
    }
}

fn order(options: &Options, work: Work, callers: usize, bytes: usize) -> Order {
    Order { work, callers, bytes, warm_up_ms: options.warm_up_ms, ms: options.ms }
}
