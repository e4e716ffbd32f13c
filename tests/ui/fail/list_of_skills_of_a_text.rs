use mqtt_agent::prelude::*;

fn lists() {
    let _ = skills!["summarize"];
}

fn main() {}
