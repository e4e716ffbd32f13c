use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    async fn balance(&self, account: String) -> Result<u64, String>;
}

fn main() {}
