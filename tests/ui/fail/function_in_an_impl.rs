use mqtt_agent::prelude::*;

struct Station;

impl Station {
    /// Weather.
    #[tool]
    fn weather(city: String) -> String {
        city
    }
}

fn main() {}
