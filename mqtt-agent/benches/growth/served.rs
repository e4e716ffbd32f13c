//! What is served: tools and topic handlers in any number.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mqtt_agent::Limits;
use mqtt_agent::param::{Call, Param};
use mqtt_agent::prelude::*;
use mqtt_agent::registry::{ArgDef, Handler, HandlerDef, HandlerKind, Location, Refused, ToolDef, TopicDef};
use mqtt_agent::reply::{Reply, ToolFuture};
use tokio::sync::Semaphore;

use crate::cards::Publisher;
use crate::probe::{Measure, Probe, Site};

/// More calls than any section makes at once.
pub(crate) const CALLS: usize = 200_000;
/// So many calls wait for one tool: a client keeps a window over those of each tool.
pub(crate) const HELD_OF_ONE: usize = 40;

static HELD: AtomicUsize = AtomicUsize::new(0);
static RELEASED: Semaphore = Semaphore::const_new(0);
static HANDLED: AtomicUsize = AtomicUsize::new(0);

/// Gives back what it gets.
#[tool]
pub(crate) async fn echo(text: String) -> String {
    text
}

/// How long a text is.
#[tool(timeout = "5m")]
pub(crate) async fn length(text: String) -> usize {
    text.len()
}

/// Counts to a number.
#[tool(timeout = "5m")]
pub(crate) async fn count(to: u64, partials: Partials<u64>) -> Result<u64, String> {
    for number in 0..to {
        partials.send(&number).await.map_err(|error| error.to_string())?;
    }
    Ok(to)
}

/// How many calls wait.
#[tool]
pub(crate) async fn held() -> usize {
    HELD.load(Ordering::SeqCst)
}

/// Lets the calls go on that wait.
#[tool]
pub(crate) async fn release() {
    RELEASED.add_permits(CALLS);
}

const TEXT: &[ArgDef] = &[ArgDef::new("text", "Any text.", <String as Param<'_>>::NEED)];

/// Definitions live as long as the program, as those of `#[tool]` do.
pub(crate) fn many(count: usize, prefix: &str, handler: Handler) -> Vec<&'static ToolDef> {
    let tool = |number| {
        let name: &'static str = format!("{prefix}_{number}").leak();
        let (output, location) = (<String as Reply>::schema, Location::new(file!(), line!()));
        let tool = ToolDef::new(name, "Takes a text and gives one back.", TEXT, output, handler, location);
        &*Box::leak(Box::new(tool.timeout_ms(600_000)))
    };
    (0..count).map(tool).collect()
}

fn hold<'a>(_: &mut Call<'a>) -> Result<ToolFuture<'a>, Refused> {
    Ok(Box::pin(async {
        HELD.fetch_add(1, Ordering::SeqCst);
        RELEASED.acquire().await.expect("open").forget();
        String::new().into_answer()
    }))
}

pub(crate) const NOTHING: Handler = Handler::Inline(|_| Ok(String::new().into_answer()));

/// Serves until the other process ends.
pub(crate) async fn peer(name: &str, size: usize, address: SocketAddr) {
    let agent = Agent::new("peer").limits(Limits::default().with_concurrency(CALLS).with_queue(CALLS));
    let agent = match name {
        "hold" => {
            let hold = many(size.div_ceil(HELD_OF_ONE), "hold", Handler::Async(hold));
            agent.tools(tools![held, release].into_iter().chain(hold))
        }
        "tools" => agent.tools(many(size, "tool", NOTHING)),
        _ => agent.tools(tools![echo, length, count]),
    };
    let site = Site { address, broker: 0 };
    let running = agent.start(site.options()).await.expect("it starts");
    std::io::stdout().write_all(b"\n").and_then(|()| std::io::stdout().flush()).expect("standard output");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    drop(ended.await);
    drop(running);
    std::process::exit(0);
}

/// Calls, one after the other.
pub(crate) async fn calls(client: &Client, tool: &str, count: usize) {
    for _ in 0..count {
        client.call(tool, json!({"text": "x"})).returning::<String>().await.expect("an answer");
    }
}

pub(crate) async fn tools(size: usize, site: Site) -> Vec<Measure> {
    let tools = many(size, "tool", NOTHING);
    let agent = || Agent::new("served").tools(tools.iter().copied());
    let probe = Probe::begin(site, None);
    let built = agent().build().expect("good tools");
    let build = probe.end("build()");
    drop(built);
    let probe = Probe::begin(site, None);
    let running = agent().start(site.options()).await.expect("it starts");
    let start = probe.end("start()");
    let client = Client::connect(site.options()).await.expect("a client");
    calls(&client, "tool_0", 100).await;
    let probe = Probe::begin(site, None);
    calls(&client, &format!("tool_{}", size - 1), 1000).await;
    let called = probe.end("1,000 calls of one");
    let probe = Probe::begin(site, None);
    running.stop().await;
    vec![build, start, called, probe.end("stop()")]
}

pub(crate) async fn handlers(size: usize, site: Site) -> Vec<Measure> {
    const MESSAGES: usize = 10_000;
    let handler = |number| {
        let topic: &'static str = format!("growth/{number}").leak();
        let handler = Handler::Inline(|_| {
            HANDLED.fetch_add(1, Ordering::SeqCst);
            Ok(().into_answer())
        });
        let (output, location) = (<() as Reply>::schema, Location::new(file!(), line!()));
        let name: &'static str = format!("handler_{number}").leak();
        let topic = TopicDef::new(topic, topic, &[]);
        let def = HandlerDef::new(HandlerKind::On, name, "Counts.", topic, &[], output, handler, location);
        &*Box::leak(Box::new(def))
    };
    let handlers: Vec<&'static HandlerDef> = (0..size).map(handler).collect();
    let agent = Agent::new("served").tools([]).handlers(handlers);
    let probe = Probe::begin(site, None);
    let running = agent.start(site.options()).await.expect("it starts");
    let start = probe.end("start()");
    let mut publisher = Publisher::connect(site.address).await;
    let probe = Probe::begin(site, None);
    let messages = (0..MESSAGES).map(|number| (format!("growth/{}", number % size), b"1".to_vec()));
    publisher.publish_all(messages, false).await;
    while HANDLED.load(Ordering::SeqCst) < MESSAGES {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let handled = probe.end("10,000 messages");
    let probe = Probe::begin(site, None);
    running.stop().await;
    vec![start, handled, probe.end("stop()")]
}
