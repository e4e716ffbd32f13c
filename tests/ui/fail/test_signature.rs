use mqtt_agent::testing::TestAgent;

#[mqtt_agent::test]
async fn generic<T: Default>(agent: TestAgent) {
    drop(agent);
}

#[mqtt_agent::test]
async fn borrows(agent: &TestAgent) {
    let _ = agent;
}

#[mqtt_agent::test]
#[test]
async fn twice(agent: TestAgent) {
    drop(agent);
}

#[mqtt_agent::test]
struct NoFunction;

struct Tests;

impl Tests {
    #[mqtt_agent::test]
    async fn method(&self) {}
}

fn main() {}
