use mqtt_agent::prelude::*;

#[derive(ToolError)]
#[tool_error(internal)]
enum BankError {
    #[tool_error("closed")]
    Closed,
}

fn main() {}
