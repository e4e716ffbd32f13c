use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("closed", crate = mqtt_agent)]
    Closed,
}

fn main() {}
