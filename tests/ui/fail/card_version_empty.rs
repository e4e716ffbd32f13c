use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "")]
struct Planner;

fn main() {}
