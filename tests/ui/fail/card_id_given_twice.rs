use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card("planner", version = "1.2.0", id = "trips")]
struct Planner;

fn main() {}
