use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test(flavor = "multi_thread")]
async fn sets_target(agent: TestAgent) {
    drop(agent);
}

fn main() {}
