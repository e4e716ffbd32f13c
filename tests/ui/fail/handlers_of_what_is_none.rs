use mqtt_agent::prelude::*;

fn reading() {}

fn main() {
    let _ = handlers![reading];
}
