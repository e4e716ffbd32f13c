//! The planner: makes an order of a customer into calls of the press and a task for the inspector.

use std::path::Path;
use std::time::Duration;

use mqtt_agent::Retry;
use mqtt_agent::a2a::{NewTask, SqliteStore};
use mqtt_agent::prelude::*;
use tokio::task::JoinSet;

use crate::parts::{Delivery, Kind, Part, Report};

/// How thick all parts of this factory are.
const MILLIMETRES: f64 = 2.0;

/// How many calls of the press are in flight.
const AT_ONCE: usize = 3;

/// Makes gears and brackets.
///
/// The order is in the store before it is accepted. If this program dies, its next process begins the order again: a part
/// with the same number is the same part.
#[skill(tags("factory"), attempts = 10, timeout = "10m")]
pub(crate) async fn make(
    #[arg(range = 0..=100)] gears: u32,
    #[arg(range = 0..=100)] brackets: u32,
    task: Task,
    cx: &Context,
) -> Result<Delivery, String> {
    let kinds = (0..gears + brackets).map(|place| if place < gears { Kind::Gear } else { Kind::Bracket });
    let mut wanted = (1..).zip(kinds);
    let (mut parts, mut pressing) = (Vec::new(), JoinSet::new());
    loop {
        while pressing.len() < AT_ONCE
            && let Some((number, kind)) = wanted.next()
        {
            let arguments = json!({"number": number, "kind": kind, "millimetres": MILLIMETRES});
            // The tool is idempotent, so a call whose press died is made again, by another press.
            let patient = Retry::new().attempts(20).attempt_timeout(Duration::from_secs(2));
            let call = cx.client().call("press_part", arguments).timeout(Duration::from_secs(60));
            pressing.spawn(call.retry(patient).returning::<Part>().into_future());
        }
        let Some(pressed) = pressing.join_next().await else { break };
        parts.push(pressed.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?);
        task.progress(format!("{} of {} pressed", parts.len(), gears + brackets)).await;
    }
    parts.sort_by_key(|part: &Part| part.number);

    let inspection = NewTask::skill("inspect").data(&json!({"parts": parts, "millimetres": MILLIMETRES}));
    let report: Report = cx
        .client()
        .request("inspector", inspection)
        .returning()
        .on_question(|question| async move {
            println!("{:>10} | yes, to: {}", "planner", question.text());
            "yes".to_owned()
        })
        .await
        .map_err(|error| error.to_string())?;
    println!("{:>10} | {} parts are ready", "planner", report.good.len());
    Ok(Delivery { parts, report })
}

/// The planner, with its orders in a file.
pub(crate) async fn agent(file: &Path) -> Result<Agent, Box<dyn std::error::Error>> {
    Ok(Agent::new("planner").skills(skills![make]).store(SqliteStore::open(file).await?))
}
