use mqtt_agent::prelude::*;

/// Weather.
#[tool]
fn weather<'a>(cx: &'a Context) -> &'a str {
    cx.caller().claim()
}

fn main() {}
