use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// Makes an account.
    async fn new(&self) -> Result<u64, String>;
}

fn main() {}
