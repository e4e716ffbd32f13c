use mqtt_agent::prelude::*;

#[remote]
trait Bank<T> {
    /// What is there.
    async fn balance(&self, account: T) -> Result<u64, String>;
}

fn main() {}
