use mqtt_agent::prelude::*;

trait Bank {}

struct Mine;

#[agent]
impl Bank for Mine {}

fn main() {}
