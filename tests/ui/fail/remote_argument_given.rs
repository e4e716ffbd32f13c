use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, #[arg(given)] account: String) -> Result<u64, String>;
}

struct Mine;

#[agent]
impl Bank for Mine {
    async fn balance(&self, account: String) -> Result<u64, String> {
        Err(account)
    }
}

fn main() {}
