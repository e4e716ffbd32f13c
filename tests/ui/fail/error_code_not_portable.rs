use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account", code = "not-found")]
    NotFound,
    #[tool_error("frozen")]
    Gelé,
}

fn main() {}
