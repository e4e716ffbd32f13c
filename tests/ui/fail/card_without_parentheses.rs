use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card = "planner"]
struct Planner;

fn main() {}
