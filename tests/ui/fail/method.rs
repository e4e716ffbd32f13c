use mqtt_agent::prelude::*;

struct Station;

impl Station {
    /// Weather.
    #[tool]
    async fn weather(&self, city: String) -> String {
        city
    }
}

fn main() {}
