//! The inspector: a skill with arguments, which asks where it is in doubt.

use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::prelude::*;

use crate::parts::{Part, Report};

/// Looks at parts, and says which can be used. Asks about each that is nearly right.
#[skill(tags("quality"), timeout = "2m")]
pub(crate) async fn inspect(
    /// What was pressed.
    parts: Vec<Part>,
    /// How thick they have to be.
    millimetres: f64,
    task: Task,
) -> Result<Report, TaskUpdateError> {
    let mut report = Report { good: Vec::new(), scrap: Vec::new() };
    for part in &parts {
        let thinner = millimetres - part.millimetres;
        let is_good = match thinner {
            0.0 => true,
            nearly if nearly < 0.2 => {
                let question = format!("{} {} is {thinner:.1} mm too thin. Take it?", part.kind, part.number);
                println!("{:>10} | asks: {question}", "inspector");
                task.ask(question).await?.text() == "yes"
            }
            _ => false,
        };
        if is_good { &mut report.good } else { &mut report.scrap }.push(part.number);
        task.progress(format!("{} of {} inspected", part.number, parts.len())).await;
    }
    println!("{:>10} | {} parts are good", "inspector", report.good.len());
    Ok(report)
}

/// The inspector.
pub(crate) fn agent() -> Agent {
    Agent::new("inspector").skills(skills![inspect])
}
