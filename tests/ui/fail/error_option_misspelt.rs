use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account", kode = "not_found")]
    NotFound,
}

fn main() {}
