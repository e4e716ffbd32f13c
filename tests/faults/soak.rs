//! A random soak: calls, streams and tasks over networks that cut, delay, stall and die, agents that crash and a broker that
//! is killed. Its seed is printed; `MQTT_AGENT_SOAK_SEED` runs one again, `MQTT_AGENT_SOAK_SECONDS` says for how long.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;
use support::{Direction, Proxy, TestBroker, eventually};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// By when each call has to end, whatever happens, and each task once the network is well: after its timeout it waits until
/// the connection was up for 10 s, which on a busy machine is a hundredth of the time.
const LATEST: Duration = Duration::from_secs(60);

/// The kind of an operation that is a task.
const TASK: u64 = 9;

const TIMEOUT: Duration = Duration::from_secs(10);

/// How often each number was worked on.
#[derive(Debug, Clone, Default)]
struct Runs(Arc<Mutex<HashMap<u64, u32>>>);

impl Runs {
    fn count(&self, number: u64) {
        *self.0.lock().unwrap().entry(number).or_default() += 1;
    }
}

/// Doubles a number.
#[tool]
async fn soak_double(number: u64, State(runs): State<Runs>) -> u64 {
    runs.count(number);
    number * 2
}

/// Counts up to a number.
#[tool]
async fn soak_count(number: u64, partials: Partials<u64>, State(runs): State<Runs>) -> u64 {
    runs.count(number);
    for part in 0..4 {
        drop(partials.send(&part).await);
    }
    number
}

/// Doubles a number as a task, which a process that has forgotten it does again.
#[skill]
async fn soak_task(number: u64) -> u64 {
    number * 2
}

/// How often a soak says how far it is.
const REPORT: Duration = Duration::from_secs(30);

/// How long there are faults, and how long none after everything works again.
const STORM: Duration = Duration::from_secs(60);
const CALM: Duration = Duration::from_secs(15);
/// The longest pause before a connection is tried again, one that is refused, and time to start.
const RECOVERED: Duration = Duration::from_secs(75);

/// SplitMix64: a soak is its seed, and the time that its machine takes.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What came of an operation; a violation of what is promised is its error.
type Outcome = Result<bool, String>;

async fn operation(client: Client, kind: u64, number: u64) -> Outcome {
    let arguments = json!({"number": number});
    let is =
        |wanted: u64, got: u64| if got == wanted { Ok(true) } else { Err(format!("{number} gave {got}")) };
    match kind {
        0..6 => match client.call("soak_double", arguments).returning::<u64>().timeout(TIMEOUT).await {
            Ok(got) => is(number * 2, got),
            Err(_typed) => Ok(false),
        },
        6..8 => {
            let Ok(mut stream) = client.call("soak_count", arguments).timeout(TIMEOUT).stream().await else {
                return Ok(false);
            };
            let mut last = None;
            while let Some(part) = stream.next().await {
                // The first one comes again where its server died right after it, for then its number tells nothing.
                let is_first = (part.as_u64(), last) == (Some(0), Some(0));
                if last.is_some_and(|last| part.as_u64() <= Some(last)) && !is_first {
                    return Err(format!("partial {part} after {last:?}"));
                }
                last = part.as_u64();
            }
            Ok(stream.finish().await.is_ok())
        }
        8 => {
            // Dropped half-way.
            let call = client.call("soak_double", arguments).into_future();
            drop(tokio::time::timeout(Duration::from_millis(number % 20), call).await);
            Ok(false)
        }
        _ => {
            let task = NewTask::skill("soak_task").data(&arguments);
            let Ok(mut task) = client.delegate("soaked", task).returning::<u64>().timeout(TIMEOUT).await
            else {
                return Ok(false);
            };
            match task.result().await {
                Ok(got) => is(number * 2, got),
                Err(_typed) => Ok(false),
            }
        }
    }
}

/// Nothing is wrong with this way any more.
fn heal(proxy: &Proxy) {
    proxy.thaw();
    proxy.delay(Duration::ZERO);
    proxy.split(false);
}

/// After how long a call is answered, where nothing is wrong any more. Those who lost many short connections in a row pause for
/// up to 30 s.
async fn recovered(client: &Client, number: &mut u64) -> Duration {
    let well = Instant::now();
    loop {
        // One of its own: how often each was worked on is counted.
        *number += 1;
        let call = client.call("soak_double", json!({"number": *number})).timeout(Duration::from_secs(5));
        if call.await.is_ok() {
            return well.elapsed();
        }
        assert!(well.elapsed() < RECOVERED, "nothing works again within {RECOVERED:?}");
    }
}

/// `counts_tasks`: whether all tasks of the runtime are this test's own, and not the broker's.
async fn soak(mut broker: TestBroker, length: Duration, counts_tasks: bool) {
    let seed = std::env::var("MQTT_AGENT_SOAK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed =
        seed.unwrap_or_else(|| u64::from(std::process::id()) ^ (Instant::now().elapsed().as_nanos() as u64));
    println!("soak: MQTT_AGENT_SOAK_SEED={seed}, {length:?}");
    let mut random = Random(seed);
    let runs = Runs::default();
    let (near, far) = (Proxy::start(broker.address()).await, Proxy::start(broker.address()).await);
    let idle = Handle::current().metrics().num_alive_tasks();
    let agent = Agent::new("soaked")
        .tools(tools![soak_double, soak_count])
        .skills(skills![soak_task])
        .state(runs.clone());
    let short = |url| ConnectOptions::new(url).keep_alive(Duration::from_secs(5));
    let mut running = Some(agent.clone().start(short(near.url())).await.unwrap());
    let client = Client::connect(short(far.url())).await.unwrap();

    let (mut operations, mut ended, mut fine) = (JoinSet::new(), 0_u64, 0_u64);
    let (began, mut next_fault) = (Instant::now(), Instant::now());
    let (mut next_report, mut next_calm) = (began + REPORT, began + STORM);
    let (mut number, mut slowest) = (0, Duration::ZERO);
    while began.elapsed() < length {
        if next_calm <= Instant::now() {
            for proxy in [&near, &far] {
                heal(proxy);
            }
            if running.is_none() {
                running = Some(agent.clone().start(short(near.url())).await.unwrap());
            }
            slowest = slowest.max(recovered(&client, &mut number).await);
            next_fault = Instant::now() + CALM;
            next_calm = next_fault + STORM;
        }
        for _ in 0..random.below(4) {
            number += 1;
            let (client, kind) = (client.clone(), random.below(10));
            operations.spawn(async move {
                let operation = operation(client, kind, number);
                if kind == TASK {
                    return operation.await;
                }
                let ended = tokio::time::timeout(LATEST, operation).await;
                ended.unwrap_or_else(|_| Err(format!("operation {number} of kind {kind} never ended")))
            });
        }
        if next_fault <= Instant::now() {
            // One that could not start while the broker was away is started again, as by a supervisor.
            if running.is_none() {
                near.thaw();
                running = agent.clone().start(short(near.url())).await.ok();
            }
            let proxy = if random.below(2) == 0 { &near } else { &far };
            match random.below(10) {
                0 | 1 => proxy.cut(),
                2 => proxy.delay(Duration::from_millis(random.below(60))),
                3 => proxy.freeze(),
                4 | 5 => proxy.thaw(),
                6 => proxy.split(random.below(3) == 0),
                7 => proxy.half_open(if random.below(2) == 0 {
                    Direction::ToBroker
                } else {
                    Direction::ToClient
                }),
                8 => {
                    // It crashes, and its next process starts when it can.
                    drop(running.take());
                    near.thaw();
                    running = agent.clone().start(short(near.url())).await.ok();
                }
                _ => {
                    broker.kill().await;
                    broker.start().await;
                }
            }
            next_fault = Instant::now() + Duration::from_millis(200 + random.below(800));
        }
        while let Some(done) = operations.try_join_next() {
            ended += 1;
            fine += u64::from(done.unwrap().unwrap());
        }
        if next_report <= Instant::now() {
            next_report = Instant::now() + REPORT;
            let alive = Handle::current().metrics().num_alive_tasks();
            println!(
                "soak: after {} s {ended} operations ended, {fine} of them with a result; {} go on, {alive} tasks live, \
                 the agent runs: {}, the client: {:?}",
                began.elapsed().as_secs(),
                operations.len(),
                running.is_some(),
                *client.connection().borrow(),
            );
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for proxy in [&near, &far] {
        heal(proxy);
        proxy.cut();
    }
    let well = tokio::time::Instant::now();
    while !operations.is_empty() {
        let done = tokio::time::timeout_at(well + LATEST, operations.join_next()).await;
        let done = done.unwrap_or_else(|_| panic!("{} operations never ended", operations.len()));
        ended += 1;
        fine += u64::from(done.unwrap().unwrap().unwrap());
    }
    println!(
        "soak: {ended} operations ended, {fine} of them with a result; after a storm the first one came within {slowest:?}"
    );
    assert!(fine * 10 > ended, "hardly anything worked");
    let again = runs
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, runs)| **runs > 2)
        .map(|(n, r)| (*n, *r))
        .collect::<Vec<_>>();
    assert!(again.is_empty(), "these calls ran more than once in two processes: {again:?}");

    // Everything works again.
    if running.is_none() {
        running = Some(agent.clone().start(short(near.url())).await.unwrap());
    }
    eventually("a call is answered", || async {
        client.call("soak_double", json!({"number": 1})).timeout(Duration::from_secs(5)).await.ok()
    })
    .await;
    let agents = eventually("the agent is listed", || async {
        client.agents().await.ok().filter(|agents| agents.iter().any(|card| card.agent_id == "soaked"))
    })
    .await;
    assert_eq!(agents.len(), 1);
    running.unwrap().stop().await;
    client.close().await;
    drop((near, far));
    if !counts_tasks {
        return;
    }
    eventually("nothing is left running", || async {
        (Handle::current().metrics().num_alive_tasks() <= idle).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_soak_breaks_no_promise_on_the_embedded_broker() {
    soak(TestBroker::embedded().await, Duration::from_secs(30), false).await;
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_soak_breaks_no_promise() {
    soak(TestBroker::chosen().await, Duration::from_secs(30), true).await;
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "an hour, or MQTT_AGENT_SOAK_SECONDS; run by name"]
async fn soak_of_an_hour() {
    let seconds = std::env::var("MQTT_AGENT_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    soak(TestBroker::chosen().await, Duration::from_secs(seconds.unwrap_or(3600)), true).await;
}
