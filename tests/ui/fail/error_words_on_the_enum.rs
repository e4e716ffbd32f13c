use mqtt_agent::prelude::*;

#[derive(ToolError)]
#[tool_error("the bank failed", internal, kode = "x")]
enum BankError {
    #[tool_error("closed", crate = mqtt_agent)]
    Closed,
}

fn main() {}
