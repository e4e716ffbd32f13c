//! The whole factory in processes of their own, and an order that is made although a press is killed and the broker
//! forgets everything.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mqtt_agent::a2a::{NewTask, TaskHandle};
use mqtt_agent::broker::{Broker, BrokerBuilder};
use mqtt_agent::prelude::*;
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::parts::{Delivery, Kind};

/// How many of each the customer orders.
const ORDER: (u32, u32) = (8, 6);

/// How long the factory may take to open.
const OPENING: Duration = Duration::from_secs(20);

/// How long the broker is away.
const AWAY: Duration = Duration::from_secs(2);

/// A user for each program, with its password.
const USERS: [(&str, &str); 4] =
    [("press", "steel"), ("inspector", "caliper"), ("planner", "paper"), ("customer", "money")];

fn say(who: &str, what: &str) {
    println!("{who:>10} | {what}");
}

/// A broker that knows the four users, and nobody else.
fn broker() -> BrokerBuilder {
    USERS.iter().fold(Broker::builder(), |broker, (user, password)| broker.user(*user, *password))
}

fn options(url: &str, user: &str) -> ConnectOptions {
    let password = USERS.iter().find(|(name, _)| *name == user).map_or("", |(_, password)| password);
    ConnectOptions::new(url).credentials(user, password)
}

/// One program of this factory, in a process of its own.
fn program(url: &str, user: &str, name: &str, folder: &Path) -> std::io::Result<Child> {
    let password = USERS.iter().find(|(known, _)| *known == user).map_or("", |(_, password)| password);
    Command::new(std::env::current_exe()?)
        .arg(user)
        .env("MQTT_AGENT_URL", url)
        .env("MQTT_AGENT_USERNAME", user)
        .env("MQTT_AGENT_PASSWORD", password)
        .env("PRESS", name)
        .current_dir(folder)
        .kill_on_drop(true)
        .spawn()
}

/// Waits until the planner, the inspector and both presses are there.
async fn open(client: &Client) -> Outcome {
    let until = Instant::now() + OPENING;
    loop {
        let agents = client.agents().await?;
        let is_open =
            ["planner", "inspector"].iter().all(|id| agents.iter().any(|agent| agent.agent_id == *id));
        let presses = client.servers().await?.iter().filter(|server| server.tools == ["press_part"]).count();
        if is_open && presses == 2 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("the factory is not open after {} s", OPENING.as_secs()).into());
        }
    }
}

/// How many parts an update says are pressed.
fn pressed(update: &str) -> u32 {
    update
        .strip_suffix(&format!(" of {} pressed", ORDER.0 + ORDER.1))
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

/// Makes an order, with two accidents.
pub(crate) async fn play() -> Outcome {
    let folder = std::env::temp_dir().join(format!("mqtt-agent-factory-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let ended = order(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    ended
}

async fn order(folder: &Path) -> Outcome {
    let running = broker().start().await?;
    let (url, address) = (running.url(), running.address());
    say("broker", &format!("listens on {address}, for {} users with passwords", USERS.len()));

    let mut first = program(&url, "press", "A", folder)?;
    let others = [("press", "B"), ("inspector", ""), ("planner", "")];
    let others: Vec<Child> =
        others.into_iter().map(|(user, name)| program(&url, user, name, folder)).collect::<Result<_, _>>()?;
    let guest = Client::connect(&url).await.map(drop);
    say("guest", &guest.err().map_or("is let in".to_owned(), |error| format!("is sent away: {error}")));

    let client = Client::connect(options(&url, "customer")).await?;
    open(&client).await?;
    say("customer", &format!("orders {} gears and {} brackets", ORDER.0, ORDER.1));
    let task = NewTask::skill("make").data(&json!({"gears": ORDER.0, "brackets": ORDER.1}));
    let mut order = client.delegate("planner", task).returning::<Delivery>().await?;

    // Two accidents, and the order goes on.
    follow(&mut order, 3).await;
    first.kill().await?;
    say("accident", "press A is killed, with a part in it");
    follow(&mut order, 6).await;
    let restarted = restart(running, address).await?;

    let delivery = order.result().await?;
    check(&delivery)?;
    say("customer", &receipt(&delivery));

    client.close().await;
    for mut child in others {
        child.kill().await?;
    }
    restarted.stop().await;
    Ok(())
}

/// Shows what the planner tells, until so many parts are pressed.
async fn follow(order: &mut TaskHandle<Delivery>, parts: u32) {
    while let Some(update) = order.next().await {
        let said = update.message.map(|message| message.text()).unwrap_or_default();
        if pressed(&said) >= parts {
            say("planner", &said);
            return;
        }
    }
}

/// The broker goes, and comes back without sessions and retained messages.
async fn restart(broker_before: Broker, address: SocketAddr) -> Result<Broker, Box<dyn std::error::Error>> {
    broker_before.stop().await;
    say("accident", &format!("the broker stops for {} s, and forgets everything", AWAY.as_secs()));
    tokio::time::sleep(AWAY).await;
    let broker = broker().address(address).start().await?;
    say("broker", "is back, and empty");
    Ok(broker)
}

/// Every part once, in order, and all of them good.
fn check(delivery: &Delivery) -> Outcome {
    let all: Vec<u32> = (1..=ORDER.0 + ORDER.1).collect();
    let numbers: Vec<u32> = delivery.parts.iter().map(|part| part.number).collect();
    let gears = delivery.parts.iter().filter(|part| part.kind == Kind::Gear).count();
    if numbers != all || delivery.report.good != all || gears != ORDER.0 as usize {
        return Err(format!("the delivery is not what was ordered: {delivery:?}").into());
    }
    Ok(())
}

fn receipt(delivery: &Delivery) -> String {
    let by = |name: &str| delivery.parts.iter().filter(|part| part.pressed_by == name).count();
    format!(
        "has {} good parts, {} of press A and {} of press B: each once, none lost",
        delivery.report.good.len(),
        by("press A"),
        by("press B")
    )
}
