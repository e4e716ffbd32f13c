//! Agents, clients and replicas in one process.

use mqtt_agent::Limits;
use mqtt_agent::Running;
use mqtt_agent::param::Call;
use mqtt_agent::prelude::*;
use mqtt_agent::registry::{Handler, Refused, ToolDef};
use mqtt_agent::reply::{Reply, ToolFuture};
use tokio::task::JoinSet;

use crate::peer;
use crate::probe::{Measure, Probe, Site};
use crate::served::{NOTHING, calls, many};

/// So many connect at once.
const AT_ONCE: usize = 16;

/// Does something so many times, some at once.
async fn each<T, F>(count: usize, at_once: usize, what: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (mut tasks, mut done) = (JoinSet::new(), Vec::new());
    for number in 0..count {
        if tasks.len() >= at_once {
            done.extend(tasks.join_next().await.map(|one| one.expect("no panic")));
        }
        tasks.spawn(what(number));
    }
    done.extend(tasks.join_all().await);
    done
}

async fn stop_all(running: Vec<Running>) {
    let stops: JoinSet<()> = running.into_iter().map(Running::stop).collect();
    stops.join_all().await;
}

pub(crate) async fn agents(size: usize, site: Site) -> Vec<Measure> {
    let tools = many(size, "tool", NOTHING);
    let probe = Probe::begin(site, None);
    let running = each(size, AT_ONCE, |number| {
        let agent = Agent::new(format!("agent-{number}")).tools([tools[number]]);
        async move { agent.start(site.options()).await.expect("it starts") }
    });
    let running = running.await;
    let started = probe.end("start() of all");
    let probe = Probe::begin(site, None);
    stop_all(running).await;
    vec![started, probe.end("stop() of all at once")]
}

pub(crate) async fn clients(size: usize, site: Site) -> Vec<Measure> {
    let server = peer("calls", 0, site.address);
    let probe = Probe::begin(site, Some(&server));
    let clients =
        each(size, AT_ONCE, |_| async move { Client::connect(site.options()).await.expect("a client") })
            .await;
    let connected = probe.end("connect() of all");
    let probe = Probe::begin(site, Some(&server));
    each(size, size, |number| {
        let client = clients[number].clone();
        async move { calls(&client, "echo", 100).await }
    })
    .await;
    let called = probe.end("100 calls of each");
    let probe = Probe::begin(site, Some(&server));
    let closes: JoinSet<()> = clients.into_iter().map(Client::close).collect();
    closes.join_all().await;
    vec![connected, called, probe.end("close() of all")]
}

fn slow<'a>(_: &mut Call<'a>) -> Result<ToolFuture<'a>, Refused> {
    Ok(Box::pin(async {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        String::new().into_answer()
    }))
}

pub(crate) async fn replicas(size: usize, site: Site) -> Vec<Measure> {
    let tools: Vec<&'static ToolDef> = many(1, "slow", Handler::Async(slow));
    let running = each(size, AT_ONCE, |number| {
        let agent = Agent::new("replicated").instance(format!("r{number}")).tools(tools.iter().copied());
        let agent = agent.limits(Limits::default().with_concurrency(1));
        async move { agent.start(site.options()).await.expect("it starts") }
    });
    let running = running.await;
    let client = Client::connect(site.options()).await.expect("a client");
    let callers = 4 * size;
    let run = async |count: usize| {
        each(callers, callers, |_| {
            let client = client.clone();
            async move { calls(&client, "slow_0", count).await }
        })
        .await
    };
    run(3).await;
    let probe = Probe::begin(site, None);
    run(12).await;
    let called = probe.end("calls, 4 at once for each replica");
    let probe = Probe::begin(site, None);
    stop_all(running).await;
    vec![called, probe.end("stop() of all at once")]
}
