use mqtt_agent::prelude::*;

trait Station {
    /// Weather.
    #[tool]
    fn weather(city: String) -> u8;
}

fn main() {}
