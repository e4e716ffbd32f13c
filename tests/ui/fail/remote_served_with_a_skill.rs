use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, account: String) -> Result<u64, String>;
}

struct Mine;

#[agent]
impl Bank for Mine {
    /// What is there.
    #[skill]
    async fn balance(&self, account: String) -> Result<u64, String> {
        Err(account)
    }
}

fn main() {}
