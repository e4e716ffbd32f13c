use mqtt_agent::prelude::*;

#[request("home/{room}/get", reply = "answers/{client}")]
async fn get(room: String) -> Result<u32, String> {
    Ok(room.len() as u32)
}

#[on("home/{room}/set", reply = "answers/+")]
async fn set(room: String) {
    drop(room);
}

fn main() {}
