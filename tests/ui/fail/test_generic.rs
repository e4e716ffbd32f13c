use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test]
async fn sets_target<T: Default>(agent: TestAgent) {
    drop(agent);
}

fn main() {}
