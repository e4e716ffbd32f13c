use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0", provider(Rail, "https://rail.example"))]
struct Planner;

fn main() {}
