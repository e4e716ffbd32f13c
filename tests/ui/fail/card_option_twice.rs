use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0", version = "2.0.0")]
struct Planner;

fn main() {}
