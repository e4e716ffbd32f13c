use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account")]
    NotFound,
    #[tool_error("no card", code = "not_found")]
    NoCard,
}

fn main() {}
