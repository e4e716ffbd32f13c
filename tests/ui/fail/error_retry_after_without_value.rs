use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("late", retry_after)]
    Late,
}

fn main() {}
