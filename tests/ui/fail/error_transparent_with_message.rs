use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("other", transparent)]
    Other(String),
}

fn main() {}
