use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill]
struct Summarize;

fn main() {}
