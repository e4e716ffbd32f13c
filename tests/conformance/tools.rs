//! The tools that the tests serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::prelude::*;
use tokio::sync::Notify;

/// Counts what happens inside handlers, and lets tests hold them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(pub(crate) Arc<Seen>);

#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Handlers that began.
    pub(crate) began: AtomicUsize,
    /// Handlers that were dropped or ended.
    pub(crate) ended: AtomicUsize,
    /// Told when a handler begins or ends.
    pub(crate) changed: Notify,
    /// Lets one held handler go on.
    pub(crate) go_on: Notify,
    /// Every call id that a handler ran for.
    pub(crate) ids: std::sync::Mutex<Vec<String>>,
}

impl Watch {
    pub(crate) fn began(&self) -> usize {
        self.0.began.load(Ordering::SeqCst)
    }

    pub(crate) fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn enter(&self, cx: &Context) -> Inside {
        self.0.ids.lock().unwrap().push(cx.call_id().to_owned());
        self.0.began.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
        Inside(self.clone())
    }

    /// Waits until so many handlers have begun.
    pub(crate) async fn until_began(&self, count: usize) {
        support::eventually("handlers began", || async { (self.began() >= count).then_some(()) }).await;
    }

    /// Waits until so many handlers have ended.
    pub(crate) async fn until_ended(&self, count: usize) {
        support::eventually("handlers ended", || async { (self.ended() >= count).then_some(()) }).await;
    }
}

/// Counts its own end.
pub(crate) struct Inside(Watch);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::SeqCst);
        self.0.0.changed.notify_waiters();
    }
}

/// A sum.
#[derive(Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
pub(crate) struct Sum {
    pub(crate) sum: f64,
}

/// Adds two numbers.
#[tool(read_only, idempotent, title = "Addition", tags("math"), version = "2.1.0")]
pub(crate) async fn add(
    /// The first.
    a: f64,
    /// The second.
    b: f64,
) -> Sum {
    Sum { sum: a + b }
}

/// Adds two numbers, and counts itself.
#[tool]
pub(crate) async fn counted_add(a: f64, b: f64, State(watch): State<Watch>, cx: &Context) -> f64 {
    let _inside = watch.enter(cx);
    a + b
}

/// One step of a count.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Step {
    pub(crate) i: u32,
}

/// Counts to `n`, one partial result a step.
#[tool]
pub(crate) async fn count(n: u32, steps: Partials<Step>) -> Result<u32, String> {
    for i in 1..=n {
        steps.send(&Step { i }).await.map_err(|error| error.to_string())?;
    }
    Ok(n)
}

/// Sends lines of text as partial results.
#[tool]
pub(crate) async fn lines(lines: Partials<String>) -> Result<(), String> {
    for line in ["one", "two"] {
        lines.send(&line.to_owned()).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Runs until it is let go, cancelled or late.
#[tool]
pub(crate) async fn hold(State(watch): State<Watch>, cx: &Context) -> String {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
    "let go".to_owned()
}

/// One at a time.
#[tool(concurrency = 1)]
pub(crate) async fn hold_one(State(watch): State<Watch>, cx: &Context) -> String {
    let _inside = watch.enter(cx);
    watch.0.go_on.notified().await;
    "let go".to_owned()
}

/// Takes longer than it may.
#[tool(timeout = "100ms")]
pub(crate) async fn too_slow(State(watch): State<Watch>, cx: &Context) -> String {
    let _inside = watch.enter(cx);
    tokio::time::sleep(Duration::from_secs(600)).await;
    "never".to_owned()
}

/// Always fails.
#[tool]
pub(crate) async fn fail() -> Result<(), Failing> {
    Err(Failing)
}

/// An error with a code.
pub(crate) struct Failing;

impl ToolError for Failing {
    fn message(&self) -> String {
        "this tool always fails; call another".to_owned()
    }

    fn code(&self) -> Option<&str> {
        Some("always")
    }
}

/// Panics.
#[tool]
pub(crate) async fn panics(text: String) -> String {
    panic!("{text}")
}

/// Panics on the blocking pool.
#[tool(blocking)]
pub(crate) fn panics_blocking() -> String {
    panic!("on purpose")
}

/// Runs on the blocking pool.
#[tool(blocking)]
pub(crate) fn blocking_add(a: i64, b: i64) -> i64 {
    a + b
}

/// For scout alone.
#[tool(allow("scout"))]
pub(crate) async fn secret() -> String {
    "for scout".to_owned()
}

/// Says who calls.
#[tool]
pub(crate) async fn whoami(caller: Caller, cx: &Context) -> String {
    format!("{} {}", caller.claim(), cx.trace().map_or("untraced", |trace| trace.traceparent()))
}

/// Gives back a text of some size.
#[tool]
pub(crate) async fn repeat(#[arg(range = 0..=4_000_000)] bytes: u32) -> String {
    "x".repeat(bytes as usize)
}

/// How big something is.
#[tool]
pub(crate) async fn measure(text: String) -> u64 {
    text.len() as u64
}

/// Calls `add` of another agent from inside.
#[tool]
pub(crate) async fn double(x: f64, cx: &Context) -> Result<f64, String> {
    let sum: Sum = cx
        .client()
        .call("add", json!({"a": x, "b": x}))
        .returning()
        .await
        .map_err(|error| error.to_string())?;
    Ok(sum.sum)
}

/// Calls `hold` of another agent from inside.
#[tool]
pub(crate) async fn hold_elsewhere(cx: &Context) -> Result<String, String> {
    cx.client().call("hold", ()).returning().await.map_err(|error| error.to_string())
}

/// Says how long it may run, in milliseconds.
#[tool]
pub(crate) async fn time_left(cx: &Context) -> u64 {
    cx.deadline().saturating_duration_since(std::time::Instant::now()).as_millis() as u64
}

/// Everything that an argument can be narrowed by.
#[tool]
pub(crate) async fn narrow(
    #[arg(range = 1..=5)] stars: u8,
    #[arg(length = 2..=8)] name: String,
    #[arg(pattern = "^[a-z]+$")] code: Option<String>,
    #[arg(default = 7)] days: u32,
    #[arg(rename = "from")] start: Option<String>,
) -> String {
    format!("{stars} {name} {code:?} {days} {start:?}")
}

/// Panics when it is dropped before its end.
#[tool(timeout = "100ms")]
pub(crate) async fn drops_badly() -> String {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("on purpose");
            }
        }
    }
    let _bad = Bad;
    std::future::pending().await
}

/// More parameters than the runtime takes at once.
#[tool]
#[allow(clippy::too_many_arguments, clippy::many_single_char_names)]
pub(crate) async fn many(
    a: u8,
    b: String,
    c: Option<u8>,
    cx: &Context,
    d: bool,
    e: Vec<u8>,
    f: f64,
    g: u8,
    h: u8,
    i: String,
) -> String {
    format!("{a} {b} {c:?} {} {d} {e:?} {f} {g} {h} {i}", !cx.caller().claim().is_empty())
}
