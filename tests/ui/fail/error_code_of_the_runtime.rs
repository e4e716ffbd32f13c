use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("too large")]
    TooLarge,
    #[tool_error("broken")]
    Internal,
}

fn main() {}
