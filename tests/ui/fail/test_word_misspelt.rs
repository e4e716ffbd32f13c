use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test(agnet = mqtt_agent::Agent::new("x"), timeout = "soon", flavor = "multi_thread", timeout = "1s")]
async fn sets_target(agent: TestAgent) {
    drop(agent);
}

#[mqtt_agent::test("x")]
async fn named() {}

fn main() {}
