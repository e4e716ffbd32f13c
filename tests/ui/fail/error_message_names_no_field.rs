use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account `{1}`")]
    NotFound(u64),
    #[tool_error("closed until {untill}")]
    Closed { until: u64, since: u64 },
    #[tool_error("frozen since {}")]
    Frozen { since: u64 },
    #[tool_error("gone: {0}")]
    Gone,
}

fn main() {}
