use mqtt_agent::prelude::*;

#[on("home/{room}")]
fn reading(room: &str, celsius: f64, humidity: f64) {
    drop((room, celsius, humidity));
}

fn main() {}
