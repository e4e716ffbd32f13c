use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather(city: String, #[arg(range = 0..=7)] cx: &Context) -> String {
    let _ = cx;
    city
}

fn main() {}
