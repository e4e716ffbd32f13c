use mqtt_agent::prelude::*;

fn lists() {
    let _ = tools!["weather"];
}

fn main() {}
