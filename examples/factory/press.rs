//! The press: one tool. Start it as often as you like: replicas share the calls.

use std::time::Duration;

use mqtt_agent::prelude::*;

use crate::parts::{Kind, Part};

/// Which press this is.
#[derive(Clone)]
pub(crate) struct Press {
    pub(crate) name: String,
    /// How long it takes for a part.
    pub(crate) pace: Duration,
}

#[derive(Debug, ToolError)]
pub(crate) enum PressError {
    /// The sheet is too thick for this kind.
    #[tool_error("a {kind} is pressed from at most {most} mm, not {millimetres}; give a thinner sheet")]
    TooThick { kind: String, most: f64, millimetres: f64 },
}

/// Presses one part. The same number gives the same part, so a call may be repeated.
#[tool(idempotent, timeout = "10s", tags("factory"))]
pub(crate) async fn press_part(
    /// The part's number in the order.
    #[arg(range = 1..)]
    number: u32,
    /// What to press.
    kind: Kind,
    /// How thick the sheet is.
    #[arg(range = 0.5..=8.0)]
    millimetres: f64,
    State(press): State<Press>,
) -> Result<Part, PressError> {
    let most = match kind {
        Kind::Gear => 6.0,
        Kind::Bracket => 3.0,
    };
    if millimetres > most {
        return Err(PressError::TooThick { kind: kind.to_string(), most, millimetres });
    }
    tokio::time::sleep(press.pace).await;
    // Every seventh part is a little thinner than its sheet.
    let millimetres = if number.is_multiple_of(7) { millimetres - 0.1 } else { millimetres };
    println!("{:>10} | {kind} {number} of {millimetres} mm", press.name);
    Ok(Part { number, kind, millimetres, pressed_by: press.name })
}

/// A press named by the environment: `PRESS=B` is press B. Replicas need names of their own.
pub(crate) fn agent() -> Agent {
    let name = std::env::var("PRESS").unwrap_or_else(|_| "A".to_owned());
    let press = Press { name: format!("press {name}"), pace: Duration::from_millis(150) };
    of(press).instance(name)
}

/// This press.
pub(crate) fn of(press: Press) -> Agent {
    Agent::new("press").tools(tools![press_part]).state(press)
}
