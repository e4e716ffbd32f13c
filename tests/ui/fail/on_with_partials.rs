use mqtt_agent::prelude::*;

#[on("home")]
fn reading(out: Partials<u8>) {
    drop(out);
}

fn main() {}
