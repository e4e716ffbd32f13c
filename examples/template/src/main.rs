//! The server. `MQTT_AGENT_URL` and the variables beside it say where the broker is.

use mqtt_agent::prelude::*;

#[tokio::main]
async fn main() -> mqtt_agent::Result<()> {
    // Started before its broker, it waits for it.
    let options = ConnectOptions::from_env()?.retry_first_connection();
    price_list::agent().serve(options).await
}
