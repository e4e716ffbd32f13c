use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("closed until {untill}")]
    Closed { until: u64, since: u64 },
}

fn main() {}
