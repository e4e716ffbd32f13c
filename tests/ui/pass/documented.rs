//! Descriptions come from doc comments.

use mqtt_agent::prelude::*;

/// Current weather
/// for a city.
///
/// What follows is for people.
#[tool]
async fn weather(
    /// City name,
    /// in English.
    r#type: String,
) -> String {
    r#type
}

#[doc = include_str!("documented.txt")]
#[tool]
async fn r#loop(#[doc = include_str!("documented.txt")] times: u8) {
    let _ = times;
}

fn main() {
    let agent = Agent::new("x").tools(tools![weather, r#loop]).build().unwrap();
    let [looping, weather] = agent.tool_cards() else { panic!() };
    assert_eq!(weather.description, "Current weather for a city.");
    assert_eq!(weather.input_schema["properties"]["type"]["description"], "City name, in English.");
    assert_eq!((looping.tool.as_str(), looping.description.trim()), ("loop", "From a file."));
    assert_eq!(looping.input_schema["properties"]["times"]["description"], "From a file.");
    assert_eq!(looping.output_schema, None);
}
