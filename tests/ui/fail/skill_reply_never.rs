use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
async fn summarize() -> ! {
    std::process::exit(1)
}

fn main() {}
