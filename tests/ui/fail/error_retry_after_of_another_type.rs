use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("closed", retry_after = until)]
    Closed { until: String },
}

fn main() {}
