use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0", capabilites("plan"))]
struct Planner;

fn main() {}
