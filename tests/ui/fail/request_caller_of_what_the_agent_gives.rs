use mqtt_agent::prelude::*;

#[request("home/get", caller)]
fn get(State(db): State<u8>) -> Result<u8, String> {
    Ok(db)
}

fn main() {}
