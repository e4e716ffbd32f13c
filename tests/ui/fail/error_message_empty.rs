use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("")]
    Empty,
}

fn main() {}
