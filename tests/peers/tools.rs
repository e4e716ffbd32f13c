//! Our tools, of the same names as the reference server's.

use std::sync::{Arc, Mutex};

use mqtt_agent::prelude::*;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Sum {
    sum: f64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Step {
    i: u32,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Counted {
    n: u32,
}

/// The ids of the calls that ran here.
#[derive(Clone, Default)]
pub(crate) struct Ran(pub(crate) Arc<Mutex<Vec<String>>>);

/// Adds two numbers.
#[tool]
pub(crate) async fn add(a: f64, b: f64, State(ran): State<Ran>, cx: &Context) -> Sum {
    ran.0.lock().unwrap().push(cx.call_id().to_owned());
    Sum { sum: a + b }
}

/// Counts to n.
#[tool]
pub(crate) async fn count(n: u32, steps: Partials<Step>) -> Result<Counted, String> {
    for i in 1..=n {
        steps.send(&Step { i }).await.map_err(|error| error.to_string())?;
    }
    Ok(Counted { n })
}

/// Always fails.
#[tool]
pub(crate) async fn fail() -> Result<(), String> {
    Err("this tool always fails".to_owned())
}
