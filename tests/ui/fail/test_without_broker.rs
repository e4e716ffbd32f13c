// What `mqtt_agent::test` is without the feature.
#[mqtt_agent::__private::test_without_broker]
async fn sets_target() {}

fn main() {}
