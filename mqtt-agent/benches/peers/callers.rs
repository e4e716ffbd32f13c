//! Callers that call for a given time, and the tally of what they met.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::measure::percentile;
use crate::roles::{Counts, Line, Order, Outcome, say};

/// A caller that fails this often gives up: its connection is gone.
const GIVE_UP: u64 = 3;

/// The measured time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
}

impl Window {
    pub(crate) fn of(order: &Order) -> Self {
        let begin = Instant::now() + Duration::from_millis(order.warm_up_ms);
        Self { begin, end: begin + Duration::from_millis(order.ms) }
    }

    /// Tells the driver when it begins and ends.
    pub(crate) async fn announce(self) {
        sleep_until(self.begin.into()).await;
        say(&Line::Begin(Counts::now()));
        sleep_until(self.end.into()).await;
        say(&Line::End(Counts::now()));
    }
}

/// Calls that ended, as the times when they began and ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) spans: Vec<(Instant, Instant)>,
    pub(crate) failed: u64,
    pub(crate) error: Option<String>,
}

impl Tally {
    /// Adds a call, if it ended within the window.
    pub(crate) fn add(&mut self, window: &Window, began: Instant, ended: Instant) {
        if ended >= window.begin && ended < window.end {
            self.spans.push((began, ended));
        }
    }

    fn merge(&mut self, other: Self) {
        self.spans.extend(other.spans);
        self.failed += other.failed;
        self.error = self.error.take().or(other.error);
    }

    pub(crate) fn outcome(self) -> Outcome {
        let times = sorted_us(&self.spans);
        Outcome {
            calls: times.len() as u64,
            p50_us: percentile(&times, 50),
            p99_us: percentile(&times, 99),
            large_us: 0.0,
            failed: self.failed,
            error: self.error,
        }
    }
}

fn sorted_us(spans: &[(Instant, Instant)]) -> Vec<f64> {
    let mut times: Vec<f64> =
        spans.iter().map(|(began, ended)| ended.duration_since(*began).as_secs_f64() * 1e6).collect();
    times.sort_by(f64::total_cmp);
    times
}

async fn caller<C, F>(window: Window, call: Arc<C>) -> Tally
where
    C: Fn() -> F,
    F: Future<Output = Result<(), String>>,
{
    let mut tally = Tally::default();
    let mut began = Instant::now();
    while began < window.end && tally.failed < GIVE_UP {
        let result = call().await;
        let ended = Instant::now();
        match result {
            Ok(()) => tally.add(&window, began, ended),
            Err(error) => {
                tally.failed += 1;
                tally.error.get_or_insert(error);
            }
        }
        began = ended;
    }
    tally
}

/// `order.callers` tasks, each with one call after the other.
pub(crate) async fn run<C, F>(order: &Order, call: C) -> Outcome
where
    C: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let (window, call) = (Window::of(order), Arc::new(call));
    let mut tasks = JoinSet::new();
    for _ in 0..order.callers {
        tasks.spawn(caller(window, Arc::clone(&call)));
    }
    window.announce().await;
    joined(tasks).await.outcome()
}

/// Large messages with a pause between two, and small calls beside them, of which those count that met a large one.
pub(crate) async fn beside<S, B, F, G>(order: &Order, small: S, large: B) -> Outcome
where
    S: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send + 'static,
    B: Fn() -> G + Send + Sync + 'static,
    G: Future<Output = Result<(), String>> + Send + 'static,
{
    let (window, small) = (Window::of(order), Arc::new(small));
    let mut tasks = JoinSet::new();
    for _ in 0..order.callers {
        tasks.spawn(caller(window, Arc::clone(&small)));
    }
    let large = tokio::spawn(async move {
        let mut tally = Tally::default();
        while Instant::now() < window.end && tally.failed < GIVE_UP {
            let began = Instant::now();
            match large().await {
                Ok(()) => tally.add(&window, began, Instant::now()),
                Err(error) => {
                    tally.failed += 1;
                    tally.error.get_or_insert(error);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tally
    });
    window.announce().await;
    let large = large.await.expect("no panic");
    let mut tally = joined(tasks).await;
    let met = |(began, ended): &(Instant, Instant)| large.spans.iter().any(|(b, e)| began < e && b < ended);
    tally.spans.retain(met);
    let large_us = percentile(&sorted_us(&large.spans), 50);
    let failed = tally.failed + large.failed;
    let error = tally.error.take().or(large.error);
    Outcome { large_us, failed, error, ..tally.outcome() }
}

async fn joined(mut tasks: JoinSet<Tally>) -> Tally {
    let mut tally = Tally::default();
    while let Some(one) = tasks.join_next().await {
        tally.merge(one.expect("no panic"));
    }
    tally
}
