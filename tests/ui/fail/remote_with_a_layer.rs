use mqtt_agent::prelude::*;

#[remote]
trait Weather {
    /// Weather.
    #[tool(layer = mqtt_agent::layer::ConcurrencyByKey::by_client(1))]
    async fn weather(&self, days: u8) -> Result<u8, String>;
}

fn main() {}
