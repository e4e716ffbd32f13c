//! What a test defines as well. In a file of their own: snapshots of compile errors have their lines.

/// A tool whose name a test defines as well.
#[mqtt_agent::tool]
pub async fn twin() {}

/// A skill whose id a test defines as well.
#[mqtt_agent::skill("twin")]
pub async fn twin_skill() {}
