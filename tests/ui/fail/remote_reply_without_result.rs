use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, account: String) -> u64;
}

fn main() {}
