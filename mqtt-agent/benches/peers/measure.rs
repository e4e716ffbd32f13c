//! Figures of processes, of one measured time and of several rounds.

use std::io::IsTerminal;
use std::time::Duration;

use crate::contestant::Contestant;
use crate::proc::{cpu, memory};
use crate::process::Process;
use crate::roles::{Counts, Line, Order, Outcome};

/// Nearest rank, of what is sorted; 0 of nothing.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    percentile(&values, 50)
}

/// One measured time of one contestant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) calls: f64,
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) large_us: f64,
    /// CPU microseconds per call; NaN where the system does not tell.
    pub(crate) client_us: f64,
    pub(crate) server_us: f64,
    pub(crate) broker_us: f64,
    pub(crate) client_allocations: f64,
    pub(crate) server_allocations: f64,
}

impl Sample {
    /// The median of each figure.
    pub(crate) fn median(rounds: &[Self]) -> Option<Self> {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        (!rounds.is_empty()).then(|| Self {
            calls: of(|one| one.calls),
            per_second: of(|one| one.per_second),
            p50_us: of(|one| one.p50_us),
            p99_us: of(|one| one.p99_us),
            large_us: of(|one| one.large_us),
            client_us: of(|one| one.client_us),
            server_us: of(|one| one.server_us),
            broker_us: of(|one| one.broker_us),
            client_allocations: of(|one| one.client_allocations),
            server_allocations: of(|one| one.server_allocations),
        })
    }

    /// How far the rounds lie apart: largest less smallest calls/s, in percent of the median.
    pub(crate) fn spread(rounds: &[Self]) -> f64 {
        let mut values: Vec<f64> = rounds.iter().map(|one| one.per_second).collect();
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (values.first(), values.last()) else { return f64::NAN };
        (most - least) / percentile(&values, 50) * 100.0
    }
}

/// What was counted when the measured time began or ended.
struct Mark {
    cpu: [Option<u64>; 3],
    client: Counts,
    server: Counts,
}

fn mark(client: Counts, contestant: &mut Contestant, broker: u32, counting: bool) -> Result<Mark, String> {
    let pids = [contestant.client.pid(), contestant.server.pid(), broker];
    let cpu = pids.map(cpu);
    let server = if counting { contestant.server.counts()? } else { Counts::default() };
    Ok(Mark { cpu, client, server })
}

/// Has a contestant work, and looks at it when the measured time begins and ends.
fn work(
    contestant: &mut Contestant,
    broker: u32,
    order: &Order,
    counting: bool,
) -> Result<(Mark, Mark, Outcome), String> {
    contestant.client.tell(order)?;
    let wait = Duration::from_millis(order.warm_up_ms + order.ms) + Duration::from_secs(20);
    let Line::Begin(client) = contestant.client.next(wait)? else { return Err("no beginning".to_owned()) };
    let begin = mark(client, contestant, broker, counting)?;
    let Line::End(client) = contestant.client.next(wait)? else { return Err("no end".to_owned()) };
    let end = mark(client, contestant, broker, counting)?;
    let Line::Done(outcome) = contestant.client.next(wait)? else { return Err("no outcome".to_owned()) };
    Ok((begin, end, outcome))
}

/// Has a contestant work, and measures it meanwhile. `counting` asks the server for its allocations.
pub(crate) fn measure(
    contestant: &mut Contestant,
    broker: u32,
    order: &Order,
    counting: bool,
) -> Result<Sample, String> {
    let work = work(contestant, broker, order, counting);
    contestant.broken = work.is_err();
    let (begin, end, outcome) = work?;
    if outcome.failed > 0 {
        return Err(format!("{} calls failed: {}", outcome.failed, outcome.error.unwrap_or_default()));
    }
    if outcome.calls == 0 && outcome.large_us == 0.0 {
        return Err(format!("no call ended within {} ms", order.ms));
    }
    let calls = outcome.calls.max(1) as f64;
    let cpu = |which: usize| match (begin.cpu[which], end.cpu[which]) {
        (Some(begin), Some(end)) => end.saturating_sub(begin) as f64 / 1e3 / calls,
        _ => f64::NAN,
    };
    let allocations = |begin: Counts, end: Counts| (end.allocations - begin.allocations) as f64 / calls;
    Ok(Sample {
        calls,
        per_second: calls * 1e3 / order.ms as f64,
        p50_us: outcome.p50_us,
        p99_us: outcome.p99_us,
        large_us: outcome.large_us,
        client_us: cpu(0),
        server_us: cpu(1),
        broker_us: cpu(2),
        client_allocations: allocations(begin.client, end.client),
        server_allocations: allocations(begin.server, end.server),
    })
}

pub(crate) fn peak(process: &Process) -> f64 {
    memory(process.pid(), "VmHWM").unwrap_or(f64::NAN)
}

/// Rounds of all orders with all contestants, one after the other, and each round begins with another contestant.
/// `samples[order][contestant]` has one for each round.
pub(crate) struct Rounds {
    pub(crate) samples: Vec<Vec<Vec<Sample>>>,
    pub(crate) failures: Vec<String>,
}

impl Rounds {
    pub(crate) fn run(
        contestants: &mut [Contestant],
        broker: u32,
        orders: &[Order],
        rounds: usize,
        counting: bool,
    ) -> Self {
        let mut samples = vec![vec![Vec::new(); contestants.len()]; orders.len()];
        let mut failures = Vec::new();
        let shown = std::io::stderr().is_terminal();
        for round in 0..rounds {
            if shown {
                eprint!("round {} of {rounds}\r", round + 1);
            }
            for (order, samples) in orders.iter().zip(&mut samples) {
                for turn in 0..contestants.len() {
                    let at = (turn + round) % contestants.len();
                    let contestant = &mut contestants[at];
                    if contestant.broken {
                        continue;
                    }
                    match measure(contestant, broker, order, counting) {
                        Ok(sample) => samples[at].push(sample),
                        Err(error) => failures.push(format!(
                            "{}, {} callers, {} bytes, round {}: {error}",
                            contestant.kind.name(),
                            order.callers,
                            order.bytes,
                            round + 1
                        )),
                    }
                }
            }
        }
        if shown {
            eprint!("                \r");
        }
        Self { samples, failures }
    }
}
