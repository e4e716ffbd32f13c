use mqtt_agent::prelude::*;

/// Weather.
#[tool]
async fn weather<T: Into<String>>(city: T) -> String {
    city.into()
}

fn main() {}
