use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no {braces}}")]
    Closed { braces: u64 },
}

fn main() {}
