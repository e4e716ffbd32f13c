//! Functions that agree with a published schema: the tests that compare all of it are generated.

use mqtt_agent::prelude::*;

/// A forecast.
#[derive(Serialize, JsonSchema)]
struct Forecast {
    celsius: f64,
}

/// Weather of a city.
#[tool(schema = "forecast.json")]
fn forecast(
    /// City name.
    city: String,
    #[arg(range = 0..=7)] days: Option<u8>,
) -> Forecast {
    Forecast { celsius: f64::from(days.unwrap_or(0)) + city.len() as f64 }
}

struct Station;

#[agent(parts("more"))]
impl Station {
    /// Weather of a city.
    #[tool("station-forecast", schema = "forecast.json")]
    fn forecast(
        &self,
        /// City name.
        city: String,
        #[arg(range = 0..=7)] days: Option<u8>,
    ) -> Forecast {
        forecast(city, days)
    }
}

#[agent(part = "more")]
impl Station {
    /// Weather of a city.
    #[tool("station-outlook", schema = "forecast.json")]
    fn outlook(
        &self,
        /// City name.
        city: String,
        #[arg(range = 0..=7)] days: Option<u8>,
    ) -> Forecast {
        forecast(city, days)
    }
}

#[test]
fn a_difference_is_shown_with_its_place() {
    let failed = std::panic::catch_unwind(|| {
        /// Weather of a city.
        #[tool("other-forecast")]
        fn other(city: String, #[arg(range = 0..=9)] days: Option<u8>) -> Forecast {
            forecast(city, days)
        }
        let tool = tools![other][0];
        mqtt_agent::__private::check_published_schema(tool, "forecast.json", include_str!("forecast.json"));
    });
    let message = failed.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("input_schema ~ /properties/days/maximum: 7 -> 9"), "{message}");
    assert!(message.contains("input_schema - /properties/city/description: \"City name.\""), "{message}");
    assert!(message.contains("published.rs:"), "{message}");
    let _ = Agent::of(Station);
}
