use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error]
    Closed,
    #[tool_error()]
    Frozen,
}

fn main() {}
