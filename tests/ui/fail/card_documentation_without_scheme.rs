use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0", documentation = "example.com/planner")]
struct Planner;

fn main() {}
