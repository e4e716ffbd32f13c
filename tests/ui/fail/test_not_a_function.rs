use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test]
struct SetsTarget(TestAgent);

fn main() {}
