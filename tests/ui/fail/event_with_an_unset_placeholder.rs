use mqtt_agent::prelude::*;

#[event("home/{room}/alarm")]
fn alarm(room: &str, celsius: f64);

async fn tell(client: &Client) {
    drop(alarm(21.5).publish(client).await);
}

fn main() {
    let _ = tell;
}
