//! One agent with state: tools, topic handlers, a request and an event in one `impl` block.
//!
//! ```sh
//! cargo run --example home                         # on an embedded broker
//! cargo run --example home mqtt://localhost:1883   # on yours
//! ```
//!
//! What to learn here: `#[agent]` serves the methods of a value, which shares its state by `&self` and a lock;
//! `{room}` in a topic is a parameter of that name; `#[request]` answers on the Response Topic, so that any MQTT 5 client
//! can ask (`mosquitto_rr -V 5 -t home/kitchen/get -e a2a/v1/mcp/clients/me/responses -m ''`); an `#[event]` has a setter for each placeholder, and does not compile without.

use std::collections::BTreeMap;
use std::sync::Mutex;

use mqtt_agent::broker::Broker;
use mqtt_agent::prelude::*;
use tokio::sync::mpsc;

/// A room that is too warm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Alarm {
    celsius: f64,
}

/// What is known of a room.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
struct Room {
    /// As last measured.
    celsius: Option<f64>,
    /// What it should be.
    target: f64,
}

#[derive(Default)]
struct Home {
    rooms: Mutex<BTreeMap<String, Room>>,
}

#[agent]
impl Home {
    /// Sets what the temperature of a room should be.
    #[tool(idempotent)]
    fn set_target(
        &self,
        /// The room's name.
        room: String,
        /// In degrees Celsius.
        #[arg(range = 5.0..=30.0)]
        celsius: f64,
    ) -> Room {
        let mut rooms = self.rooms.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let room = rooms.entry(room).or_default();
        room.target = celsius;
        *room
    }

    /// A sensor has measured.
    #[on("home/{room}/temperature", shared = "home")]
    async fn measured(&self, room: &str, celsius: f64, cx: &Context) -> Result<(), String> {
        let target = {
            let mut rooms = self.rooms.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let known = rooms.entry(room.to_owned()).or_default();
            known.celsius = Some(celsius);
            known.target
        };
        if celsius > target + 3.0 {
            let alarm = self.too_warm(Alarm { celsius }).room(room);
            alarm.publish(&cx.client()).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// What is known of a room; for any MQTT 5 client that asks with a Response Topic.
    #[request("home/{room}/get")]
    fn get(&self, room: String) -> Result<Room, String> {
        let rooms = self.rooms.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rooms.get(&room).copied().ok_or_else(|| format!("no room `{room}` was ever measured"))
    }

    /// A room is too warm.
    #[event("home/{room}/alarm", retain)]
    fn too_warm(&self, room: &str, alarm: Alarm);
}

/// Somebody else's program: waits for alarms.
#[on("home/{room}/alarm")]
async fn alarmed(
    room: String,
    alarm: Alarm,
    State(heard): State<mpsc::Sender<String>>,
) -> Result<(), String> {
    let text = format!("{room} has {} degrees", alarm.celsius);
    heard.send(text).await.map_err(|error| error.to_string())
}

#[event("home/{room}/temperature")]
fn temperature(room: &str, celsius: f64);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::start().await?;
    let url = std::env::args().nth(1).unwrap_or_else(|| broker.url());

    let home = Agent::of(Home::default()).start(&url).await?;
    let (heard, mut alarms) = mpsc::channel::<String>(8);
    let watcher = Agent::new("watcher").handlers(handlers![alarmed]).state(heard).start(&url).await?;

    let client = Client::connect(&url).await?;
    let room: Room = client.call("set_target", json!({"room": "kitchen", "celsius": 20})).returning().await?;
    println!("the target of the kitchen is {} degrees", room.target);

    temperature(24.5).room("kitchen").publish(&client).await?;
    println!("alarm: {}", alarms.recv().await.ok_or("no alarm")?);

    // The same range as everywhere: a bad argument never reaches the method.
    let refused = client.call("set_target", json!({"room": "kitchen", "celsius": 100})).await;
    println!("refused: {}", refused.err().ok_or("a hundred degrees were taken")?);

    client.close().await;
    watcher.stop().await;
    home.stop().await;
    Ok(())
}
