//! A function that agrees with a schema in a file.

use mqtt_agent::prelude::*;

/// Weather.
#[tool(schema = "weather.json")]
fn weather(city: String, days: Option<u8>, _caller: Caller) -> String {
    format!("{city} {days:?}")
}

struct Station;

#[agent]
impl Station {
    /// Weather.
    #[tool("station-weather", schema = "weather.json")]
    fn weather(&self, city: String, #[arg(default = 1)] days: u8) -> String {
        format!("{city} {days}")
    }
}

fn main() {
    let _ = tools![weather];
    let _ = Agent::of(Station);
}
