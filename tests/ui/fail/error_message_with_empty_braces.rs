use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("frozen since {}")]
    Frozen { since: u64 },
}

fn main() {}
