use mqtt_agent::prelude::*;

#[derive(AgentCard)]
struct Planner;

fn main() {}
