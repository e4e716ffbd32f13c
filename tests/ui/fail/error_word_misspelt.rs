use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account", kode = "not_found")]
    NotFound,
    #[tool_error("closed", intern)]
    Closed,
    #[tool_error("frozen", colour)]
    Frozen,
}

fn main() {}
