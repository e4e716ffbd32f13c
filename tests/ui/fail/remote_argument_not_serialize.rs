use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Account {
    name: String,
}

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, account: Account) -> Result<u64, String>;
}

fn main() {
    let _ = Account { name: String::new() }.name;
}
