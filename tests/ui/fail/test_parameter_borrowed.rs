use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test]
async fn sets_target(agent: &TestAgent) {
    let _ = agent;
}

fn main() {}
