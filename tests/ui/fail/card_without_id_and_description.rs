use mqtt_agent::prelude::*;

#[derive(AgentCard)]
#[card(version = "1.2.0", tags("travel"))]
struct Planner;

fn main() {}
