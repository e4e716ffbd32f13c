use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(transparent)]
    Other(String, u8),
    #[tool_error(transparent)]
    Nothing,
}

fn main() {}
