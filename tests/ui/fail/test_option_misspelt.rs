use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test(agnet = mqtt_agent::Agent::new("x"))]
async fn sets_target(agent: TestAgent) {
    drop(agent);
}

fn main() {}
