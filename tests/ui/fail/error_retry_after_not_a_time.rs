use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("closed", retry_after = "2 moons")]
    Closed,
}

fn main() {}
