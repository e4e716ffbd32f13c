//! What the tests serve.

use mqtt_agent::prelude::*;
use mqtt_agent::{Running, Task, ToolError};
use tokio::sync::mpsc;

/// Where a tool tells that it runs, and that it was dropped.
pub(crate) type Told = mpsc::UnboundedSender<&'static str>;

/// Weather of one day.
#[tool]
pub(crate) async fn weather(
    /// City name, in English.
    city: String,
    /// Days ahead; today when left out.
    #[arg(range = 0..=7)]
    days: Option<u8>,
    /// Fahrenheit instead of Celsius.
    #[arg(default = false)]
    fahrenheit: bool,
    /// Words to look for.
    #[arg(default = Vec::new())]
    words: Vec<String>,
) -> String {
    format!("{city} {days:?} {fahrenheit} {words:?}")
}

/// Gives back what it was told, whatever that is.
#[tool]
pub(crate) async fn echo(url: String) -> String {
    url
}

/// Counts to `n`.
#[tool]
pub(crate) async fn count(n: u32, steps: Partials<u32>) -> Result<u32, String> {
    for i in 1..=n {
        steps.send(&i).await.map_err(|error| error.to_string())?;
    }
    Ok(n)
}

/// Why there is no weather.
#[derive(Debug, ToolError)]
pub(crate) enum Broken {
    /// The station is broken.
    #[tool_error("the station `{station}` is broken")]
    Station { station: String },
}

/// Always fails.
#[tool]
pub(crate) async fn broken() -> Result<String, Broken> {
    Err(Broken::Station { station: "north".to_owned() })
}

/// For scout alone.
#[tool(allow("scout"))]
pub(crate) async fn secret() -> String {
    "for scout".to_owned()
}

pub(crate) struct Dropped(pub(crate) Told);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

/// Runs until it is cancelled.
#[tool]
pub(crate) async fn hold(State(told): State<Told>) -> String {
    let _dropped = Dropped(told.clone());
    told.send("began").ok();
    std::future::pending().await
}

/// Asks for a name.
#[skill]
async fn greet(task: Task) -> Result<String, mqtt_agent::a2a::TaskUpdateError> {
    let name = task.ask("Name?").await?.text();
    Ok(format!("Hello {name}"))
}

/// Serves all of it as `station`.
pub(crate) async fn station(url: &str) -> (Running, mpsc::UnboundedReceiver<&'static str>) {
    let (told, heard) = mpsc::unbounded_channel();
    let tools = tools![weather, echo, count, broken, secret, hold];
    let agent = Agent::new("station").tools(tools).state(told).start(url).await.unwrap();
    (agent, heard)
}

/// Serves the skill as `desk`.
pub(crate) async fn desk(url: &str) -> Running {
    Agent::new("desk").skills(skills![greet]).start(url).await.unwrap()
}
