use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account `{0`")]
    NotFound(u64),
}

fn main() {}
