use mqtt_agent::prelude::*;

#[derive(ToolError)]
#[tool_error("the bank failed")]
enum BankError {
    #[tool_error("closed")]
    Closed,
}

fn main() {}
