use mqtt_agent::testing::TestAgent;

struct Tests(TestAgent);

impl Tests {
    #[mqtt_agent::test]
    async fn sets_target(&self) {}
}

fn main() {}
