//! The skills, which ask. Each has an argument that may be left out, for the suite calls most of them without any, and a
//! skill without a schema needs a `message`.

use mqtt_agent::Task;
use mqtt_agent::a2a::TaskUpdateError;
use mqtt_agent::prelude::*;

type Said = Result<String, TaskUpdateError>;

/// What is answered to a question.
async fn said(task: &Task, question: &str, note: Option<String>) -> Said {
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    Ok(task.ask(format!("{question}{note}")).await?.text())
}

/// Asks for what it is told to.
#[skill]
pub(crate) async fn elicitation(task: Task, message: String) -> Said {
    said(&task, &message, None).await
}

/// Asks for a name, an age and more.
#[skill("elicitation_sep1034_defaults")]
pub(crate) async fn defaults(task: Task, note: Option<String>) -> Said {
    said(&task, "Which name, age, score and status, and are they verified?", note).await
}

/// Asks for one of several.
#[skill("elicitation_sep1330_enums")]
pub(crate) async fn enums(task: Task, note: Option<String>) -> Said {
    said(&task, "Which of these options?", note).await
}

/// Asks in the middle of its work.
#[skill("streaming_elicitation")]
pub(crate) async fn streaming(task: Task, note: Option<String>) -> Said {
    task.progress("half way").await;
    said(&task, "Shall this go on?", note).await
}

/// Greets.
#[skill("input_required_result_elicitation")]
pub(crate) async fn input_required(task: Task, note: Option<String>) -> Said {
    Ok(format!("Hello, {}!", said(&task, "What is your name?", note).await?))
}

/// Asks for a confirmation.
#[skill("input_required_result_request_state")]
pub(crate) async fn request_state(task: Task, note: Option<String>) -> Said {
    Ok(format!("state-ok: {}", said(&task, "Please confirm", note).await?))
}

/// Asks twice.
#[skill("input_required_result_multi_round")]
pub(crate) async fn multi_round(task: Task, note: Option<String>) -> Said {
    let name = said(&task, "Step 1: What is your name?", None).await?;
    let color = said(&task, "Step 2: What is your favorite color?", note).await?;
    Ok(format!("{name} likes {color}."))
}

/// Asks for a confirmation that nobody else may give.
#[skill("input_required_result_tampered_state")]
pub(crate) async fn tampered_state(task: Task, note: Option<String>) -> Said {
    said(&task, "Please confirm", note).await
}

/// Asks, whatever its caller can answer.
#[skill("input_required_result_capabilities")]
pub(crate) async fn capabilities(task: Task, note: Option<String>) -> Said {
    said(&task, "What is your name?", note).await
}

/// Needs a host that answers questions.
#[skill("missing_capability")]
pub(crate) async fn missing_capability(task: Task, note: Option<String>) -> Said {
    said(&task, "What is your name?", note).await
}
