use mqtt_agent::prelude::*;

#[remote]
trait Bank {
    /// What is there.
    async fn balance(&self, account: String) -> Result<u64, String>;
}

struct Mine;

#[agent]
impl Bank for Mine {
    async fn balance(&self, account: String) -> Result<u64, String> {
        let shared = std::rc::Rc::new(account);
        std::future::ready(()).await;
        Err(shared.to_string())
    }
}

fn main() {}
