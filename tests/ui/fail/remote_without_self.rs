use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(account: String) -> Result<u64, String>;
}

fn main() {}
