use mqtt_agent::layer::ConcurrencyByKey;
use mqtt_agent::prelude::*;

/// Summarizes.
#[skill(layer(ConcurrencyByKey::by_client(1), "two"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
