use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "trips/planner", version = "1.2.0")]
struct Planner;

fn main() {}
