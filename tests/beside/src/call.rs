//! Callers that call for a given time, and what that took.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::proc::{cpu, memory};

const WARM_UP: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The servers' processes, and the broker's where there is one.
    pids: [Vec<u32>; 2],
    callers: usize,
    pub(crate) bytes: usize,
    time: Duration,
}

impl Order {
    /// `pids`: `12,13;9`.
    pub(crate) fn parse(pids: &str, callers: &str, bytes: &str, ms: &str) -> Self {
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let (servers, broker) = pids.split_once(';').expect("`servers;broker`");
        let list = |text: &str| text.split(',').filter_map(|pid| pid.parse().ok()).collect();
        Self {
            pids: [list(servers), list(broker)],
            callers: number(callers) as usize,
            bytes: number(bytes) as usize,
            time: Duration::from_millis(number(ms)),
        }
    }

    /// The same, with a server that the client has started.
    pub(crate) fn with_server(mut self, pid: u32) -> Self {
        self.pids[0].push(pid);
        self
    }

    fn all(&self) -> [Vec<u32>; 3] {
        [vec![std::process::id()], self.pids[0].clone(), self.pids[1].clone()]
    }
}

/// Of the client, of all servers, of the broker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_us: [f64; 3],
    pub(crate) megabytes: [f64; 3],
}

/// Has callers call one after the other each; every call gives back as many bytes as it was given.
pub(crate) async fn run<F>(order: &Order, call: impl Fn(String) -> F + Clone + Send + 'static) -> Outcome
where
    F: Future<Output = usize> + Send,
{
    let begin = Instant::now() + WARM_UP;
    let end = begin + order.time;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..order.callers {
        let (call, text) = (call.clone(), "x".repeat(order.bytes));
        callers.spawn(async move {
            let mut times = Vec::new();
            loop {
                let began = Instant::now();
                assert_eq!(call(text.clone()).await, text.len());
                let ended = Instant::now();
                if ended >= end {
                    return times;
                }
                if ended >= begin {
                    times.push((ended - began).as_secs_f64() * 1e6);
                }
            }
        });
    }
    let used = || order.all().map(|pids| pids.into_iter().filter_map(cpu).sum::<u64>());
    tokio::time::sleep_until(begin.into()).await;
    let before = used();
    tokio::time::sleep_until(end.into()).await;
    let after = used();
    let mut times: Vec<f64> = callers.join_all().await.into_iter().flatten().collect();
    times.sort_by(f64::total_cmp);
    let at =
        |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0.0);
    let calls = times.len().max(1) as f64;
    // An empty sum of floats is -0.
    let most =
        |pids: Vec<u32>| pids.into_iter().filter_map(|pid| memory(pid, "VmHWM")).sum::<f64>().abs() / 1e6;
    Outcome {
        per_second: calls / order.time.as_secs_f64(),
        p50_us: at(50),
        p99_us: at(99),
        cpu_us: std::array::from_fn(|which| (after[which] - before[which]) as f64 / 1e3 / calls),
        megabytes: order.all().map(most),
    }
}
