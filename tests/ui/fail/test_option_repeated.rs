use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test(timeout = "1s", timeout = "2s")]
async fn sets_target(agent: TestAgent) {
    drop(agent);
}

fn main() {}
