use mqtt_agent::prelude::*;

/// What is there.
#[tool]
fn balance(#[arg(given)] caller: Caller) -> u64 {
    caller.claim().len() as u64
}

fn main() {}
