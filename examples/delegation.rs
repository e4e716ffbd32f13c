//! Agents that work for each other: a planner delegates to two workers on one broker.
//!
//! What it shows: skills with arguments and with free text, a tool that is called from inside a task, a worker that asks
//! back and gets an answer, updates, an artifact, and a typed result. Run it with `cargo run --example delegation`: it
//! brings its broker along.

use mqtt_agent::a2a::{NewTask, TaskUpdateError};
use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;
use mqtt_agent::wire::{Artifact, Part, TaskState};

/// What a day costs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Budget {
    euros: u32,
}

/// Prices by city.
#[tool(read_only)]
fn price_of_a_day(city: String) -> u32 {
    if city == "Oslo" { 210 } else { 90 }
}

/// Works out what a trip costs.
#[skill(tags("travel"))]
async fn budget(city: String, days: u32, cx: &Context) -> Result<Budget, String> {
    // On the task's own connection: the call has the task's deadline, and ends with it.
    let price: u32 = cx
        .client()
        .call("price_of_a_day", json!({"city": city}))
        .returning()
        .await
        .map_err(|error| error.to_string())?;
    Ok(Budget { euros: price * days })
}

/// Writes a packing list.
#[skill(tags("travel"), output("text/plain"))]
async fn pack(task: Task) -> Result<String, TaskUpdateError> {
    task.progress("looking into the wardrobe").await;
    let weather = task.ask("What will the weather be?").await?.text();
    let list = if weather.contains("rain") { "an umbrella" } else { "a hat" };
    task.artifact(Artifact::new("list", [Part::text(format!("- {list}"))]).with_name("Packing list")).await?;
    Ok(format!("for {}: {list}", task.text()))
}

/// Plans a trip with the help of others.
#[skill]
async fn plan(task: Task, cx: &Context) -> Result<String, String> {
    let client = cx.client();
    let told = |error: mqtt_agent::a2a::DelegateError| error.to_string();

    // Waits for the result, and reads it as a type.
    let trip = NewTask::skill("budget").data(&json!({"city": task.text(), "days": 3}));
    let budget: Budget = client.request("accountant", trip).returning().await.map_err(told)?;

    // Follows another one while it is worked on, and answers what it asks.
    let mut packing = client.delegate("packer", task.text()).returning::<String>().await.map_err(told)?;
    while let Some(update) = packing.next().await {
        let said = update.message.map(|message| message.text()).unwrap_or_default();
        println!("planner: {} is {} {said}", update.from, update.state);
        if update.state == TaskState::InputRequired {
            packing.send("rain, as ever").await.map_err(told)?;
        }
    }
    let list = packing.result().await.map_err(told)?;
    Ok(format!("{} euros; {list}", budget.euros))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::start().await?;
    let url = broker.url();
    let prices = Agent::new("prices").tools(tools![price_of_a_day]).start(&url).await?;
    let accountant = Agent::new("accountant").skills(skills![budget]).start(&url).await?;
    let packer = Agent::new("packer").skills(skills![pack]).start(&url).await?;
    let planner = Agent::new("planner").skills(skills![plan]).start(&url).await?;

    let client = Client::connect(&url).await?;
    for agent in client.agents().await? {
        let skills: Vec<_> = agent.skills.iter().map(|skill| skill.id.as_str()).collect();
        println!("{} is {:?} and can {}", agent.agent_id, agent.status, skills.join(", "));
    }
    let plan: String = client.request("planner", "Oslo").returning().await?;
    println!("the plan: {plan}");

    client.close().await;
    for agent in [planner, packer, accountant, prices] {
        agent.stop().await;
    }
    broker.stop().await;
    Ok(())
}
