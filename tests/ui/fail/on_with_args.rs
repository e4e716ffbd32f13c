use mqtt_agent::prelude::*;

#[on("home")]
fn reading(Args(value): Args<Vec<u8>>) {
    drop(value);
}

fn main() {}
