use mqtt_agent::prelude::*;

#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0")]
struct Planner;

fn main() {}
