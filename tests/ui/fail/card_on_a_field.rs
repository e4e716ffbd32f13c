use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0")]
struct Planner {
    #[card(name = "Trips")]
    trips: u8,
}

fn main() {}
