use mqtt_agent::prelude::*;

use std::rc::Rc;

/// Weather.
#[tool]
async fn weather(city: String) -> String {
    let city = Rc::new(city);
    std::future::ready(()).await;
    city.to_string()
}

fn main() {}
