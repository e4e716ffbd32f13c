use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("frozen", colour)]
    Frozen,
}

fn main() {}
