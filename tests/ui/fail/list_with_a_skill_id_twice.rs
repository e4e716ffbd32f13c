use mqtt_agent::prelude::*;

/// Two crates may define this id, and one agent cannot have both.
#[skill]
fn twin() -> u8 {
    2
}

fn lists() {
    let _ = skills![twin, support::twin_skill];
}

fn main() {}
