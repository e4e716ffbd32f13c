use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account")]
    NotFound,
    Closed,
}

fn main() {}
