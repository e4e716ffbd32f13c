use mqtt_agent::prelude::*;

struct Planner;

fn main() {
    let _ = <Planner as AgentCard>::CARD;
}
