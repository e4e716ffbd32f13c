use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, caller: Caller) -> Result<u64, String>;
}

fn main() {}
