//! What the hosts call.

use std::sync::Arc;

use mqtt_agent::prelude::*;
use mqtt_agent::{Running, ToolError};
use tokio::sync::{Semaphore, mpsc};

/// Where a tool tells that it runs, and that it was dropped.
pub(crate) type Told = mpsc::UnboundedSender<&'static str>;

/// A place, as an object.
#[derive(Serialize, JsonSchema)]
struct Place {
    city: String,
    lat: f64,
}

/// Where a city is.
#[tool(read_only, title = "Find a place")]
async fn locate(city: String) -> Place {
    Place { city, lat: 59.9 }
}

/// What time it is: a number, and no object.
#[tool("clock.now")]
async fn clock() -> u32 {
    12
}

/// Lets `count` take a step.
#[derive(Clone)]
struct Go(Arc<Semaphore>);

/// Counts to `n`, a step each time that it may.
#[tool]
async fn count(n: u32, steps: Partials<String>, State(go): State<Go>) -> Result<Vec<u32>, String> {
    for step in 1..=n {
        steps.send(&format!("step {step}")).await.map_err(|error| error.to_string())?;
        go.0.acquire().await.map_err(|error| error.to_string())?.forget();
    }
    Ok((1..=n).collect())
}

/// Why there is no weather.
#[derive(Debug, ToolError)]
enum Broken {
    /// The station is broken.
    #[tool_error("the station `{station}` is broken")]
    Station { station: String },
}

/// Always fails.
#[tool]
async fn broken() -> Result<String, Broken> {
    Err(Broken::Station { station: "north".to_owned() })
}

struct Dropped(Told);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

/// Runs until it is cancelled.
#[tool]
async fn hold(State(told): State<Told>) -> String {
    let _dropped = Dropped(told.clone());
    told.send("began").ok();
    std::future::pending().await
}

/// Comes later.
#[tool]
async fn late() -> bool {
    true
}

/// What serves all but the late one.
pub(crate) struct Station {
    pub(crate) agent: Running,
    pub(crate) heard: mpsc::UnboundedReceiver<&'static str>,
    go: Arc<Semaphore>,
}

impl Station {
    pub(crate) async fn start(url: &str) -> Self {
        let (told, heard) = mpsc::unbounded_channel();
        let go = Arc::new(Semaphore::new(0));
        let agent = Agent::new("station").tools(tools![locate, clock, count, broken, hold]);
        let agent = agent.state(told).state(Go(Arc::clone(&go))).start(url).await.unwrap();
        Self { agent, heard, go }
    }

    /// Lets `count` take a step.
    pub(crate) fn go(&self) {
        self.go.add_permits(1);
    }
}

/// Serves the late one.
pub(crate) async fn late_comer(url: &str) -> Running {
    Agent::new("late").tools(tools![late]).start(url).await.unwrap()
}
