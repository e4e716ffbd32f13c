use mqtt_agent::prelude::*;

#[remote(prefx = "bank.")]
trait Bank {
    /// What is there.
    async fn balance(&self, account: String) -> Result<u64, String>;
}

fn main() {}
