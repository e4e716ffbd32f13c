use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", verion = "1.2.0")]
struct Planner;

fn main() {}
