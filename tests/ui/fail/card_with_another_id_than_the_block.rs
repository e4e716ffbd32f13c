use mqtt_agent::prelude::*;

/// Plans trips.
#[derive(AgentCard)]
#[card(id = "planner", version = "1.2.0")]
struct Planner;

#[agent("trips")]
impl Planner {
    /// Plans a trip.
    #[skill]
    async fn plan(&self, to: String) -> String {
        to
    }
}

fn main() {}
