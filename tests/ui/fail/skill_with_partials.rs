use mqtt_agent::prelude::*;

/// Counts.
#[skill]
async fn count(out: Partials<u8>) {
    drop(out);
}

fn main() {}
