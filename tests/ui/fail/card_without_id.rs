use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(version = "1.2.0")]
struct TripPlanner;

fn main() {}
