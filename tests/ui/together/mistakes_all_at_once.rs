use mqtt_agent::prelude::*;

#[tool("get weather", timeout = 5)]
fn weather(#[arg(range = 7..=0, lenght = 1..=2)] days: u8) -> impl Sized {
    days
}

fn main() {}
