use mqtt_agent::prelude::*;

trait Bank {
    fn balance(&self) -> u64;
}

struct Mine;

#[agent]
impl Bank for Mine {
    fn balance(&self) -> u64 {
        1
    }
}

fn main() {}
