use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("frozen", retry_after = 2 + 2)]
    Frozen,
}

fn main() {}
