use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0", icon = "file:///icon.svg")]
struct Planner;

fn main() {}
