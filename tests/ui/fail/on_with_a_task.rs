use mqtt_agent::prelude::*;

#[on("home/door")]
fn door(task: Task) {
    drop(task);
}

fn main() {}
