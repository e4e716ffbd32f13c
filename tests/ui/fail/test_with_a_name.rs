use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test("thermostat")]
async fn sets_target(agent: TestAgent) {
    drop(agent);
}

fn main() {}
