use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("gone: {0}")]
    Gone,
}

fn main() {}
