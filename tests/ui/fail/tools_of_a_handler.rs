use mqtt_agent::prelude::*;

#[on("home")]
fn reading() {}

fn main() {
    let _ = tools![reading];
}
